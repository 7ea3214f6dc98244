"""What are providers asked about attempts of ours, when, and what did they answer?

Two questions: whether a provider's list has an attempt that nobody answered for, and what became
of one that was accepted and of which no receipt has come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from contracts.vocabulary import Channel, DeliveryStatus, Inquiry, Said
from store import bulk
from store.deliveries.settling import UNKNOWN
from store.engine import Transaction
from store.tables import attempts, deliveries, destinations, inquiries

_LOOKED_BACK = timedelta(days=2)  # for what should have been asked about while upkeep was away
_COMMITTED_WITHIN = timedelta(seconds=30)  # no transaction of ours lasts longer
_KEY = ("delivery_id", "fence", "inquiry")


@dataclass(frozen=True, slots=True)
class Asking:
    """One attempt that a provider is to be asked about now."""

    delivery_id: UUID
    fence: int
    inquiry: Inquiry
    channel: Channel
    provider: str
    reference: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said; ``detail`` is its own word, or why it did not say."""

    asking: Asking
    said: Said
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class InquiryLine:
    """What stands beside a delivery for whoever must decide about it."""

    attempt: int
    inquiry: Inquiry
    times: int
    answered: int
    said: Said | None
    detail: str | None
    asked_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try at a number that may have reached the provider.

    ``reference`` is the provider's own, where it is known; ``fateless``: nobody knows its fate.
    """

    delivery_id: UUID
    fence: int
    event_id: UUID
    started_at: datetime
    reference: str | None
    fateless: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be asked about now; all that changed before ``seen_until`` has been looked at."""

    askings: tuple[Asking, ...]
    seen_until: datetime


def take(
    tx: Transaction,
    inquiry: Inquiry,
    channel: Channel,
    waits: Sequence[float],
    limit: int,
    seen_until: datetime | None = None,
) -> Taken:
    """Take what is to be asked about now, what has waited longest first, and note the asking.

    ``waits`` are the seconds before the first asking and between later ones; with the last of
    them the asking ends. ``seen_until`` is what the round before gave: much may be open that has
    been asked about already, and need not be gone through each time.
    """
    bound = tx.now - timedelta(seconds=waits[0])
    again = _again(tx, inquiry, channel, waits, limit)
    fresh = _fresh(tx, inquiry, channel, waits, limit, seen_until)
    rows = sorted([*again, *fresh], key=lambda row: (row.since, row.id))[:limit]
    _note_asking(tx, inquiry, waits, rows)
    left = [row.since for row in fresh if row not in rows]
    full = len(fresh) == limit
    return Taken(
        tuple(
            Asking(row.id, row.fence, inquiry, channel, row.provider, row.reference, row.started_at)
            for row in rows
        ),
        min([bound, *left, *([fresh[-1].since] if full else [])]),
    )


def _note_asking(
    tx: Transaction, inquiry: Inquiry, waits: Sequence[float], rows: Sequence[Any]
) -> None:
    noted = [
        {
            "delivery_id": row.id,
            "fence": row.fence,
            "inquiry": inquiry,
            "times": (row.times or 0) + 1,
            "asked_at": tx.now,
            "due_at": _next(tx.now, (row.times or 0) + 1, waits),
        }
        for row in sorted(rows, key=lambda row: row.id)
    ]
    known = {row.id for row in rows if row.times is not None}
    bulk.update_rows(tx, inquiries, _KEY, [row for row in noted if row["delivery_id"] in known])
    fresh = [
        row | {"answered": 0, "said": None, "detail": None}
        for row in noted
        if row["delivery_id"] not in known
    ]
    bulk.insert_rows(tx, inquiries, fresh, skip_existing=True)


def _next(now: datetime, times: int, waits: Sequence[float]) -> datetime | None:
    return now + timedelta(seconds=waits[times]) if times < len(waits) else None


def _again(
    tx: Transaction, inquiry: Inquiry, channel: Channel, waits: Sequence[float], limit: int
) -> Sequence[Any]:
    """What was asked about before, and is to be asked about once more."""
    d, a, i = deliveries, attempts, inquiries
    return tx.connection.execute(
        select(
            *(d.c.id, d.c.fence, a.c.provider, a.c.reference, a.c.started_at, i.c.times),
            i.c.due_at.label("since"),
        )
        .join(d, and_(i.c.delivery_id == d.c.id, i.c.fence == d.c.fence))
        .join(a, and_(a.c.delivery_id == d.c.id, a.c.fence == d.c.fence))
        .where(
            i.c.inquiry == inquiry,
            i.c.due_at <= tx.now,
            d.c.channel == channel,
            *_in_question(inquiry),
            d.c.changed_at > _horizon(tx, waits),
        )
        .order_by(i.c.due_at, d.c.id)
        .limit(limit)
    ).all()


def _fresh(
    tx: Transaction,
    inquiry: Inquiry,
    channel: Channel,
    waits: Sequence[float],
    limit: int,
    seen_until: datetime | None,
) -> Sequence[Any]:
    """What has not been asked about; what changed while it was looked for may be committed late."""
    d, a, i = deliveries, attempts, inquiries
    horizon = _horizon(tx, waits)
    after = horizon if seen_until is None else max(horizon, seen_until - _COMMITTED_WITHIN)
    return tx.connection.execute(
        select(
            *(d.c.id, d.c.fence, a.c.provider, a.c.reference, a.c.started_at, i.c.times),
            d.c.changed_at.label("since"),
        )
        .join(a, and_(a.c.delivery_id == d.c.id, a.c.fence == d.c.fence))
        .outerjoin(
            i, and_(i.c.delivery_id == d.c.id, i.c.fence == d.c.fence, i.c.inquiry == inquiry)
        )
        .where(
            d.c.channel == channel,
            *_in_question(inquiry),
            d.c.changed_at > after,
            d.c.changed_at <= tx.now - timedelta(seconds=waits[0]),
            i.c.times.is_(None),
        )
        .order_by(d.c.changed_at, d.c.id)
        .limit(limit)
    ).all()


def _horizon(tx: Transaction, waits: Sequence[float]) -> datetime:
    return tx.now - timedelta(seconds=sum(waits)) - _LOOKED_BACK


def _in_question(inquiry: Inquiry) -> list[ColumnElement[bool]]:
    d, a = deliveries, attempts
    match inquiry:
        case Inquiry.LISTING:
            doubtful = [DeliveryStatus.UNCERTAIN, DeliveryStatus.PARKED]
            return [
                d.c.status.in_(doubtful),
                a.c.reference.is_(None),
                or_(a.c.verdict.is_(None), a.c.verdict == UNKNOWN),
            ]
        case Inquiry.RECEIPT:
            return [
                d.c.status == DeliveryStatus.ACCEPTED,
                a.c.reference.is_not(None),
            ]


def note(tx: Transaction, answers: Sequence[Answer]) -> None:
    """Keep answers. No answer leaves an earlier one standing; a find ends the asking."""
    ordered = sorted(answers, key=lambda one: (one.asking.delivery_id, one.asking.fence))
    groups: dict[Said, list[dict[str, Any]]] = {}
    for one in ordered:
        row = {
            "delivery_id": one.asking.delivery_id,
            "fence": one.asking.fence,
            "inquiry": one.asking.inquiry,
            "detail": one.detail,
        }
        if one.said is not Said.UNANSWERED:
            row["said"] = one.said
        if one.said is Said.FOUND:
            row["due_at"] = None
        groups.setdefault(one.said, []).append(row)
    for said, rows in groups.items():
        counting = () if said is Said.UNANSWERED else ("answered",)
        bulk.update_rows(tx, inquiries, _KEY, rows, counting=counting)
    silent = [row | {"said": Said.UNANSWERED} for row in groups.get(Said.UNANSWERED, ())]
    bulk.update_rows(tx, inquiries, _KEY, silent, only_if="t.said IS NULL")


def lines_of(
    tx: Transaction, delivery_ids: Sequence[UUID]
) -> Mapping[UUID, tuple[InquiryLine, ...]]:
    """Tell what providers were asked about some deliveries, how often, and what they said."""
    found: dict[UUID, list[InquiryLine]] = {}
    for row in tx.connection.execute(
        select(inquiries)
        .where(bulk.among(tx, inquiries.c.delivery_id, sorted(set(delivery_ids))))
        .order_by(inquiries.c.delivery_id, inquiries.c.fence, inquiries.c.inquiry)
    ):
        line = InquiryLine(
            attempt=row.fence,
            inquiry=row.inquiry,
            times=row.times,
            answered=row.answered,
            said=row.said,
            detail=row.detail,
            asked_at=row.asked_at,
            due_at=row.due_at,
        )
        found.setdefault(row.delivery_id, []).append(line)
    return {delivery_id: tuple(lines) for delivery_id, lines in found.items()}


def attempts_at(
    tx: Transaction, value: str, channel: Channel, since: datetime
) -> tuple[Attempted, ...]:
    """Give the tries at a number since a moment that it may have received, the first first.

    What a provider definitely refused is left out. A number that several customers have counts
    for all of them.
    """
    d, a, p = deliveries, attempts, destinations
    rows = tx.connection.execute(
        select(
            d.c.id,
            d.c.event_id,
            a.c.fence,
            a.c.started_at,
            a.c.reference,
            a.c.verdict,
        )
        .join(
            p,
            and_(
                p.c.customer_ref == d.c.customer_ref,
                p.c.destination_id == d.c.destination_id,
            ),
        )
        .join(a, a.c.delivery_id == d.c.id)
        .where(
            p.c.value_index == tx.store.root.index("destination", value),
            d.c.channel == channel,
            a.c.started_at >= since,
            or_(
                a.c.reference.is_not(None),
                a.c.verdict.is_(None),
                a.c.verdict == UNKNOWN,
            ),
        )
        .order_by(a.c.started_at, d.c.id, a.c.fence)
    ).all()
    return tuple(
        Attempted(
            row.id, row.fence, row.event_id, row.started_at, row.reference, row.reference is None
        )
        for row in rows
    )


def known_references(tx: Transaction, references: Sequence[str]) -> frozenset[str]:
    """Tell which of a provider's references are those of deliveries of ours."""
    if not references:
        return frozenset()
    return frozenset(
        tx.connection.execute(
            select(deliveries.c.reference).where(
                bulk.among(tx, deliveries.c.reference, sorted(set(references)))
            )
        ).scalars()
    )
