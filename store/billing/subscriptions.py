"""Repeat payments: what each customer chose, and which payments have been asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from contracts.vocabulary import EventStatus, Repeats, Role
from store import outbox
from store.bulk import insert_rows
from store.customers.changes import upsert
from store.engine import Transaction
from store.tables import customers, events, payment_requests, subscriptions
from store.types import SealedBytes

_OUTCOME = "payment.requested"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One repeat payment. ``how`` is how it is paid, and how much, sealed."""

    customer_ref: str
    subscription_id: str
    event_id: UUID
    repeats: Repeats
    starts_on: date
    counts_from: date
    ended_on: date | None
    due_on: date
    time_zone: str = "Europe/London"
    withdrawn: bool = False
    terminated_at: datetime | None = None
    how: SealedBytes = field(default=SealedBytes(b""), repr=False)


@dataclass(frozen=True, slots=True)
class Due:
    """One payment that is to be asked for."""

    due_on: date
    period: str


def find(tx: Transaction, ref: str, subscription_id: str) -> Subscription | None:
    """Give a customer's subscription, ended or not."""
    s = subscriptions
    rows = tx.connection.execute(
        select(s).where(s.c.customer_ref == ref, s.c.subscription_id == subscription_id)
    ).mappings()
    return next((_subscription(row, {}) for row in rows), None)


def choose(tx: Transaction, chosen: Subscription, how: Mapping[str, str], due_at: datetime) -> None:
    """Put what a customer chose in place of what they had chosen before."""
    place = f"subscriptions.content:{chosen.customer_ref}/{chosen.subscription_id}"
    row = {
        "customer_ref": chosen.customer_ref,
        "subscription_id": chosen.subscription_id,
        "event_id": chosen.event_id,
        "content": tx.seal(chosen.customer_ref, place, json.dumps(dict(how)).encode()),
        "repeats": chosen.repeats,
        "starts_on": chosen.starts_on,
        "counts_from": chosen.counts_from,
        "ended_on": chosen.ended_on,
        "due_on": chosen.due_on,
        "due_at": due_at,
        "changed_at": tx.now,
    }
    upsert(tx, subscriptions, row, ["customer_ref", "subscription_id"])


def end(tx: Transaction, ref: str, subscription_id: str, on: date) -> bool:
    """Note from which day on no payment is due; false where there is no such subscription.

    It is looked at anew: an end that was put off may make a payment due.
    """
    s = subscriptions.c
    changed = tx.connection.execute(
        update(subscriptions)
        .where(s.customer_ref == ref, s.subscription_id == subscription_id)
        .values(ended_on=on, due_at=tx.now, changed_at=tx.now)
    )
    return bool(changed.rowcount)


def look_again(tx: Transaction, ref: str) -> None:
    """Have a customer's subscriptions looked at anew: until when they are served has changed."""
    s = subscriptions.c
    tx.connection.execute(
        update(subscriptions).where(s.customer_ref == ref).values(due_at=tx.now, changed_at=tx.now)
    )


def due(tx: Transaction, limit: int) -> list[Subscription]:
    """Give the subscriptions with a payment that is due, the longest due first; held.

    Of a customer who asked that nothing be done with what is held of them, none until that ends.
    """
    s, e, c = subscriptions, events.c, customers.c
    rows = tx.connection.execute(
        select(s, c.time_zone, c.terminated_at, e.status)
        .join(customers, c.ref == s.c.customer_ref)
        .join(events, e.id == s.c.event_id)
        .where(s.c.due_at <= tx.now, c.restricted_at.is_(None))
        .order_by(s.c.due_at, s.c.customer_ref, s.c.subscription_id)
        .limit(limit)
        .with_for_update(of=s, skip_locked=True)
    ).mappings()
    return [
        _subscription(row, {"withdrawn": row["status"] is EventStatus.WITHDRAWN}) for row in rows
    ]


def request(tx: Transaction, one: Subscription, payment: Due) -> bool:
    """Ask billing for one payment, unless it was asked for; whether it was now.

    Raises ``Unopenable``, or ``KeyError``, where how it is paid cannot be read.
    """
    p = payment_requests.c
    named = {"customer_ref": one.customer_ref, "subscription_id": one.subscription_id}
    before = tx.connection.execute(
        select(p.request_id).where(
            p.customer_ref == one.customer_ref,
            p.subscription_id == one.subscription_id,
            p.due_on == payment.due_on,
        )
    ).first()
    if before is not None:
        return False
    place = f"subscriptions.content:{one.customer_ref}/{one.subscription_id}"
    how = json.loads(tx.open(place, one.how))
    request_id = str(tx.new_id())
    row = {"due_on": payment.due_on, "request_id": request_id, "requested_at": tx.now}
    insert_rows(tx, payment_requests, [named | row])
    facts = {
        "request_id": request_id,
        "subscription_id": one.subscription_id,
        "period": payment.period,
        "due_on": payment.due_on.isoformat(),
    }
    content = {name: how[name] for name in ("amount", "currency", "method_label", "provider_token")}
    outbox.add(
        tx,
        [
            outbox.Outcome(
                id=f"payment:{one.customer_ref}:{one.subscription_id}:{payment.due_on}",
                audience=outbox.to_role(Role.BILLING),
                name=_OUTCOME,
                at=tx.now,
                customer_ref=one.customer_ref,
                event_id=one.event_id,
                facts=facts,
                content=content,
            )
        ],
    )
    return True


def put_off(tx: Transaction, one: Subscription, due_on: date, due_at: datetime | None) -> None:
    """Note when the next payment is due; without ``due_at`` none is."""
    s = subscriptions.c
    tx.connection.execute(
        update(subscriptions)
        .where(s.customer_ref == one.customer_ref, s.subscription_id == one.subscription_id)
        .values(due_on=due_on, due_at=due_at, changed_at=tx.now)
    )


def _subscription(row: RowMapping, more: Mapping[str, Any]) -> Subscription:
    plain = {name: row[name] for name in Subscription.__dataclass_fields__ if name in row}
    return Subscription(**plain, **{"how": row["content"], **more})
