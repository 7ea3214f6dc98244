"""What became of a call that rang one of our numbers: is anybody to be rung for it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.engine import Transaction
from store.ledger import NOT_SENT
from store.tables import deliveries, events, ledger

_S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """Its deliveries to a telephone: those that may be claimed, and those that ring already.

    ``turned_away`` says that the customer wants nothing of such a call.
    """

    event_id: UUID
    pending: Sequence[UUID]
    begun: Sequence[UUID]
    turned_away: bool


def of(tx: Transaction, source: str, name: str) -> IncomingCall | None:
    """Give a call by its source and the publisher's id; none where it was not taken in."""
    event_id = tx.connection.execute(
        select(events.c.id).where(events.c.source == source, events.c.event_id == name)
    ).scalar()
    if event_id is None:
        return None
    d = deliveries.c
    rows = tx.connection.execute(
        select(d.id, d.status)
        .where(d.event_id == event_id, d.channel == Channel.CALL)
        .order_by(d.step)
    ).all()
    why = tx.connection.execute(
        select(ledger.c.reason).where(ledger.c.event_id == event_id, ledger.c.outcome == NOT_SENT)
    ).scalars()
    return IncomingCall(
        event_id,
        [row.id for row in rows if row.status is _S.PENDING],
        [row.id for row in rows if row.status is _S.ACCEPTED],
        Reason.RULE_SENDS_NOTHING in set(why),
    )
