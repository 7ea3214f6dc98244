"""The chain of custody: everything that befell an item of post, in the order of time.

Lines are only ever added. Who did what, and on whose authority, is sealed: the names of people.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import Contradiction, Custody, PostAction, Reason
from store import bulk
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import custody


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that befell an item. ``by`` did it on an ``authority``; ``carrier`` took it."""

    item_id: str
    at: datetime
    what: Custody
    do: PostAction | None = None
    why: Reason | None = None
    contradiction: Contradiction | None = None
    destination_id: str | None = None
    reference: str | None = None
    event_id: UUID | None = None
    by: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    carrier: str | None = None
    how: str | None = None


_SEALED = ("by", "authority", "carrier", "how")
_PLAIN = tuple(column.name for column in custody.c if column.name not in {"id", "content"})


def add(tx: Transaction, customer_ref: str | None, lines: Sequence[Line]) -> None:
    """Add lines, under the key of the items' customer where there is one."""
    rows = []
    for line in lines:
        row_id = tx.new_id()
        told = {name: value for name in _SEALED if (value := getattr(line, name)) is not None}
        place = f"custody.content:{row_id}"
        content = tx.seal(customer_ref, place, json.dumps(told).encode()) if told else None
        plain = {name: getattr(line, name) for name in _PLAIN}
        rows.append({"id": row_id, **plain, "content": content})
    bulk.insert_rows(tx, custody, rows)


def of_item(tx: Transaction, item_id: str) -> list[Line]:
    """Give an item's lines in the order of time."""
    rows = tx.connection.execute(
        select(custody).where(custody.c.item_id == item_id).order_by(custody.c.at, custody.c.id)
    ).mappings()
    return [_line(tx, row) for row in rows.all()]


def told_by(tx: Transaction, item_ids: Sequence[str]) -> dict[str, UUID]:
    """Give, for each item, the event that last told what it is: its arrival, or its scan."""
    c = custody.c
    rows = tx.connection.execute(
        select(c.item_id, c.event_id)
        .where(
            c.item_id.in_(sorted(item_ids)),
            c.what.in_([Custody.RECEIVED, Custody.SCANNED]),
            c.event_id.is_not(None),
        )
        .order_by(c.id)
    )
    return {row.item_id: row.event_id for row in rows}


def _line(tx: Transaction, row: Any) -> Line:
    told: dict[str, Any] = {}
    if row["content"] is not None:
        with suppress(Unopenable, KeyError):  # erased with its customer's key
            told = json.loads(tx.open(f"custody.content:{row['id']}", row["content"]))
    return Line(**{name: row[name] for name in _PLAIN}, **told)
