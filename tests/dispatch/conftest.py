"""Fixtures of these suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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

__all__ = [
    "altered_house",
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
    "made_postgresql",
    "made_sqlite",
    "server_house",
]


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one of each kind of store, with C-1042 served."""
    with open_sending(empty_url, tmp_path) as opened:
        opened.house.serve()
        yield opened


@pytest.fixture
def embedded(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one on SQLite alone, with C-1042 served: for what does not hang on the database."""
    with open_sending(empty_sqlite_url, tmp_path) as opened:
        opened.house.serve()
        yield opened
