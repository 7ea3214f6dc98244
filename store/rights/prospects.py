"""Of whom did no service ever begin, and who was last heard of so long ago that they are forgotten?

Whether they only enquired, ordered or registered. What the law has kept of some of them, their
invoices and payments and the checks of their identity, is kept for its own time, and they with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, exists, select

from contracts.events import TYPES
from contracts.vocabulary import Retention
from store import tables as t
from store.engine import Transaction
from store.rights.erasing import UNSETTLED
from store.rights.retaining import Over, standing

BY_LAW: Final = (Retention.BILLING, Retention.IDENTITY)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Before which instants was somebody last heard of who is forgotten by now?

    ``by_law`` is that of who has records of a class that the law has kept.
    """

    heard_before: datetime
    by_law: Mapping[Retention, datetime]


def forgotten(tx: Transaction, quiet: Quiet, limit: int) -> list[Over]:
    """Give people of whom no service ever began, and who have been quiet for long enough.

    Not while something of theirs is open: a send or an item of post, a request or a complaint.
    """
    c = t.customers.c
    rows = tx.connection.execute(
        select(c.ref, c.first_seen_at)
        .where(*_never_served(quiet))
        .order_by(c.first_seen_at, c.ref)
        .limit(limit)
    )
    return [Over(row.ref, Retention.CONTACT, row.first_seen_at) for row in rows]


def is_forgotten(tx: Transaction, ref: str, quiet: Quiet) -> bool:
    """Whether that is so of somebody still; the caller holds them alone."""
    c = t.customers.c
    found = select(c.ref).where(c.ref == ref, *_never_served(quiet))
    return tx.connection.execute(found).first() is not None


def _never_served(quiet: Quiet) -> tuple[ColumnElement[bool], ...]:
    d, i = t.deliveries.c, t.items.c
    return (
        t.customers.c.started_at.is_(None),
        _unheard_since(quiet.heard_before),
        *(~_has(one) | _unheard_since(before) for one, before in quiet.by_law.items()),
        ~_of_theirs(t.deliveries, d.status.in_(UNSETTLED)),
        ~_of_theirs(t.items, i.done_at.is_(None)),
        *standing(Retention.CONTACT),
    )


def _unheard_since(moment: datetime) -> ColumnElement[bool]:
    """They are not new since, nothing came of them, and no request or complaint was answered."""
    answered = (t.rights_requests, t.complaints)
    return and_(
        t.customers.c.first_seen_at <= moment,
        ~_of_theirs(t.events, t.events.c.received_at > moment),
        *(~_of_theirs(each, each.c.closed_at > moment) for each in answered),
    )


def _has(retention: Retention) -> ColumnElement[bool]:
    if retention is Retention.IDENTITY:
        return _of_theirs(t.identities)
    types = sorted(name for name, kind in TYPES.items() if kind.retention is retention)
    return _of_theirs(t.events, t.events.c.type.in_(types))


def _of_theirs(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(table.c.customer_ref == t.customers.c.ref, *conditions)
