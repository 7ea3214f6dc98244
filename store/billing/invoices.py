"""How does an invoice stand, by the events about it: settled, or reminded of already?

Nothing is kept beside the events themselves, so that nothing can differ from them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from contracts.vocabulary import DeliveryStatus, EventStatus, Reason
from store import bulk
from store.deliveries import ending
from store.engine import Transaction
from store.tables import deliveries, events

_CANCELLED, _PAID, _OVERDUE = "invoice.cancelled", "payment.received", "invoice.overdue"
_CALLED_OFF = (DeliveryStatus.CANCELLED, DeliveryStatus.SUPPRESSED)


def settled(tx: Transaction, ref: str, number: str) -> Reason | None:
    """Give why an invoice is not to be reminded of any more; none while it is open."""
    e = events.c
    types = set(
        tx.connection.execute(
            _about(ref, number, (_CANCELLED, _PAID), EventStatus.ROUTED).with_only_columns(e.type)
        ).scalars()
    )
    if _CANCELLED in types:
        return Reason.INVOICE_CANCELLED
    return Reason.PAID if _PAID in types else None


def reminded_since(tx: Transaction, ref: str, number: str, since: datetime) -> bool:
    """Whether a reminder of an invoice was planned since a moment, and not called off."""
    d = deliveries.c
    reminders = _about(ref, number, (_OVERDUE,), EventStatus.ROUTED).subquery()
    found = (
        select(d.id)
        .join(reminders, reminders.c.id == d.event_id)
        .where(d.planned_at >= since, d.status.not_in(_CALLED_OFF))
        .limit(1)
    )
    return tx.connection.execute(found).first() is not None


def overtake(tx: Transaction, ref: str, number: str, types: Collection[str], why: Reason) -> None:
    """Have nothing more sent of events of some types about an invoice.

    What a worker has in its hands is stopped when it is next claimed.
    """
    found = _about(ref, number, types, EventStatus.ROUTED)
    ids = sorted(tx.connection.execute(found).scalars())
    if not ids:
        return
    tx.connection.execute(
        update(events).where(bulk.among(tx, events.c.id, ids)).values(status=EventStatus.OVERTAKEN)
    )
    unsent = tx.connection.execute(
        select(deliveries.c.id)
        .where(
            bulk.among(tx, deliveries.c.event_id, ids),
            deliveries.c.status == DeliveryStatus.PENDING,
        )
        .order_by(deliveries.c.id)
    ).scalars()
    ending.cancel(tx, list(unsent), why)


def _about(ref: str, number: str, types: Collection[str], status: EventStatus) -> Select[Any]:
    e = events.c
    return select(e.id).where(
        e.correlation == number,
        e.customer_ref == ref,
        e.type.in_(sorted(types)),
        e.status == status,
    )
