"""What can the store itself tell about its condition? Read by ``onward check``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from contracts.vocabulary import Channel, DeliveryStatus
from store.engine import Transaction
from store.keys import Unopenable
from store.tables import data_keys, deliveries, rejected_events


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is due and nobody has taken: how many, and since when the oldest is."""

    count: int
    oldest: datetime | None


def opens_with_our_key(tx: Transaction) -> bool | None:
    """Whether our master key opens what the store holds; none where nothing is sealed yet."""
    key = tx.connection.execute(
        select(data_keys).order_by(data_keys.c.created_at.desc()).limit(1)
    ).first()
    try:
        if key is not None:
            tx.store.master.unwrap(key.key_id, key.owner, key.wrapped)
            return True
        row = tx.connection.execute(
            select(rejected_events.c.id, rejected_events.c.body)
            .where(rejected_events.c.body.is_not(None))
            .limit(1)
        ).first()
        if row is None:
            return None
        tx.open(f"rejected_events.body:{row.id}", row.body)
    except Unopenable:
        return False
    return True


def overdue(tx: Transaction, seconds: float) -> Overdue:
    """Count what has been due for longer than this; post is excepted, a clerk takes it."""
    d = deliveries
    row = tx.connection.execute(
        select(func.count(), func.min(d.c.due_at)).where(
            d.c.status == DeliveryStatus.PENDING,
            d.c.channel != Channel.POST,
            d.c.due_at < tx.now - timedelta(seconds=seconds),
        )
    ).one()
    return Overdue(int(row[0]), row[1])
