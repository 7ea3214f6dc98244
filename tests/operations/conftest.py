"""Fixtures of these suites."""

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

__all__ = [
    "altered_house",
    "desk",
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
    "made_postgresql",
    "made_sqlite",
    "server_house",
]
