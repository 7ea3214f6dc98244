"""What publishers are told: rows committed with what they tell, listed and published later.

An outcome's id is made from what it is about (delivery and transition, or event and name), so
that telling it twice is recognisable. ``facts`` are plain; ``content`` is what is personal.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from contracts.vocabulary import Role
from store import bulk
from store.engine import Transaction
from store.tables import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing to tell. ``audience`` is ``publisher:NAME`` or ``role:ROLE``."""

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


def give_positions(tx: Transaction, limit: int = 2_000) -> int:
    """Put committed outcomes into one order. Call under the outbox's lease alone."""
    rows = tx.connection.execute(
        select(outbox.c.id)
        .where(outbox.c.position.is_(None))
        .order_by(outbox.c.at, outbox.c.id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    last = tx.connection.execute(select(func.max(outbox.c.position))).scalar() or 0
    placed = [{"id": row.id, "position": last + 1 + i} for i, row in enumerate(rows)]
    bulk.update_rows(tx, outbox, ["id"], placed)
    return len(rows)


def unpublished(tx: Transaction, limit: int = 1_000) -> list[Outcome]:
    """Give listed outcomes that have not gone to the broker, in order."""
    rows = tx.connection.execute(
        select(outbox)
        .where(outbox.c.published_at.is_(None), outbox.c.position.is_not(None))
        .order_by(outbox.c.position)
        .limit(limit)
    ).mappings()
    return [_outcome(tx, row) for row in rows.all()]


def mark_published(tx: Transaction, positions: Iterable[int]) -> None:
    """Note that the broker confirmed these."""
    tx.connection.execute(
        update(outbox)
        .where(bulk.among(tx, outbox.c.position, list(positions)))
        .values(published_at=tx.now)
    )


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
