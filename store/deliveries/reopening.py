"""Which attempts of a worker has nobody answered for? Looked up by the page of its journal.

What is found is as it was when it was claimed, so that an answer which only the journal knows is
recorded with all that a live one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from contracts.planning import INVOICE_EMAIL
from contracts.vocabulary import DeliveryStatus
from store import bulk
from store.deliveries.claiming import Claimed, claimed, sealed_of, with_surroundings
from store.deliveries.members import Member, members_of
from store.deliveries.receiving import BY_RECEIPT
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import attempts, deliveries, destinations

# Two look-ups, because each has an index of its own.
_HELD = (DeliveryStatus.SENDING,)
_GIVEN_UP = (DeliveryStatus.UNCERTAIN, DeliveryStatus.PARKED)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An attempt as it was claimed, and the provider that it was meant for."""

    claimed: Claimed
    provider: str


def unanswered(tx: Transaction, worker: str, named: Sequence[UUID]) -> list[Unanswered]:
    """Give what ``worker`` claimed and no provider's answer is on record for.

    Among ``named`` deliveries, and among those that it still holds or that were called uncertain
    since. The place of one whose destination has changed is left empty; what no longer opens is
    left out, and to its lease.
    """
    ids = {*named, *_last_claimed(tx, worker, _HELD), *_last_claimed(tx, worker, _GIVEN_UP)}
    if not ids:
        return []
    d, a = deliveries, attempts
    rows = tx.connection.execute(
        with_surroundings()
        .add_columns(a.c.fence.label("attempt"), a.c.provider.label("by"), a.c.started_at)
        .join(a, a.c.delivery_id == d.c.id)
        .where(
            bulk.among(tx, d.c.id, sorted(ids)),
            a.c.claimed_by == worker,
            or_(a.c.verdict.is_(None), a.c.verdict == BY_RECEIPT),
            destinations.c.version.is_not(None),
        )
        .order_by(d.c.id, a.c.fence)
    ).all()
    members = members_of(tx, rows)
    tx.prepare_opening(sealed_of(rows, members))
    reopened = (_reopened(tx, row, members.get(row.id, ())) for row in rows)
    return [found for found in reopened if found is not None]


def _last_claimed(
    tx: Transaction, worker: str, statuses: Sequence[DeliveryStatus]
) -> Sequence[UUID]:
    d = deliveries
    return (
        tx.connection.execute(
            select(d.c.id).where(d.c.status.in_(statuses), d.c.claimed_by == worker)
        )
        .scalars()
        .all()
    )


def _reopened(tx: Transaction, row: Row[Any], inside: Sequence[Member]) -> Unanswered | None:
    try:
        found = claimed(tx, row, row.attempt, row.attempts, row.started_at, inside)
    except (Unopenable, KeyError):
        return None
    if row.version != row.destination_version and row.destination_id != INVOICE_EMAIL:
        found = replace(found, destination="", masked="", value_index=b"")
    return Unanswered(found, row.by)
