"""How was a delivery sent at its last attempt? As claimed then, to where it then went."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from store import bulk
from store.deliveries.claiming import Claimed, claimed, sealed_of, with_surroundings
from store.deliveries.members import members_of
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.record import ledger
from store.record.ledger import NOWHERE, Where
from store.tables import deliveries, destinations
from store.tables import ledger as entries


@dataclass(frozen=True, slots=True)
class LookedBack:
    """A claim as it was; ``digest`` is that of what was sent, where it was recorded."""

    claimed: Claimed
    digest: str


def look_back(tx: Transaction, delivery_ids: Sequence[UUID]) -> dict[UUID, LookedBack]:
    """Give deliveries as their last claims had them.

    Where a destination has another value now, the record knows the one that was used.
    """
    claims = _claims(tx, delivery_ids)
    places = _places(tx, [claim.event_id for claim in claims], delivery_ids)
    found = {}
    for claim in claims:
        place = places.get(claim.delivery_id, NOWHERE)
        to = place.destination or claim.destination
        found[claim.delivery_id] = LookedBack(replace(claim, destination=to), place.content_digest)
    return found


def _claims(tx: Transaction, delivery_ids: Sequence[UUID]) -> list[Claimed]:
    """Open deliveries that still can be; one whose destination is not on record is left out."""
    found: Sequence[Any] = tx.connection.execute(
        with_surroundings()
        .where(
            bulk.among(tx, deliveries.c.id, sorted(set(delivery_ids))),
            destinations.c.version.is_not(None),
        )
        .order_by(deliveries.c.id)
    ).all()
    members = members_of(tx, found)
    tx.prepare_opening(sealed_of(found, members))
    claims = []
    for row in found:
        with suppress(Unopenable, KeyError):
            inside = members.get(row.id, ())
            claims.append(claimed(tx, row, row.fence, row.attempts, tx.now, inside))
    return claims


def _places(
    tx: Transaction, event_ids: Sequence[UUID], delivery_ids: Sequence[UUID]
) -> dict[UUID, Where]:
    rows = (
        tx.connection.execute(
            select(entries.c.id, entries.c.delivery_id, entries.c.personal)
            .where(
                bulk.among(tx, entries.c.event_id, sorted(set(event_ids))),
                bulk.among(tx, entries.c.delivery_id, sorted(set(delivery_ids))),
            )
            .order_by(entries.c.id)
        )
        .mappings()
        .all()
    )
    tx.prepare_opening(row["personal"] for row in rows)
    places: dict[UUID, Where] = {}
    for row in rows:
        place = ledger.open_where(tx, row)
        before = places.get(row["delivery_id"], NOWHERE)
        if place.content_digest or (place.destination and not before.content_digest):
            places[row["delivery_id"]] = place
    return places
