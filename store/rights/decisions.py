"""What did people decide about a record or a case, who, and when? Nothing decided is changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import Decided
from store import bulk
from store.engine import Transaction
from store.tables import decisions


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; ``act_id`` is of the act in the audit, which says why."""

    act_id: UUID
    about: str
    decided: Decided
    actor: str
    at: datetime


def put(tx: Transaction, act_id: UUID, about: Iterable[str], decided: Decided, actor: str) -> None:
    """Put on record what one act decided about some things."""
    rows = [
        {"act_id": act_id, "about": one, "decided": decided, "actor": actor, "at": tx.now}
        for one in about
    ]
    bulk.insert_rows(tx, decisions, rows)


def about(tx: Transaction, names: Sequence[str]) -> list[Decision]:
    """Give all that was decided about some things, in the order of time."""
    d = decisions.c
    rows = tx.connection.execute(
        select(decisions)
        .where(bulk.among(tx, d.about, sorted(set(names))))
        .order_by(d.at, d.act_id, d.about)
    )
    return [Decision(row.act_id, row.about, row.decided, row.actor, row.at) for row in rows]
