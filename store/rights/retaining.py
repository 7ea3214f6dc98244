"""What is destroyed when its time is over, one class of one customer's records after another.

Its key goes first, so that no copy of a row can be opened any more; then its rows, a part at a
time. The ledger keeps its entries without what was sealed in them: the chain still verifies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, exists, insert, select, update

from contracts.events import TYPES
from contracts.vocabulary import Retention
from store import bulk
from store import tables as t
from store.encryption.keys import owned_by_key
from store.engine import Transaction
from store.rights import destroying, forgetting_acts, untouched
from store.rights.erasing import (
    OF_DELIVERIES,
    delete_events,
    delete_identities,
    destroy_keys,
)

IN_CONTACT: Final[tuple[Table, ...]] = (
    t.services,
    t.numbers,
    t.names,
    t.destinations,
    t.earlier_values,
    t.rule_sets,
    t.consents,
    t.individuals,
    t.information_requests,
)
IN_CONTENT: Final[tuple[Table, ...]] = (t.replies, t.notes, t.correspondence)
IN_BILLING: Final[tuple[Table, ...]] = (t.subscriptions, t.payment_requests)
IN_SENDS: Final[tuple[Table, ...]] = (
    t.notice_recipients,
    t.contradictions,
    t.contests,
    t.supplier_disclosures,
    t.rights_requests,
    t.complaints,
    t.disclosure_subjects,
    t.incident_sends,
)
_OF_DELIVERIES: Final = (*OF_DELIVERIES, t.gathered)


@dataclass(frozen=True, slots=True)
class Over:
    """A class of a customer's records whose time is over, and when that time began."""

    customer_ref: str
    retention: Retention
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What one part of the work destroyed; ``done`` says that nothing of the class is left.

    ``upto`` is the ledger entry that the next part may begin after.
    """

    rows: int
    files: tuple[str, ...]
    done: bool
    upto: UUID | None = None


def over(tx: Transaction, retention: Retention, ended_before: datetime, limit: int) -> list[Over]:
    """Give customers whose services ended before an instant, and whose records of a class stand.

    Whoever's are left alone (``store.rights.untouched``) is left out; so is who has been served
    again since.
    """
    c = t.customers.c
    rows = tx.connection.execute(
        select(c.ref, c.terminated_at)
        .where(c.terminated_at <= ended_before, *standing(retention))
        .order_by(c.terminated_at, c.ref)
        .limit(limit)
    )
    return [Over(row.ref, retention, row.terminated_at) for row in rows]


def standing(retention: Retention) -> tuple[ColumnElement[bool], ...]:
    """Say of a row of ``customers`` that a class of theirs stands, and may go."""
    c, d = t.customers.c, t.destructions.c
    destroyed = exists().where(
        d.customer_ref == c.ref,
        d.retention == retention,
        d.destroyed_at.is_not(None),
        d.ended_at >= c.terminated_at,  # served again, and ended later: all since is to go too
    )
    return ~destroyed, *untouched.may_go()


def is_over(tx: Transaction, one: Over) -> bool:
    """Whether a class may go still; the caller holds the customer alone.

    Not where they are served again, or their records are left alone (``store.rights.untouched``),
    since they were looked for.
    """
    c = t.customers.c
    still = select(c.ref).where(
        c.ref == one.customer_ref, c.terminated_at == one.ended_at, *standing(one.retention)
    )
    return tx.connection.execute(still).first() is not None


def begin(tx: Transaction, one: Over) -> bool:
    """Destroy the key of a class that is over: nothing it sealed opens any more, wherever it lies.

    Gives whether that is new: false where some of it is still to go since an earlier turn.
    """
    d = t.destructions.c
    this = (d.customer_ref == one.customer_ref) & (d.retention == one.retention)
    begun = (d.begun_at.is_not(None), d.destroyed_at.is_(None), d.ended_at == one.ended_at)
    is_new = tx.connection.execute(select(d.rows).where(this, *begun)).first() is None
    if is_new:
        row = {
            "customer_ref": one.customer_ref,
            "retention": one.retention,
            "ended_at": one.ended_at,
            "begun_at": tx.now,
            "destroyed_at": None,
        }
        bulk.insert_rows(tx, t.destructions, [row | {"rows": 0, "files": 0}], skip_existing=True)
        tx.connection.execute(update(t.destructions).where(this).values(row))
    destroy_keys(tx, one.customer_ref, one.retention)
    return is_new


def destroy_some(tx: Transaction, one: Over, limit: int, after: UUID | None = None) -> Destroyed:
    """Destroy about so many rows of a class, and certify them; call again until it is done.

    ``after`` is the ``upto`` of the part before, so that a million entries are not gone through for
    each part. Only a part without it is the last: by then all have been looked at once more.
    """
    destroying.allow(tx)
    upto: UUID | None = None
    match one.retention:
        case Retention.CONTENT:
            rows, files = _events(tx, one, limit)
            for table in IN_CONTENT:
                rows += _some(tx, table, one.customer_ref, limit - rows)
        case Retention.BILLING:
            rows, files = _events(tx, one, limit)
            rows += _whole(tx, IN_BILLING, one.customer_ref, limit - rows)
        case Retention.SENDS:
            rows, upto = _sends(tx, one.customer_ref, limit, after)
            files = ()
        case Retention.CONTACT:
            rows, files = _events(tx, one, limit)
            rows += _whole(tx, IN_CONTACT, one.customer_ref, limit - rows)
            _blank_customer(tx, one.customer_ref)
        case Retention.IDENTITY:
            rows, files = delete_identities(tx, one.customer_ref)
    done = rows < limit and after is None
    d = t.destructions.c
    tx.connection.execute(
        update(t.destructions)
        .where(d.customer_ref == one.customer_ref, d.retention == one.retention)
        .values(
            rows=d.rows + rows,
            files=d.files + len(files),
            destroyed_at=tx.now if done else None,
        )
    )
    return Destroyed(rows, files, done, upto if rows >= limit else None)


def certificates(tx: Transaction, ref: str | None = None) -> list[Any]:
    """Give what was destroyed, of one customer or of all, the newest last."""
    d = t.destructions.c
    found = select(t.destructions).where(d.destroyed_at.is_not(None))
    found = found.order_by(d.destroyed_at, d.customer_ref, d.retention)
    if ref is not None:
        found = found.where(d.customer_ref == ref)
    return list(tx.connection.execute(found).mappings())


def hold(tx: Transaction, ref: str, reason: str) -> None:
    """Have nothing of a customer destroyed, however old, until that is lifted."""
    row_id = tx.new_id()
    sealed = tx.seal(None, f"legal_holds.reason:{row_id}", reason.encode())
    tx.connection.execute(
        insert(t.legal_holds).values(id=row_id, customer_ref=ref, reason=sealed, since=tx.now)
    )


def lift(tx: Transaction, ref: str) -> int:
    """Lift a customer's legal holds; give how many stood."""
    h = t.legal_holds.c
    lifted = tx.connection.execute(
        update(t.legal_holds)
        .where(h.customer_ref == ref, h.lifted_at.is_(None))
        .values(lifted_at=tx.now)
    )
    return int(lifted.rowcount)


def _events(tx: Transaction, one: Over, limit: int) -> tuple[int, tuple[str, ...]]:
    e = t.events.c
    types = sorted(name for name, kind in TYPES.items() if kind.retention is one.retention)
    chosen = (
        select(e.id)
        .where(e.customer_ref == one.customer_ref, bulk.among(tx, e.type, types))
        .order_by(e.id)
        .limit(limit)
    )
    return delete_events(tx, list(tx.connection.execute(chosen).scalars()))


def _sends(tx: Transaction, ref: str, limit: int, after: UUID | None) -> tuple[int, UUID | None]:
    """The ledger's sealed parts, then what deliveries were, then the rest, with what we did."""
    g, d = t.ledger.c, t.deliveries.c
    beyond = [] if after is None else [g.id > after]
    sealed = select(g.id).where(g.customer_ref == ref, g.personal.is_not(None), *beyond)
    entries = list(tx.connection.execute(sealed.order_by(g.id).limit(limit)).scalars())
    tx.connection.execute(
        update(t.ledger).where(bulk.among(tx, g.id, entries)).values(personal=None)
    )
    rows, upto = len(entries), entries[-1] if entries else after
    if rows >= limit:
        return rows, upto
    ids = list(
        tx.connection.execute(
            select(d.id).where(d.customer_ref == ref).limit(limit - rows)
        ).scalars()
    )
    for table in _OF_DELIVERIES:
        tx.connection.execute(delete(table).where(bulk.among(tx, table.c.delivery_id, ids)))
    tx.connection.execute(delete(t.deliveries).where(bulk.among(tx, d.id, ids)))
    rows += len(ids)
    rows += _some(tx, t.outbox, ref, limit - rows)
    if rows < limit:
        of_items = select(t.items.c.item_id).where(t.items.c.customer_ref == ref)
        tx.connection.execute(delete(t.custody).where(t.custody.c.item_id.in_(of_items)))
        rows += _whole(tx, (*IN_SENDS, t.items), ref, limit - rows)
    if rows < limit:
        rows += forgetting_acts.forget_of(tx, ref, limit - rows)
        h = t.legal_holds.c
        lifted = delete(t.legal_holds).where(h.customer_ref == ref, h.lifted_at.is_not(None))
        rows += int(tx.connection.execute(lifted).rowcount)
    return rows, upto


def _some(tx: Transaction, table: Table, ref: str, limit: int) -> int:
    """Delete up to so many of a customer's rows of a table that may hold very many."""
    if limit <= 0:
        return 0
    chosen = select(table.c.id).where(table.c.customer_ref == ref).limit(limit)
    return int(tx.connection.execute(delete(table).where(table.c.id.in_(chosen))).rowcount)


def _whole(tx: Transaction, tables: Sequence[Table], ref: str, limit: int) -> int:
    """Delete a customer's rows of tables that hold few of them; up to about so many."""
    rows = 0
    for table in tables:
        if rows >= limit:
            break
        gone = tx.connection.execute(delete(table).where(table.c.customer_ref == ref))
        rows += int(gone.rowcount)
    return rows


def _blank_customer(tx: Transaction, ref: str) -> None:
    """Leave that there was a customer, and when, and nothing else."""
    c = t.customers.c
    blank: dict[str, Any] = {"mail_from": None, "sms_sender": None}
    profile = tx.connection.execute(select(c.profile).where(c.ref == ref)).scalar_one()
    if owned_by_key(profile) is None:  # it came later, and went under no key that was destroyed
        blank["profile"] = tx.seal(None, f"customers.profile:{ref}", b"{}")
    tx.connection.execute(
        update(t.customers).where(c.ref == ref).values(revision=c.revision + 1, **blank)
    )
