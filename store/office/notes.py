"""What was said by telephone or in person, each note with its versions; nothing is written over.

A note's id is its publisher's. What amends a note is its next version, and both are kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, insert, select

from contracts.vocabulary import EventStatus, NoteChannel
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import events, notes

_TEXTS = ("author", "text")


@dataclass(frozen=True, slots=True)
class Said:
    """What a note says. ``at`` is when it was said; it is to be followed up by ``follow_up_by``."""

    channel: NoteChannel
    at: datetime
    follow_up_by: datetime | None
    author: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """One version of a note. What it says is none where the key to it was destroyed.

    ``first_id`` is the same for all versions; ``withdrawn`` says that its publisher took the event
    back that told of it.
    """

    id: UUID
    first_id: UUID
    version: int
    customer_ref: str
    publisher: str
    note_id: str
    recorded_at: datetime
    withdrawn: bool
    said: Said | None


def named(tx: Transaction, publisher: str, note_id: str) -> list[Note]:
    """Give all versions of the note that a publisher calls so, whatever each itself is called."""
    n = notes.c
    series = select(n.first_id).where(n.publisher == publisher, n.note_id == note_id)
    return _found(tx, _all().where(n.first_id.in_(series)).order_by(n.version))


def named_by_anyone(tx: Transaction, ref: str, note_id: str) -> list[Note]:
    """Give all versions of a customer's note of this id; none where several publishers' have it."""
    n = notes.c
    wanted = select(n.first_id).where(n.customer_ref == ref, n.note_id == note_id).distinct()
    series = list(tx.connection.execute(wanted).scalars())
    if len(series) != 1:
        return []
    return _found(tx, _all().where(n.first_id == series[0]).order_by(n.version))


def add(
    tx: Transaction,
    event_id: UUID,
    ref: str,
    publisher: str,
    note_id: str,
    said: Said,
    before: Sequence[Note] = (),
) -> int:
    """Keep what an event says as a new note, or as the version after ``before``; give which."""
    version = before[-1].version + 1 if before else 1
    plain = json.dumps({name: getattr(said, name) for name in _TEXTS}).encode()
    tx.connection.execute(
        insert(notes).values(
            id=event_id,
            customer_ref=ref,
            publisher=publisher,
            note_id=note_id,
            first_id=before[0].first_id if before else event_id,
            version=version,
            channel=said.channel,
            content=tx.seal(ref, f"notes.content:{event_id}", plain),
            at=said.at,
            follow_up_by=said.follow_up_by,
            recorded_at=tx.now,
        )
    )
    return version


def of_customer(tx: Transaction, ref: str, limit: int) -> list[Note]:
    """Give a customer's notes, the newest first, each followed by its earlier versions."""
    n = notes.c
    wanted = (
        select(n.first_id).where(n.customer_ref == ref, last()).order_by(n.at.desc()).limit(limit)
    )
    chosen = list(tx.connection.execute(wanted).scalars())
    found = _found(tx, _all().where(n.first_id.in_(chosen)).order_by(n.version.desc()))
    return sorted(found, key=lambda one: chosen.index(one.first_id))


def to_follow_up(tx: Transaction, limit: int) -> list[Note]:
    """Give notes whose last version is to be followed up, what is due first of all first."""
    n = notes.c
    wanted = _all().where(n.follow_up_by.is_not(None), last(), ~_withdrawn())
    return _found(tx, wanted.order_by(n.follow_up_by, n.id).limit(limit))


def overdue(tx: Transaction) -> tuple[ColumnElement[bool], ...]:
    """Say of rows of ``notes`` that each should have been followed up by now."""
    return notes.c.follow_up_by <= tx.now, last(), ~_withdrawn()


def last() -> ColumnElement[bool]:
    """Say that a row of ``notes`` is the last version of its note."""
    later = notes.alias("later")
    return ~exists().where(
        and_(later.c.first_id == notes.c.first_id, later.c.version > notes.c.version)
    )


def _withdrawn() -> ColumnElement[bool]:
    return exists().where(and_(events.c.id == notes.c.id, events.c.status == EventStatus.WITHDRAWN))


def _all() -> Select[Any]:
    return select(notes, _withdrawn().label("withdrawn"))


def _found(tx: Transaction, query: Select[Any]) -> list[Note]:
    rows = tx.connection.execute(query).all()
    tx.prepare_opening(row.content for row in rows)
    return [
        Note(
            id=row.id,
            first_id=row.first_id,
            version=row.version,
            customer_ref=row.customer_ref,
            publisher=row.publisher,
            note_id=row.note_id,
            recorded_at=row.recorded_at,
            withdrawn=row.withdrawn,
            said=_said(tx, row),
        )
        for row in rows
    ]


def _said(tx: Transaction, row: Any) -> Said | None:
    try:
        told = json.loads(tx.open(f"notes.content:{row.id}", row.content))
    except (KeyError, Unopenable):  # destroyed
        return None
    return Said(row.channel, row.at, row.follow_up_by, told["author"], told["text"])
