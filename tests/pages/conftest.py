"""A store with one customer, a sandbox that takes its emails, and the public door open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.housing import (
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    made_postgresql,
    made_sqlite,
)
from tests.pages.site import Site, a_site

__all__ = [
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "made_postgresql",
    "made_sqlite",
]


@pytest.fixture
def site(empty_url: str, tmp_path: Path) -> Iterator[Site]:
    """Give one on each kind of store."""
    with a_site(empty_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def small_site(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """Give one on SQLite alone, for what does not hang on the database."""
    with a_site(empty_sqlite_url, tmp_path) as opened:
        yield opened
