"""Whose texts are to be asked about for what they cost, from when until when?

A provider names prices some time after a text has gone, and its callbacks say nothing of them. So
its list is gone through once, a slice of time after the other, when it should know them all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update

from store import bulk
from store.engine import Transaction
from store.tables import attempts, deliveries, providers


@dataclass(frozen=True, slots=True)
class Slice:
    """A time whose texts one provider is to be asked about."""

    provider: str
    since: datetime
    until: datetime


def due(
    tx: Transaction, names: Iterable[str], after_seconds: float, slice_seconds: float
) -> list[Slice]:
    """Give the next slice of each provider that is over for ``after_seconds``.

    A provider that was never asked is asked for what goes out from now on.
    """
    over = tx.now - timedelta(seconds=after_seconds)
    rows: Sequence[Any] = tx.connection.execute(
        select(providers.c.name, providers.c.priced_until)
        .where(providers.c.name.in_(sorted(names)))
        .order_by(providers.c.name)
    ).all()
    for row in rows:
        if row.priced_until is None:
            seen(tx, row.name, tx.now)
    slices = [
        Slice(row.name, row.priced_until, row.priced_until + timedelta(seconds=slice_seconds))
        for row in rows
        if row.priced_until is not None
    ]
    return [one for one in slices if one.until <= over]


def seen(tx: Transaction, provider: str, until: datetime) -> None:
    """Note that a provider has been asked about all before a moment."""
    tx.connection.execute(
        update(providers).where(providers.c.name == provider).values(priced_until=until)
    )


def unpriced(tx: Transaction, references: Sequence[str]) -> dict[str, tuple[UUID, int]]:
    """Give the attempts that a provider knows by some references, and of which no price is here."""
    d, a = deliveries, attempts
    rows = tx.connection.execute(
        select(a.c.reference, a.c.delivery_id, a.c.fence)
        .join(d, and_(d.c.id == a.c.delivery_id, d.c.reference == a.c.reference))
        .where(bulk.among(tx, d.c.reference, sorted(set(references))), a.c.price.is_(None))
    )
    return {row.reference: (row.delivery_id, row.fence) for row in rows}
