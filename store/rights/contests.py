"""What do people say is wrong about them? It is not used until that is settled (Article 18(1)(a)).

Nothing goes to a contested destination: a claim holds it, and it goes once that is settled. What
suppliers are told of a contested field waits likewise.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, select, update

from contracts.planning import LanePolicy
from contracts.vocabulary import ContestedField, DeliveryStatus, Reason, Settlement
from store.customers.changes import touch
from store.deliveries import ending, holding
from store.deliveries.adding import Due
from store.engine import Transaction
from store.tables import contests, deliveries, destinations

_HOW = "no longer contested"
Contested = str | ContestedField  # a destination by its id, or a field


@dataclass(frozen=True, slots=True)
class Contest:
    """One thing that was said to be wrong, and how that was settled."""

    id: UUID
    customer_ref: str
    destination_id: str | None
    field: ContestedField | None
    rights_request_id: UUID | None
    since: datetime
    settled_at: datetime | None
    settled_as: Settlement | None


def is_in_use(tx: Transaction, ref: str, destination_id: str) -> bool:
    """Whether a customer has a destination of this id."""
    d = destinations.c
    found = select(d.customer_ref).where(
        d.customer_ref == ref, d.destination_id == destination_id, d.removed_at.is_(None)
    )
    return tx.connection.execute(found).first() is not None


def begin(tx: Transaction, ref: str, what: Contested, request: UUID | None) -> None:
    """Have something used no more until it is settled; the caller holds the customer alone."""
    is_field = isinstance(what, ContestedField)
    tx.connection.execute(
        insert(contests).values(
            id=tx.new_id(),
            customer_ref=ref,
            destination_id=None if is_field else what,
            field=what if is_field else None,
            rights_request_id=request,
            since=tx.now,
        )
    )
    if not is_field:
        _mark(tx, ref, what, tx.now)


def settle(
    tx: Transaction, ref: str, what: Contested, settled: Settlement, policy: LanePolicy
) -> list[Due] | None:
    """Have something used again; give what is due by it, or none where nothing stood open.

    What was held for a destination has its deadline counted anew.
    """
    c = contests.c
    closed = tx.connection.execute(
        update(contests)
        .where(c.customer_ref == ref, _is(what), c.settled_at.is_(None))
        .values(settled_at=tx.now, settled_as=settled)
    )
    if not closed.rowcount:
        return None
    if isinstance(what, ContestedField):
        return []
    _mark(tx, ref, what, None)
    # A claim under way may be about to hold one: it has not seen this, and is waited for.
    unsent = ending.unclaimed_of_customer(tx, ref, what, locked=True)
    rows = [row for row in unsent if row["reason"] is Reason.DESTINATION_CONTESTED]
    return holding.let_go(tx, rows, policy, _HOW)


def let_go_settled(tx: Transaction, policy: LanePolicy, limit: int) -> list[Due]:
    """Let go what is still held for destinations that are contested no more; give what is due.

    A claim that had looked just before a settlement, and locked just after it, holds one too late.
    """
    d, p = deliveries.c, destinations.c
    found = tx.connection.execute(
        select(d.id)
        .join(
            destinations,
            and_(p.customer_ref == d.customer_ref, p.destination_id == d.destination_id),
        )
        .where(
            d.status == DeliveryStatus.PENDING,
            d.held_at.is_not(None),
            d.reason == Reason.DESTINATION_CONTESTED,
            p.contested_at.is_(None),
        )
        .order_by(d.id)
        .limit(limit)
    ).scalars()
    return holding.let_go(tx, holding.held_among(tx, list(found)), policy, _HOW)


def standing(tx: Transaction, ref: str, whats: Collection[Contested]) -> list[Contested]:
    """Give those of some things of a customer that are contested now."""
    c = contests.c
    query = select(c.destination_id, c.field).where(c.customer_ref == ref, c.settled_at.is_(None))
    found = {row.field or row.destination_id for row in tx.connection.execute(query)}
    return [what for what in whats if what in found]


def listed(tx: Transaction, ref: str | None, *, settled: bool = False) -> list[Contest]:
    """Give what is contested, the longest first; of one customer or all, the settled on demand."""
    c = contests.c
    query = select(contests).order_by(c.since, c.id)
    if ref is not None:
        query = query.where(c.customer_ref == ref)
    if not settled:
        query = query.where(c.settled_at.is_(None))
    return [Contest(**row) for row in tx.connection.execute(query).mappings()]


def _is(what: Contested) -> ColumnElement[bool]:
    c = contests.c
    return c.field == what if isinstance(what, ContestedField) else c.destination_id == what


def _mark(tx: Transaction, ref: str, destination_id: str, at: datetime | None) -> None:
    d = destinations.c
    values: dict[str, Any] = {"contested_at": at}
    tx.connection.execute(
        update(destinations)
        .where(d.customer_ref == ref, d.destination_id == destination_id)
        .values(**values)
    )
    touch(tx, ref)
