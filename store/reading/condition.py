"""What can the store itself tell about its condition? Read by ``onward check``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from contracts.vocabulary import Channel, DeliveryStatus
from store.engine import Transaction
from store.tables import deliveries


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is due and nobody has taken: how many, and since when the oldest is."""

    count: int
    oldest: datetime | None


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
