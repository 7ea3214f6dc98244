"""What becomes of a send that nobody can tell the fate of, when no evidence has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select

from contracts.vocabulary import Channel, DeliveryStatus, Inquiry, Reason
from store.deliveries.earlier import Taken, taken_earlier
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import attempts, deliveries, inquiries

UNKNOWN = "unknown"  # an attempt's verdict; one that was never recorded has none at all
LOOKS = 3  # so many looks into the provider's list come before a text or a call goes out again
_LISTED = frozenset({Channel.SMS, Channel.CALL})


def settle_uncertain(
    tx: Transaction, resend: frozenset[Channel], most: int, limit: int = 500
) -> list[tuple[UUID, DeliveryStatus]]:
    """Apply the channel's policy to what no evidence has settled in time.

    Channels in ``resend`` go out again under the same ids, marked, ``most`` times at most, and
    not past their deadline; a text or a call only where the provider's list has been looked into
    ``LOOKS`` times. What an earlier try has brought to the customer, as came out meanwhile, is
    accepted. All else is parked for an operator. Nothing is guessed.
    """
    rows = _due(tx, limit)
    taken = taken_earlier(tx, [row.id for row in rows if row.fence > 1])
    moves = [
        _by_earlier(row, taken[row.id]) if row.id in taken else _settled(row, resend, most, tx.now)
        for row in rows
    ]
    return [(row["id"], row["status"]) for row in move(tx, moves, [DeliveryStatus.UNCERTAIN])]


def _due(tx: Transaction, limit: int) -> Sequence[Any]:
    d, a, i = deliveries, attempts, inquiries
    fateless = (
        select(func.count())
        .select_from(a)
        .where(
            a.c.delivery_id == d.c.id,
            a.c.reference.is_(None),
            or_(a.c.verdict.is_(None), a.c.verdict == UNKNOWN),
        )
        .scalar_subquery()
    )
    return tx.connection.execute(
        select(
            d.c.id,
            d.c.fence,
            d.c.channel,
            d.c.deadline_at,
            fateless.label("fateless"),
            i.c.said,
            i.c.answered,
        )
        .outerjoin(
            i,
            and_(
                i.c.delivery_id == d.c.id,
                i.c.fence == d.c.fence,
                i.c.inquiry == Inquiry.LISTING,
            ),
        )
        .where(d.c.status == DeliveryStatus.UNCERTAIN, d.c.due_at <= tx.now)
        .order_by(d.c.id)
        .limit(limit)
        .with_for_update(of=d, skip_locked=True)
    ).all()


def _by_earlier(row: Row[Any], taken: Taken) -> Move:
    return Move(
        delivery_id=row.id,
        fence=row.fence,
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        detail=f"attempt {taken.attempt}",
        provider=taken.provider,
        reference=taken.reference,
    )


def _settled(row: Row[Any], resend: frozenset[Channel], most: int, now: datetime) -> Move:
    against = _against_resending(row, resend, most, now)
    parks = against is not None
    return Move(
        delivery_id=row.id,
        fence=row.fence,
        to=DeliveryStatus.PARKED if parks else DeliveryStatus.PENDING,
        reason=Reason.POLICY_PARKS if parks else Reason.POLICY_RESENDS,
        detail=against,
        due_at=None if parks else now,
        marked=not parks,
    )


def _against_resending(
    row: Row[Any], resend: frozenset[Channel], most: int, now: datetime
) -> str | None:
    """Say what speaks against another send, for the operator who decides then."""
    if row.channel not in resend:
        return _listing(row) if row.channel in _LISTED else None
    if row.fateless > most:
        return f"resent {most} times"
    if row.deadline_at <= now:
        return "past its deadline"
    if row.channel in _LISTED and (row.answered or 0) < LOOKS:
        return _listing(row)
    return None


def _listing(row: Row[Any]) -> str:
    said = row.said.value if row.said is not None else "not asked"
    return f"listing: {said}, looks answered: {row.answered or 0}"
