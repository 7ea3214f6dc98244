"""What all tables share: one metadata with named constraints, and two short column makers."""

from typing import Any

from sqlalchemy import Column, MetaData, String

from store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def name(title: str, **options: Any) -> Column[str]:
    """Make a column for an id or a word of somebody's: at most 500 characters."""
    return Column(title, String(500), **options)


def instant(title: str, **options: Any) -> Column[Any]:
    """Make a column for a UTC instant."""
    return Column(title, Instant(), **options)
