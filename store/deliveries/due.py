"""What waits in the store for a worker, or for the end of a lease."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from contracts.vocabulary import Channel, DeliveryStatus, Lane, Reason
from store.deliveries.adding import Due
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries


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


def rescue(tx: Transaction, settle_within: Mapping[Channel, float], limit: int = 500) -> list[UUID]:
    """Call uncertain what was claimed and not recorded before its lease ended.

    ``settle_within`` is how many seconds evidence is then waited for.
    """
    d = deliveries
    rows = tx.connection.execute(
        select(d.c.id, d.c.fence, d.c.channel)
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
            due_at=tx.now + timedelta(seconds=settle_within[row.channel]),
        )
        for row in rows
    ]
    return [row["id"] for row in move(tx, moves, [DeliveryStatus.SENDING])]
