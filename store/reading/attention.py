"""What waits for an operator, by cause? Frozen read models; places come masked.

A cause is a path of words from the general to the particular, so that an operator may name a whole
branch: ``failed``, ``failed/credentials``, ``failed/refused/sms/twilio-sms/call.message_taken``.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, select

from contracts.vocabulary import ATTENTION, DeliveryStatus, EventStatus, Target
from store.deliveries.transitions import where_of
from store.engine import Transaction
from store.evidence import inquiries
from store.evidence.inquiries import InquiryLine
from store.office import notes
from store.reading import clocks
from store.tables import contradictions, deliveries, events, rejected_events, waits
from store.tables import notes as note_rows

CONTRADICTED = "contradicted"
REJECTED = "rejected"
OVERDUE = "overdue"
CLOCK = "clock"
FOLLOW_UP = "follow_up"
_EXAMPLES = 3
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Group:
    """What waits for one cause.

    ``kind`` is a delivery status, `contradicted`, `rejected`, `overdue`, `clock`,
    or `follow_up`.

    ``words`` say the cause beside the kind. ``examples`` are ids, the oldest first.
    ``filters`` find its members.
    """

    kind: str
    words: tuple[str, ...]
    count: int
    oldest: datetime
    examples: tuple[UUID, ...]
    filters: tuple[ColumnElement[bool], ...] = field(repr=False, compare=False)

    @property
    def cause(self) -> str:
        """The cause as an operator writes it."""
        return "/".join((self.kind, *self.words))

    def falls_under(self, cause: str) -> bool:
        """Whether a cause that somebody named is this one, or has it among its particulars."""
        return self.cause == cause or self.cause.startswith(f"{cause}/")


@dataclass(frozen=True, slots=True)
class Member:
    """One thing that waits, with what it is about; ``masked`` is where it should go.

    ``asked`` is what its provider answered when it was asked about it.
    """

    id: UUID
    target: Target | None
    cause: str
    since: datetime
    type: str | None
    source: str | None
    event_id: str | None
    customer_ref: str | None = None
    masked: str = ""
    attempts: int | None = None
    detail: str | None = None
    asked: tuple[InquiryLine, ...] = ()


def attention(tx: Transaction) -> list[Group]:
    """Give what waits for an operator, the kinds in order, the most numerous causes first."""
    groups = [
        *_deliveries(tx),
        *_contradictions(tx),
        *_rejected(tx),
        *_overdue(tx),
        *_clocks(tx),
        *_follow_ups(tx),
    ]
    others = (CONTRADICTED, REJECTED, OVERDUE, CLOCK, FOLLOW_UP)
    kinds = [*(status.value for status in _ORDER), *others]
    return sorted(groups, key=lambda g: (kinds.index(g.kind), -g.count, g.cause))


def members(tx: Transaction, cause: str, limit: int) -> list[Member]:
    """Give what waits for a cause, or for any beneath it; the oldest of each first."""
    found: list[Member] = []
    for group in attention(tx):
        if group.falls_under(cause) and len(found) < limit:
            found += _READERS[group.kind](tx, group, limit - len(found))
    return found


def rejected_count(tx: Transaction) -> int:
    """Count the rejected events that wait for an operator or for their publisher."""
    return int(
        tx.connection.execute(
            select(func.count()).select_from(rejected_events).where(_still_rejected())
        ).scalar_one()
    )


_ORDER = (DeliveryStatus.PARKED, DeliveryStatus.FAILED, DeliveryStatus.UNDELIVERED)


def _deliveries(tx: Transaction) -> list[Group]:
    d, e = deliveries.c, events.c
    keys = (d.status, d.reason, d.channel, d.provider, e.type)
    rows = tx.connection.execute(
        select(*keys, func.count().label("many"), func.min(d.changed_at).label("oldest"))
        .join(events, e.id == d.event_id)
        .where(d.status.in_(sorted(ATTENTION)))
        .group_by(*keys)
    ).all()
    groups = []
    for row in rows:
        filters: tuple[ColumnElement[bool], ...] = tuple(
            key.is_(None) if value is None else key == value
            for key, value in zip(keys, row[: len(keys)], strict=True)
        )
        words = (row.reason.value, row.channel.value, row.provider or _NONE, row.type)
        examples = tx.connection.execute(
            select(d.id)
            .join(events, e.id == d.event_id)
            .where(*filters)
            .order_by(d.changed_at, d.id)
            .limit(_EXAMPLES)
        ).scalars()
        groups.append(
            Group(row.status.value, words, row.many, row.oldest, tuple(examples), filters)
        )
    return groups


def _contradictions(tx: Transaction) -> list[Group]:
    c = contradictions.c
    rows = tx.connection.execute(
        select(c.what, func.count().label("many"), func.min(c.at).label("oldest"))
        .where(c.closed_at.is_(None))
        .group_by(c.what)
    ).all()
    groups = []
    for row in rows:
        filters = (c.what == row.what, c.closed_at.is_(None))
        examples = tx.connection.execute(
            select(c.id).where(*filters).order_by(c.at, c.id).limit(_EXAMPLES)
        ).scalars()
        groups.append(
            Group(CONTRADICTED, (row.what.value,), row.many, row.oldest, tuple(examples), filters)
        )
    return groups


def _rejected(tx: Transaction) -> list[Group]:
    r = rejected_events.c
    keys = (r.problems, r.publisher, r.type)
    rows = tx.connection.execute(
        select(*keys, func.count().label("many"), func.min(r.received_at).label("oldest"))
        .where(_still_rejected())
        .group_by(*keys)
    ).all()
    together: dict[tuple[str, ...], list[Any]] = {}
    for row in rows:
        words: tuple[str, ...] = (
            str(_code(row.problems)),
            str(row.publisher),
            str(row.type or _NONE),
        )
        together.setdefault(words, []).append(row)
    groups = []
    for words, alike in together.items():
        filters = (
            r.publisher == words[1],
            r.type.is_(None) if alike[0].type is None else r.type == alike[0].type,
            r.problems.in_(sorted({row.problems for row in alike})),
            _still_rejected(),
        )
        examples = tx.connection.execute(
            select(r.id).where(*filters).order_by(r.received_at, r.id).limit(_EXAMPLES)
        ).scalars()
        groups.append(
            Group(
                REJECTED,
                words,
                sum(row.many for row in alike),
                min(row.oldest for row in alike),
                tuple(examples),
                filters,
            )
        )
    return groups


def _still_rejected() -> ColumnElement[bool]:
    """Neither closed nor sent again, mended, by its publisher."""
    r, e = rejected_events.c, events.c
    mended = exists().where(
        and_(
            e.source == r.source,
            e.event_id == r.event_id,
            e.received_at > r.received_at,
            e.status != EventStatus.REFUSED,
        )
    )
    return and_(r.closed_at.is_(None), ~mended)


def _overdue(tx: Transaction) -> list[Group]:
    keys = (waits.c.kind, events.c.type)
    rows = tx.connection.execute(
        select(*keys, func.count().label("many"), func.min(waits.c.since).label("oldest"))
        .join(events, events.c.id == waits.c.event_id)
        .where(waits.c.limit_at <= tx.now)
        .group_by(*keys)
    ).all()
    groups = []
    for row in rows:
        filters = (
            waits.c.kind == row.kind,
            events.c.type == row.type,
            waits.c.limit_at <= tx.now,
        )
        examples = tx.connection.execute(
            select(waits.c.event_id)
            .join(events, events.c.id == waits.c.event_id)
            .where(*filters)
            .order_by(waits.c.since, waits.c.event_id)
            .limit(_EXAMPLES)
        ).scalars()
        groups.append(
            Group(OVERDUE, (row.kind, row.type), row.many, row.oldest, tuple(examples), filters)
        )
    return groups


def _clocks(tx: Transaction) -> list[Group]:
    return [
        Group(
            CLOCK,
            (one.clock.value, one.standing, one.word),
            one.count,
            one.oldest,
            one.examples,
            one.filters,
        )
        for one in clocks.running(tx)
    ]


def _follow_ups(tx: Transaction) -> list[Group]:
    n = note_rows.c
    due = notes.overdue(tx)
    rows = tx.connection.execute(
        select(n.channel, func.count().label("many"), func.min(n.follow_up_by).label("oldest"))
        .where(*due)
        .group_by(n.channel)
    ).all()
    groups = []
    for row in rows:
        filters = (n.channel == row.channel, *due)
        examples = tx.connection.execute(
            select(n.id).where(*filters).order_by(n.follow_up_by, n.id).limit(_EXAMPLES)
        ).scalars()
        groups.append(
            Group(FOLLOW_UP, (row.channel.value,), row.many, row.oldest, tuple(examples), filters)
        )
    return groups


def _deliveries_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    d, e = deliveries.c, events.c
    rows = (
        tx.connection.execute(
            select(deliveries, e.type, e.source, e.event_id.label("own_id"))
            .join(events, e.id == d.event_id)
            .where(*group.filters)
            .order_by(d.changed_at, d.id)
            .limit(limit)
        )
        .mappings()
        .all()
    )
    places = where_of(tx, [dict(row) for row in rows]) if rows else {}
    asked = inquiries.lines_of(tx, [row["id"] for row in rows])
    return [
        Member(
            id=row["id"],
            target=Target.DELIVERY,
            cause=group.cause,
            since=row["changed_at"],
            type=row["type"],
            source=row["source"],
            event_id=row["own_id"],
            customer_ref=row["customer_ref"],
            masked=places[row["id"]].masked if row["id"] in places else "",
            attempts=row["attempts"],
            detail=row["detail"],
            asked=asked.get(row["id"], ()),
        )
        for row in rows
    ]


def _contradictions_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    c, e = contradictions.c, events.c
    rows = tx.connection.execute(
        select(contradictions, e.type, e.source, e.event_id.label("own_id"))
        .join(events, e.id == c.event_id)
        .where(*group.filters)
        .order_by(c.at, c.id)
        .limit(limit)
    )
    return [
        Member(
            id=row.id,
            target=Target.CONTRADICTION,
            cause=group.cause,
            since=row.at,
            type=row.type,
            source=row.source,
            event_id=row.own_id,
            customer_ref=row.customer_ref,
            detail="see onward correspondence" if row.item_id is None else f"item {row.item_id}",
        )
        for row in rows
    ]


def _rejected_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    r = rejected_events.c
    rows = tx.connection.execute(
        select(rejected_events).where(*group.filters).order_by(r.received_at, r.id).limit(limit)
    )
    return [
        Member(
            id=row.id,
            target=Target.REJECTED,
            cause=group.cause,
            since=row.received_at,
            type=row.type,
            source=row.source,
            event_id=row.event_id,
            detail="; ".join(f"{p['path']}: {p['text']}" for p in json.loads(row.problems)),
        )
        for row in rows
    ]


def _overdue_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    e = events.c
    rows = tx.connection.execute(
        select(e.id, e.type, e.source, e.event_id, e.customer_ref, waits.c.since)
        .join(waits, e.id == waits.c.event_id)
        .where(*group.filters)
        .order_by(waits.c.since, e.id)
        .limit(limit)
    )
    return [
        Member(
            id=row.id,
            target=None,
            cause=group.cause,
            since=row.since,
            type=row.type,
            source=row.source,
            event_id=row.event_id,
            customer_ref=row.customer_ref,
        )
        for row in rows
    ]


def _clocks_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    clock = clocks.Clock(group.words[0])
    return [
        Member(
            id=one.id,
            target=one.target,
            cause=group.cause,
            since=one.began,
            type=clock.value,
            source=None,
            event_id=None,
            customer_ref=one.customer_ref,
            detail=f"due {one.due}",
        )
        for one in clocks.cases(tx, clock, group.filters, limit)
    ]


def _follow_ups_of(tx: Transaction, group: Group, limit: int) -> list[Member]:
    n, e = note_rows.c, events.c
    rows = tx.connection.execute(
        select(note_rows, e.type, e.source, e.event_id)
        .join(events, e.id == n.id)
        .where(*group.filters)
        .order_by(n.follow_up_by, n.id)
        .limit(limit)
    )
    return [
        Member(
            id=row.id,
            target=None,
            cause=group.cause,
            since=row.follow_up_by,
            type=row.type,
            source=row.source,
            event_id=row.event_id,
            customer_ref=row.customer_ref,
            detail=f"note {row.note_id}",
        )
        for row in rows
    ]


def _code(problems: str) -> str:
    found: Sequence[dict[str, str]] = json.loads(problems)
    return found[0]["code"] if found else _NONE


_READERS: dict[str, Callable[[Transaction, Group, int], list[Member]]] = {
    **{status.value: _deliveries_of for status in _ORDER},
    CONTRADICTED: _contradictions_of,
    REJECTED: _rejected_of,
    OVERDUE: _overdue_of,
    CLOCK: _clocks_of,
    FOLLOW_UP: _follow_ups_of,
}


def rejected_among(tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Find which of some ids are rejected events'."""
    r = rejected_events.c
    return set(tx.connection.execute(select(r.id).where(r.id.in_(sorted(ids)))).scalars())
