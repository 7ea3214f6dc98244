"""A store of each kind with one customer, and the door to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door.opened import DONCASTER, Office, Opened, an_office, opened
from tests.housing import (
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    made_postgresql,
    made_sqlite,
)

__all__ = [
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "made_postgresql",
    "made_sqlite",
]


@pytest.fixture
def office(empty_url: str, tmp_path: Path) -> Iterator[Office]:
    """Give a store with one customer served, on either database."""
    with an_office(empty_url, tmp_path) as made:
        made.serve()
        yield made


@pytest.fixture
def small_office(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """Give the same on SQLite alone, for what does not depend on the database."""
    with an_office(empty_sqlite_url, tmp_path) as made:
        made.serve()
        yield made


@pytest.fixture
def at_the_door(office: Office) -> Iterator[Opened]:
    """Open the door for a call-centre, on either database."""
    with opened(office.parts(), office.admit(DONCASTER)) as found:
        yield found


@pytest.fixture
def small_door(small_office: Office) -> Iterator[Opened]:
    """Open the door for a call-centre on SQLite."""
    with opened(small_office.parts(), small_office.admit(DONCASTER)) as found:
        yield found
