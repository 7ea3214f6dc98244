"""Fixtures of the intake suites."""

from collections.abc import Iterator

import pytest

from store.engine import Store
from store.publishers import Publisher
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
from tests.intake.amqp import Desk, admit, open_store

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
def store(empty_url: str) -> Iterator[Store]:
    """Give an empty store of each kind."""
    opened = open_store(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def desk(broker_url: str) -> Iterator[Desk]:
    """Give a publisher's channel to a declared broker with empty queues."""
    opened = Desk(broker_url)
    yield opened
    opened.close()


@pytest.fixture
def centre(store: Store, desk: Desk) -> Publisher:
    """Admit the user that the tests publish as, for everything."""
    publisher = Publisher(desk.user, ("*",), ("*",))
    admit(store, publisher)
    return publisher
