"""What was reported against an instruction or a record, until an operator has seen to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from contracts.vocabulary import Contradiction
from store import bulk
from store.engine import Transaction
from store.tables import contradictions


@dataclass(frozen=True, slots=True)
class Contradicted:
    """One of them."""

    id: UUID
    item_id: str | None
    customer_ref: str
    event_id: UUID
    what: Contradiction
    at: datetime
    closed_at: datetime | None


def put(
    tx: Transaction,
    customer_ref: str,
    event_id: UUID,
    found: Sequence[tuple[str | None, Contradiction]],
) -> None:
    """Raise what an event has reported of some items, or of none, to attention."""
    rows = [
        {
            "id": tx.new_id(),
            "item_id": item_id,
            "customer_ref": customer_ref,
            "event_id": event_id,
            "what": what,
            "at": tx.now,
        }
        for item_id, what in found
    ]
    bulk.insert_rows(tx, contradictions, rows)


def among(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Contradicted]:
    """Give those that are known among some ids."""
    c = contradictions
    rows = tx.connection.execute(select(c).where(bulk.among(tx, c.c.id, sorted(ids))))
    return {row.id: Contradicted(*row) for row in rows}


def close(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Note that an operator has seen to some."""
    c = contradictions
    tx.connection.execute(
        update(c)
        .where(bulk.among(tx, c.c.id, sorted(ids)), c.c.closed_at.is_(None))
        .values(closed_at=tx.now)
    )
