"""How deliveries are closed without a send: withdrawn, replaced, replanned, expired, answered."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from contracts.vocabulary import Channel, DeliveryStatus, Lane, Purpose, Reason
from store import bulk
from store.deliveries.adding import when_verified
from store.deliveries.gathering import leave
from store.deliveries.members import about
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


def cancel_of(tx: Transaction, rows: Sequence[Mapping[str, Any]], reason: Reason) -> set[UUID]:
    """Cancel what is unsent of the events that rows of ``about`` are about; give their ids.

    One that gathers other events as well goes out without this one.
    """
    alone = [row["id"] for row in rows if not row["gathers"]]
    cancelled = {row["id"] for row in cancel(tx, alone, reason)}
    gathered = sorted({row["about"] for row in rows if row["gathers"]})
    return cancelled | leave(tx, gathered, reason)


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
    """Give all deliveries of an event, by itself or gathered with others."""
    return about(tx, [event_id])


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
    return [{**row, "call_id": calls[row["about"]]} for row in about(tx, sorted(calls))]


def release(
    tx: Transaction, ref: str, destination_id: str, version: int
) -> list[tuple[UUID, Channel, Lane]]:
    """Let go what was kept for a destination, at the value that it now has; give what is due.

    What its rule holds or has put off goes on waiting. A claim under way may be about to keep one:
    it has not seen the verification, and nobody else would let it go.
    """
    kept = [
        row
        for row in unclaimed_of_customer(tx, ref, destination_id, locked=True)
        if row["due_at"] is None
        and row["channel"] is not Channel.POST
        and row["reason"] is not Reason.DESTINATION_CONTESTED
    ]
    changes = [
        {
            "id": row["id"],
            "destination_version": version,
            "changed_at": tx.now,
            **when_verified(tx, row),
        }
        for row in kept
    ]
    bulk.update_rows(
        tx,
        deliveries,
        ["id"],
        changes,
        only_if=f"t.status = '{DeliveryStatus.PENDING.value}'",
    )
    due = {change["id"] for change in changes if change["hinted_at"] is not None}
    return [(row["id"], row["channel"], row["lane"]) for row in kept if row["id"] in due]


def release_restricted(tx: Transaction, ref: str) -> int:
    """Let go what was kept while nothing might be done for a customer; give how much."""
    d = deliveries.c
    kept = [
        row
        for row in unclaimed_of_customer(tx, ref, locked=True)
        if row["due_at"] is None and row["reason"] is Reason.RESTRICTED
    ]
    changes = [
        {"id": row["id"], "changed_at": tx.now, **when_verified(tx, row), "hinted_at": None}
        for row in kept
    ]
    still = f"t.{d.status.name} = '{DeliveryStatus.PENDING.value}'"
    bulk.update_rows(tx, deliveries, ["id"], changes, only_if=still)
    return len(changes)


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
            advance_at=None,
            destination_version=version,
            reason=Reason.DESTINATION_UNVERIFIED,
            changed_at=tx.now,
        )
    )
    return int(held.rowcount)


def past_deadline(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Give pending deliveries whose deadline is over, kept ones among them; none that is held."""
    return list(
        tx.connection.execute(
            select(deliveries.c.id)
            .where(
                deliveries.c.status == DeliveryStatus.PENDING,
                deliveries.c.deadline_at <= now,
                deliveries.c.held_at.is_(None),
                deliveries.c.channel != Channel.POST,
            )
            .limit(limit)
        ).scalars()
    )
