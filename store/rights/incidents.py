"""Which breaches were there, since when do we know of each, and which sends does it concern?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from contracts.vocabulary import Channel
from store import bulk
from store.engine import Transaction
from store.rights import untouched
from store.rights.affected import Sent, Wrong
from store.tables import incident_sends, incidents

_INSTANTS = ("since", "until")


@dataclass(frozen=True, slots=True)
class Incident:
    """One breach; ``what`` happened, and by what its sends are known."""

    id: UUID
    opened_by: str
    opened_at: datetime
    aware_at: datetime
    due_at: datetime
    closed_at: datetime | None
    what: str = field(repr=False)
    wrong: Wrong = field(repr=False)


def put(
    tx: Transaction,
    what: str,
    wrong: Wrong,
    sends: Sequence[Sent],
    aware_at: datetime,
    due_at: datetime,
    opened_by: str,
) -> UUID:
    """Open one, with the sends that it concerns as they are found now."""
    row_id = tx.new_id()
    content = {"what": what, "wrong": asdict(wrong)}
    plain = json.dumps(content, default=datetime.isoformat).encode()
    tx.connection.execute(
        insert(incidents).values(
            id=row_id,
            opened_by=opened_by,
            opened_at=tx.now,
            aware_at=aware_at,
            due_at=due_at,
            content=tx.seal(None, _place(row_id), plain),
        )
    )
    rows = [
        {
            "incident_id": row_id,
            "entry_id": one.entry_id,
            "delivery_id": one.delivery_id,
            "customer_ref": one.customer_ref,
        }
        for one in sends
    ]
    bulk.insert_rows(tx, incident_sends, rows)
    return row_id


def find(tx: Transaction, incident_id: UUID) -> Incident | None:
    """Give one, held until the end of the transaction."""
    where = incidents.c.id == incident_id
    found = _found(tx, select(incidents).where(where).with_for_update())
    return found[0] if found else None


def listed(tx: Transaction, *, closed: bool = False) -> list[Incident]:
    """Give those that are not closed, the first due first; the closed ones where asked for."""
    which = [] if closed else [incidents.c.closed_at.is_(None)]
    return _found(tx, select(incidents).where(*which).order_by(incidents.c.due_at, incidents.c.id))


def entries_of(tx: Transaction, incident_id: UUID) -> list[UUID]:
    """Give the sends that one concerns, by their first entries on the ledger."""
    s = incident_sends.c
    found = select(s.entry_id).where(s.incident_id == incident_id).order_by(s.entry_id)
    return list(tx.connection.execute(found).scalars())


def close(tx: Transaction, incident_id: UUID) -> None:
    """Note that all about it is done."""
    where = incidents.c.id == incident_id
    tx.connection.execute(update(incidents).where(where).values(closed_at=tx.now))


def forget(tx: Transaction, closed_before: datetime) -> int:
    """Delete those that were closed before an instant.

    What concerns somebody whose records are left alone stays.
    """
    i, s = incidents.c, incident_sends.c
    kept = exists().where(s.incident_id == i.id, s.customer_ref.in_(untouched.refs()))
    gone = tx.connection.execute(delete(incidents).where(i.closed_at < closed_before, ~kept))
    tx.connection.execute(delete(incident_sends).where(s.incident_id.not_in(select(i.id))))
    return int(gone.rowcount)


def _found(tx: Transaction, query: Any) -> list[Incident]:
    return [
        Incident(
            row.id,
            row.opened_by,
            row.opened_at,
            row.aware_at,
            row.due_at,
            row.closed_at,
            *_content(tx.open(_place(row.id), row.content)),
        )
        for row in tx.connection.execute(query)
    ]


def _content(plain: bytes) -> tuple[str, Wrong]:
    content = json.loads(plain)
    wrong = content["wrong"]
    for name in _INSTANTS:
        wrong[name] = None if wrong[name] is None else datetime.fromisoformat(wrong[name])
    wrong["channel"] = None if wrong["channel"] is None else Channel(wrong["channel"])
    return content["what"], Wrong(**wrong)


def _place(incident_id: UUID) -> str:
    return f"incidents.content:{incident_id}"
