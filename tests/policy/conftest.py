"""Fixtures of these suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.building import House
from tests.dispatch.sending import Sending, open_sending
from tests.housing import (
    altered_house,
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    house,
    made_postgresql,
    made_sqlite,
    server_house,
)
from tests.operations.desk import desk
from tests.policy.desk import Office

__all__ = [
    "altered_house",
    "desk",
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
    "made_postgresql",
    "made_sqlite",
    "office",
    "server_house",
]


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    """Give an office with an empty house."""
    return Office(house, tmp_path)


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a house of each kind of store whose sends go to a real sandbox; nobody is in it."""
    with open_sending(empty_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def embedded(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one on SQLite alone, for what does not hang on the database."""
    with open_sending(empty_sqlite_url, tmp_path) as opened:
        yield opened
