"""What have authorities asked for, who approved or refused it, and what were they given?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from contracts.vocabulary import DisclosureStatus
from store.engine import Transaction
from store.rights import untouched
from store.tables import disclosure_subjects, disclosures


@dataclass(frozen=True, slots=True)
class Asked:
    """What an authority asks for, and on what ground.

    ``records`` are tables, each with the fields in scope after a colon if not all are:
    `events:received_at,content.data.text`. With ``event_types``, of events these alone. Of what has
    a time, only what is of ``since`` or later, and before ``until``.
    """

    authority: str
    reference: str
    ground: str
    records: tuple[str, ...]
    event_types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One request of an authority's, and how far it has come; ``sha256`` is of the last export."""

    id: UUID
    opened_by: str
    opened_at: datetime
    status: DisclosureStatus
    hidden: bool
    sha256: str | None
    exported_at: datetime | None
    closed_at: datetime | None
    subjects: tuple[str, ...]
    asked: Asked = field(repr=False)


def put(tx: Transaction, asked: Asked, subjects: Sequence[str], opened_by: str) -> UUID:
    """Open one; what was asked is under a key of its own, since it may concern several people."""
    row_id = tx.new_id()
    content = json.dumps(asdict(asked), default=datetime.isoformat).encode()
    tx.connection.execute(
        insert(disclosures).values(
            id=row_id,
            opened_by=opened_by,
            opened_at=tx.now,
            content=tx.seal(None, _place(row_id), content),
            status=DisclosureStatus.OPEN,
            hidden=False,
        )
    )
    rows = [{"disclosure_id": row_id, "customer_ref": ref} for ref in dict.fromkeys(subjects)]
    tx.connection.execute(insert(disclosure_subjects), rows)
    return row_id


def find(tx: Transaction, disclosure_id: UUID) -> Disclosure | None:
    """Give one, held until the end of the transaction."""
    where = disclosures.c.id == disclosure_id
    found = _found(tx, select(disclosures).where(where).with_for_update())
    return found[0] if found else None


def listed(tx: Transaction, *, closed: bool = False) -> list[Disclosure]:
    """Give those that are not closed, the oldest first; the closed ones where asked for."""
    which = [] if closed else [disclosures.c.closed_at.is_(None)]
    return _found(tx, select(disclosures).where(*which).order_by(disclosures.c.id))


def approve(tx: Transaction, one: Disclosure) -> None:
    """Note that enough people have approved it."""
    _change(tx, one, status=DisclosureStatus.APPROVED)


def refuse(tx: Transaction, one: Disclosure) -> None:
    """Note that nothing is disclosed."""
    _change(tx, one, status=DisclosureStatus.REFUSED, closed_at=tx.now)


def exported(tx: Transaction, one: Disclosure, sha256: str) -> None:
    """Note what was handed over, by its digest."""
    _change(
        tx,
        one,
        status=DisclosureStatus.EXPORTED,
        sha256=sha256,
        exported_at=tx.now,
        closed_at=tx.now,
    )


def hide(tx: Transaction, one: Disclosure, *, hidden: bool) -> None:
    """Leave it out of its subjects' copies, or have it in them again."""
    _change(tx, one, hidden=hidden)


def forget(tx: Transaction, closed_before: datetime) -> int:
    """Delete those that were closed before an instant, and those whose subjects are forgotten.

    What is about somebody whose records are left alone stays.
    """
    d, s = disclosures.c, disclosure_subjects.c
    of_nobody = ~exists().where(s.disclosure_id == d.id) & d.closed_at.is_not(None)
    kept = exists().where(s.disclosure_id == d.id, s.customer_ref.in_(untouched.refs()))
    gone = tx.connection.execute(
        delete(disclosures).where((d.closed_at < closed_before) & ~kept | of_nobody)
    )
    left = select(d.id)
    tx.connection.execute(delete(disclosure_subjects).where(s.disclosure_id.not_in(left)))
    return int(gone.rowcount)


def _change(tx: Transaction, one: Disclosure, **values: Any) -> None:
    where = disclosures.c.id == one.id
    tx.connection.execute(update(disclosures).where(where).values(**values))


def _found(tx: Transaction, query: Any) -> list[Disclosure]:
    rows = tx.connection.execute(query).all()
    s = disclosure_subjects.c
    subjects: dict[UUID, list[str]] = {row.id: [] for row in rows}
    theirs = select(disclosure_subjects).where(s.disclosure_id.in_(list(subjects)))
    for row in tx.connection.execute(theirs.order_by(s.customer_ref)):
        subjects[row.disclosure_id].append(row.customer_ref)
    return [
        Disclosure(
            id=row.id,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
            status=row.status,
            hidden=row.hidden,
            sha256=row.sha256,
            exported_at=row.exported_at,
            closed_at=row.closed_at,
            subjects=tuple(subjects[row.id]),
            asked=_asked(tx.open(_place(row.id), row.content)),
        )
        for row in rows
    ]


def _asked(content: bytes) -> Asked:
    found = json.loads(content)
    for name in ("since", "until"):
        found[name] = None if found[name] is None else datetime.fromisoformat(found[name])
    for name in ("records", "event_types"):
        found[name] = tuple(found[name])
    return Asked(**found)


def _place(disclosure_id: UUID) -> str:
    return f"disclosures.content:{disclosure_id}"
