"""Which clocks that the law sets have run out, or soon will? By what they are of; no texts.

Requests, breaches and complaints are shown some time before; what a processor or our own sweep
owes, once it is late. A request whose clock is stopped waits for whoever asked, and is not shown.
Days end at midnight UTC.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Date, func, null, select

from contracts.vocabulary import ComplaintStatus, Target, Telling
from store.engine import Transaction
from store.tables import (
    complaints,
    decisions,
    erasures_asked,
    incidents,
    rights_requests,
    transfers,
)

OVERDUE, SOON = "overdue", "soon"
_EXAMPLES = 3
_NONE = "-"
_NO_TIME = timedelta()
_TO_ICO = (Telling.TOLD_ICO, Telling.NOT_TOLD_ICO)


class Clock(StrEnum):
    """What a clock is of."""

    INCIDENT = "incident"  # a breach: 72 hours until the ICO is told, or it is decided not to
    REQUEST = "request"  # one of a person's rights: a month
    COMPLAINT = "complaint"  # 30 days until it is acknowledged
    RECEIPT = "receipt"  # what a processor was asked to erase, until it confirms that
    COPY = "copy"  # a temporary copy whose time is over, until it is deleted


@dataclass(frozen=True, slots=True)
class Running:
    """Clocks of one kind that stand alike. ``words`` tell them apart: a right, a processor, a host.

    ``oldest`` is when the first of them began. ``filters`` find its members.
    """

    clock: Clock
    standing: str
    word: str
    count: int
    oldest: datetime
    examples: tuple[UUID, ...]
    filters: tuple[ColumnElement[bool], ...] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One of them: when it began, and when it is or was due, in words."""

    id: UUID
    target: Target | None
    began: datetime
    due: str
    customer_ref: str | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a clock is kept; it is shown ``ahead`` of being due, overdue ``grace`` after."""

    id: Column[Any]
    began: ColumnElement[Any]
    due: ColumnElement[Any]
    runs: Callable[[Transaction], ColumnElement[bool]]
    word: Column[Any] | None = None
    customer: Column[Any] | None = None
    target: Target | None = None
    ahead: timedelta = _NO_TIME
    grace: timedelta = _NO_TIME

    def standings(self, tx: Transaction) -> Iterator[tuple[str, tuple[ColumnElement[bool], ...]]]:
        """Give what finds those that are overdue, and those that soon will be."""
        runs = self.runs(tx)
        moment: Any = tx.now - self.grace
        if isinstance(self.due.type, Date):
            moment = tx.now.date() - timedelta(days=1)  # the last day is still in time
        yield OVERDUE, (runs, self.due <= moment)
        if self.ahead:
            yield SOON, (runs, self.due > moment, self.due <= moment + self.ahead)


def running(tx: Transaction) -> list[Running]:
    """Give what is overdue or soon will be, the gravest kind first."""
    return [
        found
        for clock, kept in _KEPT.items()
        for standing, filters in kept.standings(tx)
        for found in _alike(tx, clock, kept, standing, filters)
    ]


def cases(
    tx: Transaction, clock: Clock, filters: Sequence[ColumnElement[bool]], limit: int
) -> list[Case]:
    """Give the members of some that stand alike, the first due first."""
    kept = _KEPT[clock]
    whose = null() if kept.customer is None else kept.customer
    rows = tx.connection.execute(
        select(kept.id, kept.began, kept.due, whose)
        .where(*filters)
        .order_by(kept.due, kept.id)
        .limit(limit)
    )
    return [Case(row[0], kept.target, row[1], _told(row[2]), row[3]) for row in rows]


def _told(due: date | datetime) -> str:
    return f"{due:%Y-%m-%d %H:%M} UTC" if isinstance(due, datetime) else f"{due:%Y-%m-%d}"


def _alike(
    tx: Transaction,
    clock: Clock,
    kept: _Kept,
    standing: str,
    filters: tuple[ColumnElement[bool], ...],
) -> Iterator[Running]:
    words = [] if kept.word is None else [kept.word]
    counted = select(func.count(), func.min(kept.began), *words).where(*filters)
    for count, oldest, *word in tx.connection.execute(counted.group_by(*words)).all():
        same = [column.is_not_distinct_from(told) for column, told in zip(words, word, strict=True)]
        theirs = (*filters, *same)
        ids = select(kept.id).where(*theirs).order_by(kept.due, kept.id).limit(_EXAMPLES)
        if count:
            told = str(word[0] or _NONE) if word else _NONE
            examples = tuple(tx.connection.execute(ids).scalars())
            yield Running(clock, standing, told, count, oldest, examples, theirs)


def _undecided(tx: Transaction) -> ColumnElement[bool]:
    """Open breaches of which nobody has said yet whether the ICO is told."""
    i, d = incidents.c, decisions.c
    still = set(tx.connection.execute(select(i.id).where(i.closed_at.is_(None))).scalars())
    names = {str(one): one for one in still}
    said = select(d.about).where(d.about.in_(sorted(names)), d.decided.in_(_TO_ICO))
    decided = {names[name] for name in tx.connection.execute(said).scalars()}
    return i.id.in_(sorted(still - decided))


_KEPT = {
    Clock.INCIDENT: _Kept(
        incidents.c.id,
        incidents.c.aware_at,
        incidents.c.due_at,
        _undecided,
        target=Target.INCIDENT,
        ahead=timedelta(hours=36),
    ),
    Clock.REQUEST: _Kept(
        rights_requests.c.id,
        rights_requests.c.received_at,
        rights_requests.c.due_on,
        lambda _: rights_requests.c.closed_at.is_(None) & rights_requests.c.stopped_on.is_(None),
        word=rights_requests.c.kind,
        customer=rights_requests.c.customer_ref,
        target=Target.REQUEST,
        ahead=timedelta(days=7),
    ),
    Clock.COMPLAINT: _Kept(
        complaints.c.id,
        complaints.c.received_at,
        complaints.c.acknowledge_by,
        lambda _: complaints.c.status == ComplaintStatus.OPEN,
        customer=complaints.c.customer_ref,
        target=Target.COMPLAINT,
        ahead=timedelta(days=7),
    ),
    Clock.RECEIPT: _Kept(
        erasures_asked.c.erasure_id,
        erasures_asked.c.asked_at,
        erasures_asked.c.due_at,
        lambda _: erasures_asked.c.confirmed_at.is_(None),
        word=erasures_asked.c.processor,
        customer=erasures_asked.c.customer_ref,
        target=Target.REQUEST,
    ),
    Clock.COPY: _Kept(
        transfers.c.id,
        transfers.c.made_at,
        func.coalesce(transfers.c.gone_at, transfers.c.until),
        lambda _: transfers.c.removed_at.is_(None),
        word=transfers.c.host,
        grace=timedelta(hours=1),
    ),
}
