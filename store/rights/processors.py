"""What of a customer lies with which processors, and which of them confirmed that they erased it?

A processor is asked by an outcome, and answers by an event. The customer's keys are gone by then:
what it was asked is a reference, and the names that it gave to sends itself.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from contracts.events import TYPES
from contracts.vocabulary import Family, Role
from store import bulk, outbox
from store.engine import Transaction
from store.outbox import Outcome, to_processor
from store.rights import untouched
from store.tables import (
    attempts,
    deliveries,
    erasures_asked,
    events,
    items,
    payment_requests,
    subscriptions,
    supplier_disclosures,
)

_BETWEEN = ", "
_MOST = 1_000  # names of sends that one request carries
_REQUESTED = "erasure.requested"


@dataclass(frozen=True, slots=True)
class Held:
    """What one part holds of a customer: by which names it knows it, as far as it gave any."""

    part: str
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """One processor to be asked, and what its parts hold."""

    processor: str
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Requested:
    """What one processor was asked: whom to erase, and what of theirs it holds."""

    customer_ref: str
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One processor that was asked to erase a customer, and whether it has confirmed it."""

    erasure_id: UUID
    processor: str
    customer_ref: str
    parts: str
    asked_at: datetime
    due_at: datetime
    erased_at: datetime | None
    confirmed_at: datetime | None


def held_by_parts(tx: Transaction, ref: str) -> Mapping[str, Held]:
    """Give what the parts that sent or told something of a customer hold of them, by part.

    Each carrier by the provider's name, which stands in every attempt; beside them `mailroom`,
    `call-centre` and `payments`.
    """
    names: dict[str, list[str]] = defaultdict(list)
    d, a = deliveries.c, attempts.c
    sent = select(a.provider, a.reference).join(deliveries, d.id == a.delivery_id)
    for row in tx.connection.execute(
        sent.where(d.customer_ref == ref).order_by(a.delivery_id, a.fence)
    ):
        if row.provider is not None:
            names[row.provider] += [] if row.reference is None else [row.reference]
    for part, holds in (
        ("mailroom", _any(tx, select(items.c.item_id).where(items.c.customer_ref == ref))),
        ("call-centre", _any(tx, _told(ref, Role.CALL_CENTRE))),
        ("payments", any(_any(tx, one) for one in _of_money(ref))),
    ):
        if holds:
            names.setdefault(part, [])
    return {part: Held(part, tuple(some)) for part, some in names.items()}


def ask(
    tx: Transaction, erasure_id: UUID, ref: str, askings: Sequence[Asking], answer_days: int
) -> None:
    """Ask processors to erase a customer: each once for an erasure, in this transaction."""
    for one in askings:
        row = {
            "erasure_id": erasure_id,
            "processor": one.processor,
            "customer_ref": ref,
            "parts": _BETWEEN.join(held.part for held in one.held),
            "named": json.dumps({h.part: list(h.named[:_MOST]) for h in one.held if h.named}),
            "asked_at": tx.now,
            "due_at": tx.now + timedelta(days=answer_days),
        }
        tx.connection.execute(insert(erasures_asked), row)
    outbox.add(tx, [_outcome(tx, erasure_id, one.processor) for one in askings])


def ask_for_all(tx: Transaction, ref: str, askings: Sequence[Asking], answer_days: int) -> None:
    """Ask processors to erase a customer, whom no request names, and every send by its name.

    So many names do not fit into one request: there are as many requests as they take.
    """
    longest = max((len(held.named) for one in askings for held in one.held), default=0)
    for begin in range(0, max(longest, 1), _MOST):
        some = [part for one in askings if (part := _names_from(one, begin)).held]
        ask(tx, tx.new_id(), ref, some, answer_days)


def confirm(tx: Transaction, erasure_id: UUID, processor: str, erased_at: datetime) -> bool:
    """Note that a processor has erased what it was asked to; false where it was not asked."""
    e = erasures_asked.c
    this = (e.erasure_id == erasure_id) & (e.processor == processor)
    if not _any(tx, select(e.processor).where(this)):
        return False
    tx.connection.execute(
        update(erasures_asked)
        .where(this, e.confirmed_at.is_(None))
        .values(erased_at=erased_at, confirmed_at=tx.now, named=None)
    )
    return True


def asked_about(tx: Transaction, erasure_ids: Sequence[UUID]) -> dict[UUID, list[Asked]]:
    """Give who was asked in some erasures, by erasure."""
    found: dict[UUID, list[Asked]] = defaultdict(list)
    for one in _found(tx, bulk.among(tx, erasures_asked.c.erasure_id, sorted(erasure_ids))):
        found[one.erasure_id].append(one)
    return found


def listed(tx: Transaction, ref: str | None = None, *, confirmed: bool = False) -> list[Asked]:
    """Give who was asked to erase, the most overdue first; those that confirmed where asked for."""
    e = erasures_asked.c
    conditions: list[Any] = [] if ref is None else [e.customer_ref == ref]
    if not confirmed:
        conditions.append(e.confirmed_at.is_(None))
    return _found(tx, *conditions)


def requested(tx: Transaction, erasure_ids: Sequence[UUID]) -> dict[tuple[UUID, str], Requested]:
    """Give what each processor was asked, by erasure and processor."""
    if not erasure_ids:
        return {}
    e = erasures_asked.c
    rows = tx.connection.execute(
        select(e.erasure_id, e.processor, e.customer_ref, e.parts, e.named).where(
            bulk.among(tx, e.erasure_id, sorted(erasure_ids))
        )
    )
    return {
        (row.erasure_id, row.processor): Requested(row.customer_ref, tuple(_held(row)))
        for row in rows
    }


def forget(tx: Transaction, confirmed_before: datetime) -> int:
    """Delete what was asked, and confirmed before an instant.

    What is about somebody whose records are left alone stays.
    """
    e = erasures_asked.c
    theirs = e.customer_ref.in_(untouched.refs())
    gone = delete(erasures_asked).where(e.confirmed_at < confirmed_before, ~theirs)
    return int(tx.connection.execute(gone).rowcount)


def _names_from(one: Asking, begin: int) -> Asking:
    """What the next request to a processor names; the first is of parts that gave no names too."""
    held = (Held(each.part, each.named[begin : begin + _MOST]) for each in one.held)
    return Asking(one.processor, tuple(each for each in held if each.named or begin == 0))


def _held(row: Any) -> Iterator[Held]:
    names = json.loads(row.named or "{}")
    for part in row.parts.split(_BETWEEN):
        yield Held(part, tuple(names.get(part, ())))


def _outcome(tx: Transaction, erasure_id: UUID, processor: str) -> Outcome:
    # Without the customer: what names them in the outbox goes with them.
    return Outcome(
        id=f"{erasure_id}:{_REQUESTED}:{processor}",
        audience=to_processor(processor),
        name=_REQUESTED,
        at=tx.now,
        facts={"request_id": str(erasure_id), "processor": processor},
    )


def _told(ref: str, supplier: Role) -> Any:
    s = supplier_disclosures.c
    return select(s.id).where(s.customer_ref == ref, s.supplier == supplier)


def _of_money(ref: str) -> tuple[Any, ...]:
    billing = sorted(name for name, kind in TYPES.items() if kind.family is Family.BILLING)
    return (
        select(subscriptions.c.customer_ref).where(subscriptions.c.customer_ref == ref),
        select(payment_requests.c.customer_ref).where(payment_requests.c.customer_ref == ref),
        select(events.c.id).where(events.c.customer_ref == ref, events.c.type.in_(billing)),
    )


def _any(tx: Transaction, query: Any) -> bool:
    return tx.connection.execute(query.limit(1)).first() is not None


def _found(tx: Transaction, *conditions: Any) -> list[Asked]:
    e = erasures_asked.c
    columns = [e[name] for name in Asked.__dataclass_fields__]
    rows = tx.connection.execute(
        select(*columns).where(*conditions).order_by(e.due_at, e.processor)
    )
    return [Asked(*row) for row in rows]
