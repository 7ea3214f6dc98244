"""Fixtures of these suites."""

from collections.abc import Iterator

import pytest

from tests.building import House, open_house


@pytest.fixture
def house(store_url: str) -> Iterator[House]:
    """Give an empty store of each kind with its taking in, at a time that stands still."""
    with open_house(store_url) as opened:
        yield opened
