"""When does what operators did go? With the records of whom it concerned; else so long after.

An act that concerned several customers goes when the last of them is over; until then what it did
to the others stays. Decisions go with the acts that took them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from contracts.vocabulary import Retention
from store.bulk import among
from store.engine import Transaction
from store.rights import untouched
from store.tables import (
    act_targets,
    acts,
    customers,
    decisions,
    destructions,
    disclosures,
    incidents,
)


def forget_of(tx: Transaction, ref: str, limit: int) -> int:
    """Delete, of up to so many acts, what was done to a customer; give how many rows went."""
    a, d = act_targets.c, decisions.c
    theirs = select(a.act_id).where(a.customer_ref == ref).distinct().limit(limit)
    ids = list(tx.connection.execute(theirs).scalars())
    about = exists().where(a.act_id == d.act_id, a.target == d.about, a.customer_ref == ref)
    tx.connection.execute(delete(decisions).where(among(tx, d.act_id, ids), about))
    gone = tx.connection.execute(
        delete(act_targets).where(among(tx, a.act_id, ids), a.customer_ref == ref)
    )
    others = select(a.act_id).where(among(tx, a.act_id, ids), a.customer_ref.is_not(None))
    still = set(tx.connection.execute(others).scalars())
    return int(gone.rowcount) + _delete(tx, [one for one in ids if one not in still])


def silence(tx: Transaction, ref: str) -> None:
    """Erase why something was done to somebody, in whatever words; that it was done stays."""
    a = act_targets.c
    about = or_(a.customer_ref == ref, a.target == ref)
    theirs = select(a.act_id).where(about)
    tx.connection.execute(update(acts).where(acts.c.id.in_(theirs)).values(reason=None))
    tx.connection.execute(
        update(act_targets).where(a.customer_ref == ref).values(customer_ref=None)
    )


def forget(tx: Transaction, done_before: datetime) -> int:
    """Delete acts of before an instant that concern nobody whose sends are still on record.

    What was done about a disclosure or an incident stays for as long as that does.
    """
    a = act_targets.c
    cases = [
        str(one)
        for table in (disclosures, incidents)
        for one in tx.connection.execute(select(table.c.id)).scalars()
    ]
    concerns = or_(_on_record(), a.customer_ref.in_(untouched.refs()), among(tx, a.target, cases))
    kept = exists().where(a.act_id == acts.c.id, concerns)
    found = select(acts.c.id).where(acts.c.at < done_before, ~kept)
    return _delete(tx, list(tx.connection.execute(found).scalars()))


def _on_record() -> ColumnElement[bool]:
    a, c, d = act_targets.c, customers.c, destructions.c
    over = exists().where(
        d.customer_ref == c.ref, d.retention == Retention.SENDS, d.destroyed_at.is_not(None)
    )
    return exists().where(c.ref == a.customer_ref, ~over)


def _delete(tx: Transaction, ids: Sequence[UUID]) -> int:
    gone = tx.connection.execute(delete(acts).where(among(tx, acts.c.id, ids)))
    for table in (act_targets, decisions):
        tx.connection.execute(delete(table).where(among(tx, table.c.act_id, ids)))
    return int(gone.rowcount)
