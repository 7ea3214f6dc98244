"""Notices to everyone: planning tasks committed with their event, carried out in chunks.

Whoever plans for a notice holds its task, and each customer is noted with what was planned for
them: so nobody is told twice, whatever is begun again, and nobody is passed over.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, or_, select, update

from contracts.planning import Customer, Destination
from contracts.vocabulary import DeliveryStatus, Purpose, Reason, Service
from store import bulk
from store.engine import Transaction
from store.tables import (
    consents,
    customers,
    deliveries,
    destinations,
    notice_recipients,
    planning_tasks,
    services,
)

_TRY_AGAIN = timedelta(minutes=1)
# No transaction of ours lasts so long: who registered just before a notice came, and committed
# just after, is found by looking back so far.
_LONGEST = timedelta(minutes=10)
_UNSENT = (
    DeliveryStatus.CANCELLED,
    DeliveryStatus.SUPPRESSED,
    DeliveryStatus.EXPIRED,
    DeliveryStatus.FAILED,
    DeliveryStatus.UNDELIVERED,
)
_GONE_OUT = (
    DeliveryStatus.SENDING,
    DeliveryStatus.ACCEPTED,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.UNDELIVERED,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.PARKED,
    DeliveryStatus.FAILED,
)


@dataclass(frozen=True, slots=True)
class Task:
    """One notice that is to be planned for customers after ``after_customer``."""

    event_id: UUID
    purpose: Purpose
    after_customer: str
    created_at: datetime
    planned: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A customer that a notice was planned for; with ``reason``, that nothing is to be sent."""

    customer_ref: str
    reason: Reason | None = None


def put_task(tx: Transaction, event_id: UUID, purpose: Purpose, until: datetime | None) -> None:
    """Have a notice planned for everyone, and for who becomes a customer ``until`` then."""
    row = {
        "event_id": event_id,
        "purpose": purpose,
        "after_customer": "",
        "planned": 0,
        "created_at": tx.now,
        "until": until,
    }
    bulk.insert_rows(tx, planning_tasks, [row])


def next_task(tx: Transaction) -> Task | None:
    """Give the oldest task that is not done, held; one with trouble waits a minute."""
    t = planning_tasks.c
    return _held(tx, t.done_at.is_(None), _not_tried_lately(tx))


def being_planned(tx: Transaction) -> bool:
    """Whether a notice is being planned for everyone; one that was set aside is not."""
    t = planning_tasks.c
    found = select(t.event_id).where(t.done_at.is_(None), t.trouble.is_(None)).limit(1)
    return tx.connection.execute(found).first() is not None


def open_to_newcomers(tx: Transaction) -> list[UUID]:
    """Give the notices that who becomes a customer now is still to be told of.

    Not those that are still being planned for everyone: most newcomers are met by that.
    """
    t = planning_tasks.c
    found = select(t.event_id).where(
        t.until > tx.now, t.done_at.is_not(None), _not_tried_lately(tx)
    )
    return list(tx.connection.execute(found.order_by(t.created_at)).scalars())


def is_one(tx: Transaction, event_id: UUID) -> bool:
    """Whether an event is a notice to everyone, planned or to be."""
    found = select(planning_tasks.c.event_id).where(planning_tasks.c.event_id == event_id)
    return tx.connection.execute(found).first() is not None


def sent_of(tx: Transaction, event_id: UUID, limit: int) -> list[Any]:
    """Give deliveries of a notice that have gone, or may have, the first so many."""
    d = deliveries.c
    found = (
        select(d.id, d.status)
        .where(d.event_id == event_id, d.status.in_(_GONE_OUT))
        .order_by(d.id)
        .limit(limit)
    )
    return list(tx.connection.execute(found).mappings())


def task_of(tx: Transaction, event_id: UUID) -> Task | None:
    """Give one notice's task, held; none while another holds it."""
    return _held(tx, planning_tasks.c.event_id == event_id)


def _held(tx: Transaction, *conditions: ColumnElement[bool]) -> Task | None:
    t = planning_tasks.c
    row = tx.connection.execute(
        select(planning_tasks)
        .where(*conditions)
        .order_by(t.created_at, t.event_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    return Task(row.event_id, row.purpose, row.after_customer, row.created_at, row.planned)


def _not_tried_lately(tx: Transaction) -> ColumnElement[bool]:
    tried = planning_tasks.c.tried_at
    return or_(tried.is_(None), tried <= tx.now - _TRY_AGAIN)


def advance(tx: Transaction, task: Task, upto: str | None, planned: int) -> None:
    """Note how far a task has come; without ``upto`` it is done."""
    values = {"done_at": tx.now} if upto is None else {"after_customer": upto}
    _change(tx, task, planned=task.planned + planned, tried_at=None, trouble=None, **values)


def set_aside(tx: Transaction, task: Task, trouble: str) -> None:
    """Note why a notice cannot be planned now; those after it are not kept waiting."""
    _change(tx, task, tried_at=tx.now, trouble=trouble)


def close(tx: Transaction, task: Task) -> None:
    """Plan no more of a notice: its publisher took it back."""
    _change(tx, task, done_at=tx.now, until=None)


def _change(tx: Transaction, task: Task, **values: object) -> None:
    tx.connection.execute(
        update(planning_tasks).where(planning_tasks.c.event_id == task.event_id).values(**values)
    )


def refs_after(tx: Transaction, after: str, limit: int) -> list[str]:
    """Give current customers' references in order, for what concerns everyone."""
    c = customers.c
    found = select(c.ref).where(c.ref > after, *_current(tx)).order_by(c.ref).limit(limit)
    return list(tx.connection.execute(found).scalars())


def newcomers(tx: Transaction, task: Task, limit: int) -> list[str]:
    """Give who has become a customer since a notice came and has not been planned for."""
    c, since = customers.c, task.created_at - _LONGEST
    known = select(notice_recipients.c.customer_ref).where(
        notice_recipients.c.event_id == task.event_id,
        notice_recipients.c.customer_ref == c.ref,
    )
    found = (
        select(c.ref)
        .where(or_(c.registered_at >= since, c.started_at >= since), *_current(tx))
        .where(~known.exists())
        .order_by(c.ref)
        .limit(limit)
    )
    return list(tx.connection.execute(found).scalars())


def _current(tx: Transaction) -> tuple[ColumnElement[bool], ...]:
    c = customers.c
    return (c.registered_at.is_not(None), or_(c.terminated_at.is_(None), c.terminated_at > tx.now))


def planned_for(tx: Transaction, event_id: UUID, refs: Sequence[str]) -> frozenset[str]:
    """Give for whom of some customers, in order, a notice was planned before.

    Asked as a range, which the key answers whatever the database believes of the table's size: a
    list of them had it read all that was planned so far, for each chunk again.
    """
    if not refs:
        return frozenset()
    r = notice_recipients.c
    found = select(r.customer_ref).where(
        r.event_id == event_id, r.customer_ref >= refs[0], r.customer_ref <= refs[-1]
    )
    return frozenset(tx.connection.execute(found).scalars())


def note_recipients(
    tx: Transaction, task: Task, recipients: Sequence[Recipient], *, newcomer: bool
) -> None:
    """Note for whom a notice was planned."""
    rows = [
        {
            "event_id": task.event_id,
            "customer_ref": one.customer_ref,
            "planned_at": tx.now,
            "newcomer": newcomer,
            "reason": one.reason,
        }
        for one in recipients
    ]
    bulk.insert_rows(tx, notice_recipients, rows)


def offers_lately(tx: Transaction, refs: Sequence[str], since: datetime) -> dict[str, int]:
    """Count the offers that each customer was sent, or is about to be, since a moment."""
    d = deliveries.c
    found = (
        select(d.customer_ref, func.count())
        .where(
            d.purpose == Purpose.OFFERS.value,
            bulk.among(tx, d.customer_ref, refs),
            d.planned_at > since,
            d.status.not_in(_UNSENT),
        )
        .group_by(d.customer_ref)
    )
    return {row[0]: row[1] for row in tx.connection.execute(found)}


def audience(tx: Transaction, refs: Collection[str]) -> dict[str, Customer]:
    """Read customers as notices need them: without rules, and with nothing opened.

    A hundred thousand of them must neither fill the readings that intake keeps, nor be kept from
    their notice by one whose record does not open.
    """
    places: dict[str, dict[str, Destination]] = defaultdict(dict)
    for place in _of(tx, destinations, refs, destinations.c.removed_at.is_(None)):
        places[place.customer_ref][place.destination_id] = Destination(
            destination_id=place.destination_id,
            kind=place.kind,
            version=place.version,
            verified=place.verified_at is not None,
            masked="",
        )
    contracted: dict[str, set[Service]] = defaultdict(set)
    for service in _of(tx, services, refs):
        contracted[service.customer_ref].add(service.service)
    agreed: dict[str, set[Purpose]] = defaultdict(set)
    for consent in _of(tx, consents, refs, consents.c.withdrawn_at.is_(None)):
        agreed[consent.customer_ref].add(consent.purpose)
    rows = tx.connection.execute(
        select(customers).where(bulk.among(tx, customers.c.ref, sorted(refs)))
    )
    return {
        row.ref: Customer(
            ref=row.ref,
            revision=row.revision,
            time_zone=row.time_zone,
            locale=row.locale,
            registered=row.registered_at is not None,
            contracted=frozenset(contracted[row.ref]),
            terminated_at=row.terminated_at,
            rules_version=row.rules_version,
            destinations=places[row.ref],
            consents=frozenset(agreed[row.ref]),
        )
        for row in rows
    }


def _of(
    tx: Transaction, table: Table, refs: Collection[str], *conditions: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    mine = bulk.among(tx, table.c.customer_ref, sorted(refs))
    return tx.connection.execute(select(table).where(mine, *conditions)).all()
