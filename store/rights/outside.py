"""What is the register outside the database told, beside erasures? Who opted out, or in again.

A backup knows nothing of who opted out since it was taken: restored, it would have them written to
again. So each such change leaves an entry in its own transaction, of keyed digests alone, and
upkeep tells the register once that is committed (``store.rights.erasure_register``). Therefore the
register knows nothing that the database never did: what it knows and the database does not shows
that a backup was restored. An erasure leaves an entry too, for that alone.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from contracts.vocabulary import Channel, Purpose, SuppressedBy
from store import bulk
from store.engine import Transaction
from store.rights import erased
from store.tables import outside_entries

PLACES, WITHDRAWN, OBJECTED = "places", "withdrawn", "objected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``content`` is JSON, and says what changed."""

    id: UUID
    at: datetime
    content: str


def note_places(tx: Transaction, rows: Iterable[Any]) -> None:
    """Note rows of ``suppressions`` as they now stand; what a mail server said is no opting out."""
    said = [
        {
            "place": row.value_index.hex(),
            "purpose": row.purpose.value,
            "reason": row.reason.value,
            "set_by": None if row.set_by is None else row.set_by.value,
            "since": row.since.isoformat(),
            "lifted_at": None if row.lifted_at is None else row.lifted_at.isoformat(),
        }
        for row in rows
        if row.set_by is not SuppressedBy.BOUNCE
    ]
    if said:
        _note(tx, {PLACES: said})


def note_withdrawal(
    tx: Transaction, ref: str, purpose: Purpose, channel: Channel, at: datetime
) -> None:
    """Note that a customer no longer agrees to what they had agreed to."""
    index = erased.index_of(tx, ref).hex()
    agreed = {"purpose": purpose.value, "channel": channel.value, "at": at.isoformat()}
    _note(tx, {WITHDRAWN: {"customer": index} | agreed})


def note_objection(tx: Transaction, ref: str) -> None:
    """Note that a customer objects to what rests on our interests alone."""
    index = erased.index_of(tx, ref).hex()
    _note(tx, {OBJECTED: {"customer": index, "at": tx.now.isoformat()}})


def note_erasure(tx: Transaction) -> None:
    """Note that somebody was erased; whom, the register was told before."""
    _note(tx, {})


def untold(tx: Transaction, limit: int) -> list[Entry]:
    """Give what the register outside is to be told yet, the earliest first."""
    e = outside_entries.c
    rows = tx.connection.execute(
        select(e.id, e.at, e.content).where(e.told_at.is_(None)).order_by(e.id).limit(limit)
    )
    return [Entry(*row) for row in rows]


def told(tx: Transaction, ids: Collection[UUID]) -> None:
    """Note that the register has some; what they said stands there alone from now on."""
    e = outside_entries.c
    tx.connection.execute(
        update(outside_entries)
        .where(bulk.among(tx, e.id, sorted(ids)))
        .values(told_at=tx.now, content=None)
    )


def know(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Note that these stand in the register, and that what they say was done here."""
    rows = [{"id": one.id, "at": one.at, "told_at": tx.now} for one in entries]
    bulk.insert_rows(tx, outside_entries, rows, skip_existing=True)


def last_told(tx: Transaction) -> UUID | None:
    """Give the last entry that the register was told of, as far as this database knows."""
    e = outside_entries.c
    last = select(e.id).where(e.told_at.is_not(None)).order_by(e.id.desc()).limit(1)
    found: UUID | None = tx.connection.execute(last).scalar()
    return found


def unknown(tx: Transaction, ids: Collection[UUID]) -> list[UUID]:
    """Give which of these entries this database knows nothing of, the earliest first."""
    e = outside_entries.c
    known = tx.connection.execute(select(e.id).where(bulk.among(tx, e.id, sorted(ids)))).scalars()
    return sorted(set(ids) - set(known))


def _note(tx: Transaction, said: dict[str, Any]) -> None:
    row = {"id": tx.new_id(), "at": tx.now, "content": json.dumps(said)}
    tx.connection.execute(insert(outside_entries), row)
