"""Fixtures of these suites."""

from collections.abc import Iterator

import pytest

from tests.building import House, open_house


@pytest.fixture
def house(store_url: str) -> Iterator[House]:
    """Give an empty store of each kind with its taking in, at a time that stands still."""
    with open_house(store_url) as opened:
        yield opened


@pytest.fixture
def server_house(postgresql_url: str) -> Iterator[House]:
    """Give one on PostgreSQL alone, for what needs two writers at a time."""
    with open_house(postgresql_url) as opened:
        yield opened
