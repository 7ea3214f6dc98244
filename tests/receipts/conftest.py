"""A store of each kind with one customer, and the webhooks to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door.opened import Office, an_office
from tests.housing import (
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    house,
    made_postgresql,
    made_sqlite,
)
from tests.receipts.callbacks import Hooks, hooks

__all__ = [
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
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
def twilio(office: Office) -> Iterator[Hooks]:
    """Open the webhooks, with a Twilio of our own that signs."""
    with hooks(office) as opened:
        yield opened
