"""What came for a former customer after their records were destroyed, and has to go too?

Certificates are looked through some at a time, so that no turn goes through all of them. Where
something came, those of that customer stand open again: what came is destroyed as the rest was, and
they are written anew, with what went altogether.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select, update

from contracts.events import TYPES
from contracts.vocabulary import Retention
from store import tables as t
from store.bulk import among
from store.engine import Transaction
from store.rights import untouched
from store.rights.erasing import UNSETTLED
from store.rights.retaining import IN_BILLING, IN_CONTACT, IN_CONTENT, IN_SENDS

# Whatever comes brings an event or a delivery; the ledger is not gone through for it.
_TABLES: dict[Retention, tuple[Table, ...]] = {
    Retention.CONTENT: IN_CONTENT,
    Retention.SENDS: (t.deliveries, t.outbox, t.items, *IN_SENDS),
    Retention.BILLING: IN_BILLING,
    Retention.CONTACT: IN_CONTACT,
    Retention.IDENTITY: (t.identities,),
}


@dataclass(frozen=True, slots=True)
class Looked:
    """How many customers' certificates stand open again, and after whom to go on; none: anew."""

    reopened: int
    upto: str | None


def reopen_some(tx: Transaction, after: str | None, settled_before: datetime, limit: int) -> Looked:
    """Look through the certificates of so many customers, and open those that are true no more.

    Left alone is who came back, whose records nothing destroys for now, and of whom something is
    under way still, or was after ``settled_before``: an event, a request, a complaint.
    """
    d, c = t.destructions.c, t.customers.c
    beyond = [] if after is None else [d.customer_ref > after]
    some = select(d.customer_ref).where(d.destroyed_at.is_not(None), *beyond).distinct()
    refs = list(tx.connection.execute(some.order_by(d.customer_ref).limit(limit)).scalars())
    found = select(d.customer_ref, d.retention).where(
        among(tx, d.customer_ref, refs),
        d.customer_ref == c.ref,
        d.ended_at >= c.terminated_at,
        d.destroyed_at.is_not(None),
        *untouched.may_go(),
    )
    of_class: dict[Retention, list[str]] = {}
    for row in tx.connection.execute(found):
        of_class.setdefault(row.retention, []).append(row.customer_ref)
    late: set[str] = set()
    for retention, theirs in of_class.items():
        late |= _came(tx, retention, theirs)
    late -= _busy(tx, sorted(late), settled_before)
    tx.connection.execute(
        update(t.destructions)
        .where(among(tx, d.customer_ref, sorted(late)), d.destroyed_at.is_not(None))
        .values(begun_at=None, destroyed_at=None)
    )
    return Looked(len(late), refs[-1] if len(refs) == limit else None)


def _came(tx: Transaction, retention: Retention, refs: Sequence[str]) -> set[str]:
    e = t.events.c
    types = sorted(name for name, kind in TYPES.items() if kind.retention is retention)
    found = _among(tx, t.events, refs, among(tx, e.type, types))
    for table in _TABLES[retention]:
        found |= _among(tx, table, refs)
    return found


def _busy(tx: Transaction, refs: Sequence[str], settled_before: datetime) -> set[str]:
    e, s, i = t.events.c, t.deliveries.c, t.items.c
    found = _among(tx, t.events, refs, e.received_at > settled_before)
    found |= _among(tx, t.deliveries, refs, s.status.in_(UNSETTLED))
    found |= _among(tx, t.items, refs, i.done_at.is_(None))
    for table in (t.rights_requests, t.complaints):
        closed_at = table.c.closed_at
        found |= _among(tx, table, refs, closed_at.is_(None) | (closed_at > settled_before))
    return found


def _among(
    tx: Transaction, table: Table, refs: Sequence[str], *conditions: ColumnElement[bool]
) -> set[Any]:
    ref = table.c.customer_ref
    found = select(ref).where(among(tx, ref, refs), *conditions).distinct()
    return set(tx.connection.execute(found).scalars())
