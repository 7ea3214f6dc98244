"""What waits in the store for a worker, a lease's end, or an answer that never came."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from contracts.vocabulary import Channel, DeliveryStatus, Lane, Mode, Reason
from store.deliveries.adding import Due
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries

_FRESH = timedelta(minutes=10)


def unhinted(
    tx: Transaction,
    lanes: Sequence[Lane],
    hinted_before: datetime | None,
    limit: int,
    channels: Sequence[Channel] = tuple(Channel),
) -> list[Due]:
    """Give due deliveries that no recent hint names, the oldest first, and note the new hint.

    Without ``hinted_before`` only those that were never hinted at.
    """
    d = deliveries
    unknown: ColumnElement[bool] = d.c.hinted_at.is_(None)
    if hinted_before is not None:
        unknown = or_(unknown, d.c.hinted_at < hinted_before)
    rows = tx.connection.execute(
        select(d.c.id, d.c.channel, d.c.lane, d.c.due_at)
        .where(
            d.c.status == DeliveryStatus.PENDING,
            d.c.lane.in_(list(lanes)),
            d.c.channel.in_(list(channels)),
            d.c.due_at <= tx.now,
            unknown,
        )
        .order_by(d.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        tx.connection.execute(
            update(d).where(d.c.id.in_(sorted(row.id for row in rows))).values(hinted_at=tx.now)
        )
    return [Due(row.id, row.channel, row.lane, row.due_at) for row in rows]


def unhint(tx: Transaction, delivery_ids: Sequence[UUID]) -> None:
    """Note that nobody was told of these after all, so that upkeep tells at its next round."""
    if delivery_ids:
        tx.connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id.in_(sorted(delivery_ids)),
                deliveries.c.status == DeliveryStatus.PENDING,
            )
            .values(hinted_at=None)
        )


def rescue(tx: Transaction, settle_within: float, limit: int = 500) -> list[UUID]:
    """Call uncertain what was claimed and not recorded before its lease ended."""
    d = deliveries
    rows = tx.connection.execute(
        select(d.c.id, d.c.fence)
        .where(d.c.status == DeliveryStatus.SENDING, d.c.lease_until <= tx.now)
        .order_by(d.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    moves = [
        Move(
            delivery_id=row.id,
            fence=row.fence,
            to=DeliveryStatus.UNCERTAIN,
            reason=Reason.LEASE_RAN_OUT,
            due_at=tx.now + timedelta(seconds=settle_within),
        )
        for row in rows
    ]
    return [row["id"] for row in move(tx, moves, [DeliveryStatus.SENDING])]


def uncertain_for(tx: Transaction, lane: Lane, wait: timedelta) -> list[dict[str, Any]]:
    """Give what has been uncertain, or parked for it, for as long as its lane can wait.

    Looked for during ``_FRESH`` after that: what is older has been gone on with, or given up.
    """
    d = deliveries
    rows = tx.connection.execute(
        select(d)
        .where(
            d.c.status.in_([DeliveryStatus.UNCERTAIN, DeliveryStatus.PARKED]),
            d.c.lane == lane,
            d.c.mode == Mode.FIRST,
            d.c.changed_at <= tx.now - wait,
            d.c.changed_at > tx.now - wait - _FRESH,
        )
        .order_by(d.c.id)
    ).mappings()
    return [dict(row) for row in rows]


def settle_uncertain(
    tx: Transaction, resend: frozenset[Channel], limit: int = 500
) -> list[tuple[UUID, DeliveryStatus]]:
    """Apply the channel's policy to what no evidence has settled in time.

    Channels in ``resend`` go out again, marked, under the same ids; the others are parked for an
    operator. Nothing is guessed.
    """
    d = deliveries
    rows = tx.connection.execute(
        select(d.c.id, d.c.fence, d.c.channel)
        .where(d.c.status == DeliveryStatus.UNCERTAIN, d.c.due_at <= tx.now)
        .order_by(d.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    moves = [
        Move(
            delivery_id=row.id,
            fence=row.fence,
            to=DeliveryStatus.PENDING if row.channel in resend else DeliveryStatus.PARKED,
            reason=Reason.POLICY_RESENDS if row.channel in resend else Reason.POLICY_PARKS,
            due_at=tx.now if row.channel in resend else None,
            marked=row.channel in resend,
        )
        for row in rows
    ]
    return [(row["id"], row["status"]) for row in move(tx, moves, [DeliveryStatus.UNCERTAIN])]
