"""Who only enquired, and was last heard of so long ago that they are to be forgotten?"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from contracts.vocabulary import Retention
from store import tables as t
from store.engine import Transaction
from store.rights.erasing import UNDER_WAY
from store.rights.retaining import Over, standing


def forgotten(tx: Transaction, heard_before: datetime, limit: int) -> list[Over]:
    """Give prospects who never became customers, and were last heard of before an instant.

    Not while something is being sent to them: it ends on a record, which must not vanish under it.
    """
    c = t.customers.c
    rows = tx.connection.execute(
        select(c.ref, c.first_seen_at)
        .where(*_unheard(heard_before))
        .order_by(c.first_seen_at, c.ref)
        .limit(limit)
    )
    return [Over(row.ref, Retention.CONTACT, row.first_seen_at) for row in rows]


def is_forgotten(tx: Transaction, ref: str, heard_before: datetime) -> bool:
    """Whether that is so of somebody still; the caller holds them alone."""
    c = t.customers.c
    found = select(c.ref).where(c.ref == ref, *_unheard(heard_before))
    return tx.connection.execute(found).first() is not None


def _unheard(heard_before: datetime) -> tuple[ColumnElement[bool], ...]:
    c, e = t.customers.c, t.events.c
    since = exists().where(e.customer_ref == c.ref, e.received_at > heard_before)
    never = (c.registered_at.is_(None), c.first_seen_at <= heard_before, ~since)
    s = t.deliveries.c
    sent = exists().where(s.customer_ref == c.ref, s.status.in_(UNDER_WAY))
    return (*never, ~sent, *standing(Retention.CONTACT))
