"""What became of a call that rang one of our numbers: is anybody to be rung for it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from contracts.rule_words import CallerKind
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.customers.known import rules_at
from store.engine import Transaction
from store.record.ledger import NOT_SENT
from store.tables import deliveries, events, ledger

_S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """Its deliveries to a telephone: those that may be claimed, and those that ring already.

    ``turned_away`` says that the customer wants nothing of such a caller.
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
    return IncomingCall(
        event_id,
        [row.id for row in rows if row.status is _S.PENDING],
        [row.id for row in rows if row.status is _S.ACCEPTED],
        _is_turned_away(tx, event_id),
    )


def _is_turned_away(tx: Transaction, event_id: UUID) -> bool:
    """Whether a rule for blocked callers says that nothing is sent.

    One that is for any caller, as outside office hours, only says who is not to be rung.
    """
    entry = ledger.c
    unsent = tx.connection.execute(
        select(entry.customer_ref, entry.rule_id, entry.rule_version).where(
            entry.event_id == event_id,
            entry.outcome == NOT_SENT,
            entry.reason == Reason.RULE_SENDS_NOTHING,
            entry.rule_id.is_not(None),
        )
    ).all()
    for row in unsent:
        rules = rules_at(tx, row.customer_ref, row.rule_version)
        rule = rules.rule(row.rule_id) if rules is not None else None
        if rule is not None and rule.match.caller is CallerKind.BLOCKED:
            return True
    return False
