"""Which fixtures give a house? Each worker makes the tables once; every test finds them empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store.engine import open_engine
from store.tables import metadata
from store.tables.append_only import DESTROYING
from tests.building import House, open_house

_SCHEMA = "house"


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a SQLite store once, to be copied."""
    file = tmp_path_factory.mktemp("made") / "onward.db"
    engine = open_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def made_postgresql(database_url: str) -> str:
    """Make the tables once, in a schema of their own of this worker's database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
    url = f"{database_url}?options=-c%20search_path%3D{_SCHEMA}"
    engine = open_engine(url)
    metadata.create_all(engine)  # where another suite of this worker has not done it already
    engine.dispose()
    return url


@pytest.fixture
def empty_sqlite_url(made_sqlite: Path, tmp_path: Path) -> str:
    """Give a SQLite store with empty tables."""
    file = tmp_path / "onward.db"
    shutil.copyfile(made_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def empty_postgresql_url(made_postgresql: str) -> str:
    """Give a PostgreSQL store with empty tables."""
    emptying = "; ".join(f'DELETE FROM "{table}"' for table in metadata.tables)  # noqa: S608 - ours
    with psycopg.connect(made_postgresql) as connection:
        connection.execute(f"SET {DESTROYING} = 'on'")  # some tables take only new rows
        connection.execute(emptying)
    return made_postgresql


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.database]),
    ]
)
def empty_url(request: pytest.FixtureRequest) -> str:
    """Give a store of each kind with empty tables: a test that asks for it runs on both."""
    return str(request.getfixturevalue(f"empty_{request.param}_url"))


@pytest.fixture
def house(empty_url: str) -> Iterator[House]:
    """Give a house of each kind with nobody in it, at a time that stands still."""
    with open_house(empty_url) as opened:
        yield opened


@pytest.fixture
def server_house(empty_postgresql_url: str) -> Iterator[House]:
    """Give one on PostgreSQL alone, for what needs two writers at a time."""
    with open_house(empty_postgresql_url) as opened:
        yield opened


@pytest.fixture
def altered_house(store_url: str) -> Iterator[House]:
    """Give one with tables of its own, for a test that alters them."""
    with open_house(store_url, make=True) as opened:
        yield opened
