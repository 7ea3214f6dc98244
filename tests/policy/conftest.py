"""Fixtures of these suites."""

from pathlib import Path

import pytest

from tests.building import House
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
