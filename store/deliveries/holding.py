"""What is held by a rule until it is asked for: how is it let go, and what if nobody asks?"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from contracts.planning import LanePolicy
from contracts.vocabulary import DeliveryStatus, DestinationKind, Reason
from store import bulk
from store.deliveries.adding import Due, end_of_wait
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries, destinations

Row = Mapping[str, Any]
_S = DeliveryStatus
_HELD = (_S.PENDING, _S.PARKED)  # parked: it was held for longer than its limit


def customers_at(tx: Transaction, value_index: bytes) -> list[str]:
    """Give the customers whose own, verified mobile a number is."""
    p = destinations.c
    return sorted(
        tx.connection.execute(
            select(p.customer_ref)
            .where(
                p.value_index == value_index,
                p.kind == DestinationKind.MOBILE,
                p.verified_at.is_not(None),
                p.removed_at.is_(None),
            )
            .distinct()
        ).scalars()
    )


def held_by(tx: Transaction, refs: Sequence[str]) -> list[Row]:
    """Give, locked, what rules hold for some customers, the oldest first.

    What is held because its place is contested is let go by settling that, and not by asking.
    """
    d = deliveries.c
    theirs = bulk.among(tx, d.customer_ref, sorted(refs))
    return _held(tx, theirs & (d.reason != Reason.DESTINATION_CONTESTED))


def held_among(tx: Transaction, delivery_ids: Sequence[UUID]) -> list[Row]:
    """Give, locked, what is held among some deliveries, the oldest first."""
    return _held(tx, bulk.among(tx, deliveries.c.id, sorted(delivery_ids)))


def _held(tx: Transaction, condition: ColumnElement[bool]) -> list[Row]:
    d = deliveries
    found = tx.connection.execute(
        select(d)
        .where(condition, d.c.held_at.is_not(None), d.c.status.in_(list(_HELD)))
        .order_by(d.c.id)
        .with_for_update()
    ).mappings()
    return [dict(row) for row in found]


def let_go(tx: Transaction, rows: Sequence[Row], policy: LanePolicy, how: str) -> list[Due]:
    """Make held deliveries due at once, their deadline and their wait counted from now.

    ``rows`` are locked rows of ``deliveries``; ``how`` stands on them as the reason's detail. They
    go to their destination as it now is; the claim keeps what goes to one that is not verified.
    """
    versions = _versions(tx, rows)
    moves = []
    for row in rows:
        deadline_at = tx.now + timedelta(seconds=policy.deadline(row["lane"]))
        place = (row["customer_ref"], row["destination_id"])
        moves.append(
            Move(
                delivery_id=row["id"],
                to=_S.PENDING,
                reason=Reason.RELEASED,
                detail=how,
                due_at=tx.now,
                first_due_at=tx.now,
                deadline_at=deadline_at,
                destination_version=versions.get(place, row["destination_version"]),
                advance_at=end_of_wait(tx.now, row["wait_seconds"], deadline_at),
            )
        )
    return [Due(row["id"], row["channel"], row["lane"], tx.now) for row in move(tx, moves, _HELD)]


def _versions(tx: Transaction, rows: Sequence[Row]) -> dict[tuple[str, str], int]:
    p = destinations.c
    found = tx.connection.execute(
        select(p.customer_ref, p.destination_id, p.version).where(
            bulk.among(tx, p.customer_ref, sorted({row["customer_ref"] for row in rows}))
        )
    )
    return {(one.customer_ref, one.destination_id): one.version for one in found}


def park_long_held(tx: Transaction, limit_seconds: float, most: int) -> list[UUID]:
    """Park what rules have held for longer than its limit: it never goes by itself, nor expires.

    What is held because its place is contested goes by itself once that is settled.
    """
    d = deliveries
    ids = tx.connection.execute(
        select(d.c.id)
        .where(
            d.c.status == _S.PENDING,
            d.c.held_at <= tx.now - timedelta(seconds=limit_seconds),
            d.c.reason != Reason.DESTINATION_CONTESTED,
        )
        .order_by(d.c.held_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).scalars()
    moves = [
        Move(delivery_id=each, to=_S.PARKED, reason=Reason.HELD, detail="beyond its limit")
        for each in ids
    ]
    return [row["id"] for row in move(tx, moves, [_S.PENDING])]
