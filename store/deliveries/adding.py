"""How planned deliveries and deliberate non-sends are put on record, with the event they follow."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.planning import NonSend, PlannedDelivery
from contracts.vocabulary import Channel, DeliveryStatus, Lane, Reason
from store import bulk, ledger
from store.engine import Transaction
from store.ledger import NOT_SENT, NOWHERE, Entry, Where
from store.tables import deliveries
from store.tables import ledger as entries

# Planned although it cannot go yet: nothing makes it due but the destination's verification.
_HELD = frozenset({Reason.DESTINATION_UNVERIFIED, Reason.HELD})


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may go: what a hint needs."""

    delivery_id: UUID
    channel: Channel
    lane: Lane
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Following:
    """What a plan follows from: the event, its publisher and its customer."""

    event_id: UUID
    publisher: str
    customer_ref: str


def delivery_row(
    tx: Transaction, after: Following, planned: PlannedDelivery, *, marked: bool = False
) -> dict[str, Any]:
    """Make the row of one planned delivery."""
    return {
        "id": tx.new_id(),
        "event_id": after.event_id,
        "customer_ref": after.customer_ref,
        "publisher": after.publisher,
        "channel": planned.channel,
        "lane": planned.lane,
        "purpose": planned.purpose,
        "destination_id": planned.destination_id,
        "destination_version": planned.destination_version,
        "rule_id": planned.rule_id,
        "rule_version": planned.rule_version,
        "step": planned.step,
        "mode": planned.mode,
        "content": planned.content,
        "attach": planned.attach,
        "marked": marked,
        "status": DeliveryStatus.PENDING,
        "reason": planned.reason,
        "detail": planned.detail,
        "transition": 0,
        "attempts": 0,
        "fence": 0,
        "planned_at": tx.now,
        "first_due_at": planned.due_at,
        "due_at": None if planned.reason in _HELD else planned.due_at,
        "deadline_at": planned.deadline_at,
        "hinted_at": tx.now if planned.due_at <= tx.now else None,
        "changed_at": tx.now,
    }


def add(tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
    """Insert delivery rows; one that is there already stays. Give those due now."""
    bulk.insert_rows(tx, deliveries, rows, skip_existing=True)
    return [
        Due(row["id"], row["channel"], row["lane"], row["due_at"])
        for row in rows
        if row["due_at"] is not None and row["due_at"] <= tx.now
    ]


def non_send_entry(
    tx: Transaction, after: Following, non_send: NonSend, where: Where = NOWHERE
) -> tuple[Entry, Where]:
    """Make the ledger entry of what was deliberately not sent."""
    entry = Entry(
        customer_ref=after.customer_ref,
        event_id=after.event_id,
        purpose=non_send.purpose,
        outcome=NOT_SENT,
        reason=non_send.reason,
        detail=non_send.detail,
        rule_id=non_send.rule_id,
        rule_version=non_send.rule_version,
        step=non_send.step,
        channel=non_send.channel,
        destination_id=non_send.destination_id,
        settled_at=tx.now,
        policy_version=tx.store.policy_version,
    )
    return entry, where


def untold(tx: Transaction, after: Following, non_sends: Sequence[NonSend]) -> list[NonSend]:
    """Leave out the non-sends that the ledger has of this event already."""
    if not non_sends:
        return []
    names = [one.name for one in fields(NonSend)]
    told = {
        tuple(row)
        for row in tx.connection.execute(
            select(*(entries.c[name] for name in names)).where(
                entries.c.event_id == after.event_id,
                entries.c.customer_ref == after.customer_ref,
                entries.c.outcome == NOT_SENT,
            )
        )
    }
    return [one for one in non_sends if tuple(getattr(one, name) for name in names) not in told]


def add_non_sends(tx: Transaction, after: Following, non_sends: Sequence[NonSend]) -> None:
    """Put deliberate non-sends on the ledger."""
    ledger.append(tx, [non_send_entry(tx, after, n) for n in non_sends])
