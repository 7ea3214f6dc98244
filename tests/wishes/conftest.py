"""Fixtures of these suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.housing import (
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    house,
    made_postgresql,
    made_sqlite,
    server_house,
)
from tests.wishes.wired import Wired, wired_up

__all__ = [
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
    "made_postgresql",
    "made_sqlite",
    "server_house",
]


@pytest.fixture
def wired(empty_url: str, tmp_path: Path) -> Iterator[Wired]:
    """Give one of each kind of store, whose provider reports back and hears customers' texts."""
    with wired_up(empty_url, tmp_path) as up:
        yield up
