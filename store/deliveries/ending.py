"""How deliveries are closed without a send: withdrawn, replaced, replanned, expired, answered."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from contracts.vocabulary import Channel, DeliveryStatus, Lane, Purpose, Reason
from store import bulk
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries, destinations, events

Rows = list[dict[str, Any]]
_PENDING = (DeliveryStatus.PENDING,)


def cancel(
    tx: Transaction, delivery_ids: Sequence[UUID], reason: Reason, detail: str | None = None
) -> Rows:
    """Cancel what is still unsent among ``delivery_ids``; give what was cancelled."""
    return _end(tx, delivery_ids, DeliveryStatus.CANCELLED, reason, detail)


def expire(tx: Transaction, delivery_ids: Sequence[UUID], reason: Reason) -> Rows:
    """Expire what is still unsent among ``delivery_ids``; give what expired."""
    return _end(tx, delivery_ids, DeliveryStatus.EXPIRED, reason, None)


def _end(
    tx: Transaction,
    delivery_ids: Sequence[UUID],
    to: DeliveryStatus,
    reason: Reason,
    detail: str | None,
) -> Rows:
    if not delivery_ids:
        return []
    moves = [Move(delivery_id=d, to=to, reason=reason, detail=detail) for d in delivery_ids]
    return [dict(row) for row in move(tx, moves, _PENDING)]


def suppress_unsent(
    tx: Transaction,
    value_index: bytes,
    channel: Channel,
    purposes: Collection[Purpose],
    reason: Reason,
    detail: str,
) -> Rows:
    """Suppress what waits to be sent on a channel to one place, whoever it belongs to."""
    d, p = deliveries, destinations
    waiting = tx.connection.execute(
        select(d.c.id)
        .join(
            p,
            and_(
                p.c.customer_ref == d.c.customer_ref,
                p.c.destination_id == d.c.destination_id,
            ),
        )
        .where(
            p.c.value_index == value_index,
            d.c.channel == channel,
            d.c.purpose.in_(sorted(purposes)),
            d.c.status == DeliveryStatus.PENDING,
        )
        .order_by(d.c.id)
    ).scalars()
    return _end(tx, list(waiting), DeliveryStatus.SUPPRESSED, reason, detail)


def of_event(tx: Transaction, event_id: UUID) -> Rows:
    """Give all deliveries of an event."""
    rows = tx.connection.execute(
        select(deliveries).where(deliveries.c.event_id == event_id).order_by(deliveries.c.id)
    ).mappings()
    return [dict(row) for row in rows]


def unclaimed_of_customer(
    tx: Transaction, ref: str, destination_id: str | None = None, *, locked: bool = False
) -> Rows:
    """Give a customer's deliveries that no worker has begun to send.

    ``locked`` waits for claims under way, and keeps others off until the end of the transaction.
    """
    statement = select(deliveries).where(
        deliveries.c.customer_ref == ref, deliveries.c.status == DeliveryStatus.PENDING
    )
    if destination_id is not None:
        statement = statement.where(deliveries.c.destination_id == destination_id)
    statement = statement.order_by(deliveries.c.id)
    if locked:
        statement = statement.with_for_update()
    return [dict(row) for row in tx.connection.execute(statement).mappings()]


def of_calls(tx: Transaction, call_ids: Sequence[str], event_type: str) -> Rows:
    """Give the deliveries of some calls' events of one type, each with its ``call_id``."""
    if not call_ids:
        return []
    # Two steps: joined, a planner without statistics reads the whole table of deliveries.
    calls = {
        row.id: row.correlation
        for row in tx.connection.execute(
            select(events.c.id, events.c.correlation).where(
                bulk.among(tx, events.c.correlation, sorted(call_ids)), events.c.type == event_type
            )
        )
    }
    if not calls:
        return []
    rows = tx.connection.execute(
        select(deliveries)
        .where(bulk.among(tx, deliveries.c.event_id, sorted(calls)))
        .order_by(deliveries.c.id)
    ).mappings()
    return [{**row, "call_id": calls[row["event_id"]]} for row in rows]


def release(
    tx: Transaction, ref: str, destination_id: str, version: int, reason: Reason
) -> list[tuple[UUID, Channel, Lane]]:
    """Make due what was held for a destination, at the value that it now has; give what is due.

    What waits for its rule's window goes on waiting for it. A claim under way may be about to hold
    one: it has not seen the verification, and nobody else would release it.
    """
    held = [
        row
        for row in unclaimed_of_customer(tx, ref, destination_id, locked=True)
        if row["due_at"] is None and row["channel"] is not Channel.POST
    ]
    due = [row for row in held if row["first_due_at"] <= tx.now]
    waits = [row for row in held if row["first_due_at"] > tx.now]
    changes: list[tuple[Mapping[str, Any], datetime, Reason, datetime | None]] = [
        *((row, tx.now, reason, tx.now) for row in due),
        *((row, row["first_due_at"], Reason.WINDOW, None) for row in waits),
    ]
    bulk.update_rows(
        tx,
        deliveries,
        ["id"],
        [
            {
                "id": row["id"],
                "due_at": due_at,
                "destination_version": version,
                "reason": why,
                "hinted_at": hinted_at,
                "changed_at": tx.now,
            }
            for row, due_at, why, hinted_at in changes
        ],
        only_if=f"t.status = '{DeliveryStatus.PENDING.value}'",
    )
    return [(row["id"], row["channel"], row["lane"]) for row in due]


def hold(tx: Transaction, ref: str, destination_id: str, version: int) -> int:
    """Hold what is unsent to a destination whose value changed, until the value is verified."""
    held = tx.connection.execute(
        deliveries.update()
        .where(
            deliveries.c.customer_ref == ref,
            deliveries.c.destination_id == destination_id,
            deliveries.c.status == DeliveryStatus.PENDING,
            deliveries.c.channel != Channel.POST,
        )
        .values(
            due_at=None,
            destination_version=version,
            reason=Reason.DESTINATION_UNVERIFIED,
            changed_at=tx.now,
        )
    )
    return int(held.rowcount)


def past_deadline(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Give pending deliveries whose deadline is over, held ones among them."""
    return list(
        tx.connection.execute(
            select(deliveries.c.id)
            .where(
                deliveries.c.status == DeliveryStatus.PENDING,
                deliveries.c.deadline_at <= now,
                deliveries.c.channel != Channel.POST,
            )
            .limit(limit)
        ).scalars()
    )
