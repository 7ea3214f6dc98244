"""What publishers are told: rows committed with what they tell, listed and published later.

An outcome's id is made from what it is about (delivery and transition, or event and name), so
that telling it twice is recognisable. ``facts`` are plain; ``content`` is what is personal.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from contracts.vocabulary import Role
from store import bulk
from store.engine import Transaction
from store.tables import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing to tell; ``audience`` is ``publisher:NAME``, ``role:ROLE``, ``processor:NAME``."""

    id: str
    audience: str
    name: str
    at: datetime
    facts: Mapping[str, Any]
    content: Mapping[str, Any] | None = None
    customer_ref: str | None = None
    event_id: UUID | None = None
    delivery_id: UUID | None = None
    position: int | None = field(default=None, compare=False)


def to_publisher(name: str) -> str:
    """The audience of one publisher."""
    return f"publisher:{name}"


def to_role(role: Role) -> str:
    """The audience of every publisher with a role."""
    return f"role:{role.value}"


def to_processor(name: str) -> str:
    """The audience of the one publisher that is a processor, if there is one."""
    return f"processor:{name}"


def add(tx: Transaction, outcomes: Iterable[Outcome]) -> None:
    """Commit outcomes with the transaction that makes them true. A repeated id is left out."""
    rows = [
        {
            "id": o.id,
            "audience": o.audience,
            "name": o.name,
            "customer_ref": o.customer_ref,
            "event_id": o.event_id,
            "delivery_id": o.delivery_id,
            "facts": json.dumps(dict(o.facts)),
            "content": None
            if o.content is None
            else tx.seal(
                o.customer_ref, f"outbox.content:{o.id}", json.dumps(dict(o.content)).encode()
            ),
            "at": o.at,
        }
        for o in outcomes
    ]
    bulk.insert_rows(tx, outbox, rows, skip_existing=True)


def give_positions(tx: Transaction, limit: int = 2_000, older_than: float = 0) -> int:
    """Put committed outcomes into one order. Call under the outbox's lease alone.

    ``older_than`` seconds leaves the younger ones to whoever publishes them, which lists them too.
    """
    rows = tx.connection.execute(
        select(outbox.c.id)
        .where(outbox.c.position.is_(None), outbox.c.at <= tx.now - timedelta(seconds=older_than))
        .order_by(outbox.c.at, outbox.c.id)
        .limit(limit)
    ).all()
    _place(tx, [row.id for row in rows])
    return len(rows)


def unpublished(tx: Transaction, limit: int = 1_000) -> list[Outcome]:
    """Give outcomes that have not gone to the broker: the listed ones in their order first."""
    listed = (
        select(outbox)
        .where(outbox.c.published_at.is_(None), outbox.c.position.is_not(None))
        .order_by(outbox.c.position)
    )
    unlisted = select(outbox).where(outbox.c.position.is_(None)).order_by(outbox.c.at, outbox.c.id)
    found: list[Outcome] = []
    for statement in (listed, unlisted):
        if left := limit - len(found):
            rows = tx.connection.execute(statement.limit(left)).mappings().all()
            found += [_outcome(tx, row) for row in rows]
    return found


def mark_published(tx: Transaction, outcomes: Iterable[Outcome]) -> None:
    """Note that the broker confirmed these; those without a place in the order get the next ones.

    Both at once, because each further write of a row costs as much as its first.
    """
    published = list(outcomes)
    listed = [{"id": o.id, "published_at": tx.now} for o in published if o.position is not None]
    bulk.update_rows(tx, outbox, ["id"], listed)
    _place(tx, [o.id for o in published if o.position is None], published_at=tx.now)


def _place(tx: Transaction, ids: Sequence[str], **more: Any) -> None:
    if not ids:
        return
    last = tx.connection.execute(select(func.max(outbox.c.position))).scalar() or 0
    rows = [{"id": row_id, "position": last + 1 + i, **more} for i, row_id in enumerate(ids)]
    # one that another way of listing has placed meanwhile keeps its place
    bulk.update_rows(tx, outbox, ["id"], rows, only_if="t.position IS NULL")


def after(tx: Transaction, audiences: Iterable[str], position: int, limit: int) -> list[Outcome]:
    """Give one reader's outcomes beyond a position, in order."""
    rows = tx.connection.execute(
        select(outbox)
        .where(
            outbox.c.position > position,
            or_(*(outbox.c.audience == audience for audience in audiences)),
        )
        .order_by(outbox.c.position)
        .limit(limit)
    ).mappings()
    return [_outcome(tx, row) for row in rows.all()]


def _outcome(tx: Transaction, row: Any) -> Outcome:
    content = None
    if row["content"] is not None:
        content = json.loads(tx.open(f"outbox.content:{row['id']}", row["content"]))
    return Outcome(
        id=row["id"],
        audience=row["audience"],
        name=row["name"],
        at=row["at"],
        facts=json.loads(row["facts"]),
        content=content,
        customer_ref=row["customer_ref"],
        event_id=row["event_id"],
        delivery_id=row["delivery_id"],
        position=row["position"],
    )
