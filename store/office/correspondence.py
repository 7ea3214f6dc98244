"""The emails that went to and fro with a customer, each once by its Message-ID, in threads.

What is told differently under one Message-ID is kept beside what was told first. Threads are
computed when they are read, from what answers what: an answer may come before its question.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from contracts.vocabulary import Direction
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.ids import read_id
from store.tables import correspondence, deliveries

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """One email on record; ``told`` is none where the key to it was destroyed.

    ``thread`` is the id of the earliest email of its thread. ``variant`` counts what was told
    under the same Message-ID. ``delivery_id`` is the email of ours that it is, or that it answers.
    """

    id: UUID
    thread: UUID
    variant: int
    direction: Direction
    at: datetime
    delivery_id: UUID | None
    told: Told | None = field(repr=False)


def add(
    tx: Transaction, event_id: UUID, ref: str, direction: Direction, at: datetime, told: Told
) -> int | None:
    """Keep an email; give how many others stand under its Message-ID, or none if it is there.

    ``told`` is the email as the event tells of it. The caller holds its name alone.
    """
    c = correspondence.c
    plain = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    digest = tx.store.root.digest(plain)
    message_index = index_of(tx, told["message_id"])
    known = tx.connection.execute(
        select(c.digest).where(c.customer_ref == ref, c.message_index == message_index)
    ).scalars()
    digests = list(known)
    if digest in digests:
        return None
    answers = told.get("in_reply_to")
    own = _own_delivery(tx, ref, [told["message_id"], *([answers] if answers else [])])
    tx.connection.execute(
        insert(correspondence).values(
            id=event_id,
            customer_ref=ref,
            direction=direction,
            message_index=message_index,
            variant=len(digests),
            reply_index=None if answers is None else index_of(tx, answers),
            delivery_id=own,
            content=tx.seal(
                ref,
                f"correspondence.content:{event_id}",
                json.dumps(told | {"content_sha256": sha256(plain).hexdigest()}).encode(),
            ),
            digest=digest,
            at=at,
            recorded_at=tx.now,
        )
    )
    return len(digests)


def index_of(tx: Transaction, message_id: str) -> bytes:
    """Give the keyed digest of a Message-ID, with or without its angle brackets."""
    return tx.store.root.index("message-id", _bare(message_id))


def of_customer(tx: Transaction, ref: str, limit: int) -> list[Letter]:
    """Give a customer's emails, the thread with the newest one first, in each by time."""
    c = correspondence.c
    query = select(correspondence).where(c.customer_ref == ref).order_by(c.at.desc(), c.id.desc())
    rows = list(tx.connection.execute(query.limit(limit)))
    rows.reverse()
    tx.prepare_opening(row.content for row in rows)
    threads = _threads(rows)
    newest = {threads[row.id]: place for place, row in enumerate(rows)}
    rows.sort(key=lambda row: -newest[threads[row.id]])  # stable: by time within a thread
    return [
        Letter(
            id=row.id,
            thread=threads[row.id],
            variant=row.variant,
            direction=row.direction,
            at=row.at,
            delivery_id=row.delivery_id,
            told=_opened(tx, row),
        )
        for row in rows
    ]


def _threads(rows: Sequence[Any]) -> dict[UUID, UUID]:
    """Give each email's thread: all that are joined by what answers what, however far apart.

    What answers an email that nobody told us of is one thread with whatever else answers it.
    """
    above: dict[bytes, bytes] = {}

    def top(index: bytes) -> bytes:
        while index in above:
            index = above[index]
        return index

    for row in rows:
        if row.reply_index is not None:
            one, other = top(row.message_index), top(row.reply_index)
            if one != other:
                above[one] = other
    first: dict[bytes, UUID] = {}
    return {row.id: first.setdefault(top(row.message_index), row.id) for row in rows}


def _own_delivery(tx: Transaction, ref: str, message_ids: Iterable[str]) -> UUID | None:
    """The delivery to this customer that a Message-ID of ours names; none where none does."""
    for message_id in message_ids:
        found = read_id(_bare(message_id).partition("@")[0])
        if found is None:
            continue
        d = deliveries.c
        wanted = select(d.id).where(d.id == found, d.customer_ref == ref)
        own = tx.connection.execute(wanted).scalar()
        if own is not None:
            return UUID(str(own))
    return None


def _bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


def _opened(tx: Transaction, row: Any) -> Told | None:
    try:
        told: Told = json.loads(tx.open(f"correspondence.content:{row.id}", row.content))
    except (KeyError, Unopenable):  # destroyed
        return None
    return told
