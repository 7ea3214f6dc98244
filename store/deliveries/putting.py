"""How is a plan's whole put on record: each delivery by itself, or into its digest?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.planning import PlannedDelivery
from store import bulk
from store.deliveries import adding
from store.deliveries.adding import Due, Following
from store.deliveries.gathering import Joining, join
from store.engine import Transaction
from store.tables import deliveries


@dataclass(frozen=True, slots=True)
class Put:
    """The rows that are really new, and what is due now. What joined a digest is in neither."""

    rows: tuple[dict[str, Any], ...]
    due: tuple[Due, ...]


def put(
    tx: Transaction,
    after: Following,
    planned: Sequence[PlannedDelivery],
    *,
    marked: bool = False,
) -> Put:
    """Put planned deliveries on record; one that is there already stays as it is."""
    alone = [
        adding.delivery_row(tx, after, each, marked=marked)
        for each in planned
        if each.digest is None
    ]
    due = adding.add(tx, alone)
    join(
        tx,
        [
            Joining(adding.delivery_row(tx, after, each, marked=marked), each.digest.after)
            for each in planned
            if each.digest is not None
        ],
    )
    kept = _kept(tx, alone)
    return Put(
        tuple(row for row in alone if row["id"] in kept),
        tuple(one for one in due if one.delivery_id in kept),
    )


def _kept(tx: Transaction, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Another transaction may have planned the same step first: then ours was left out."""
    if not rows:
        return set()
    ids = sorted(row["id"] for row in rows)
    return set(
        tx.connection.execute(
            select(deliveries.c.id).where(bulk.among(tx, deliveries.c.id, ids))
        ).scalars()
    )
