"""What does a link in an email lead to, may it be opened, and who has opened it?

Every document that was handed out by a link is on record, unless its customer objects to that, and
so is every wrong address that was given there: of those a link bears only so many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from contracts.vocabulary import Channel, EventStatus, Opening, Purpose
from store import bulk
from store.customers.known import open_destination
from store.deliveries.claiming import with_surroundings
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.inbox import split_content
from store.rights.objections import has_objected
from store.tables import consents, deliveries, openings


@dataclass(frozen=True, slots=True)
class Linked:
    """The email that a link stood in, as things are now.

    ``address`` and ``address_index`` are of its destination today; ``stands`` says that it is still
    the customer's, verified, and that the event was not taken back. ``event`` is empty of an offer.
    """

    delivery_id: UUID
    customer_ref: str
    channel: Channel
    locale: str
    time_zone: str
    purpose: Purpose
    event_type: str
    stands: bool
    address: str = field(repr=False)
    address_index: bytes = field(repr=False)
    event: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """One asking for a document by its link."""

    delivery_id: UUID
    at: datetime
    opening: Opening


def linked(
    tx: Transaction, delivery_id: UUID, channels: Sequence[Channel] = (Channel.EMAIL,)
) -> Linked | None:
    """Give what a link in a delivery's email leads to; none where nothing does any more.

    Or in its text, where that is one of the ``channels``.

    Its row is held until the end of the transaction, so that tries at a link come one by one.
    """
    row = tx.connection.execute(
        with_surroundings()
        .where(deliveries.c.id == delivery_id, deliveries.c.channel.in_(channels))
        .with_for_update(of=deliveries)
    ).first()
    if row is None or row.version is None:
        return None
    tx.read_for(row.purpose)
    try:
        reached = open_destination(tx, row)
        event = _event(tx, row)
    except (KeyError, Unopenable):  # erased
        return None
    stands = row.removed_at is None and row.verified_at is not None and row.contested_at is None
    return Linked(
        delivery_id=row.id,
        customer_ref=row.customer_ref,
        channel=row.channel,
        locale=row.locale,
        time_zone=row.time_zone,
        purpose=row.purpose,
        event_type=row.event_type,
        stands=stands and row.event_status is not EventStatus.WITHDRAWN,
        address=reached.value,
        address_index=row.value_index,
        event=event,
    )


def _event(tx: Transaction, row: Any) -> bytes:
    """What the event said; nothing of an offer, whose reader can only say that they want none."""
    if row.purpose is Purpose.OFFERS:
        return b""
    return split_content(tx.open(f"events.content:{row.event_id}", row.event_content))[1]


def wrong_tries(tx: Transaction, delivery_id: UUID, until: datetime) -> int:
    """Count the wrong addresses that were given at one link."""
    o = openings.c
    counted = select(func.count()).where(
        o.delivery_id == delivery_id, o.until == until, o.opening == Opening.WRONG_ADDRESS
    )
    return int(tx.connection.execute(counted).scalar_one())


def note(tx: Transaction, ref: str, delivery_id: UUID, until: datetime, opening: Opening) -> None:
    """Put one asking on record; of who has objected to that, only wrong addresses."""
    if opening is Opening.HANDED_OUT and has_objected(tx, ref):
        return
    row = {
        "id": tx.new_id(),
        "delivery_id": delivery_id,
        "until": until,
        "opening": opening,
        "at": tx.now,
    }
    bulk.insert_rows(tx, openings, [row])


def openings_of(tx: Transaction, delivery_ids: Sequence[UUID]) -> list[OpeningLine]:
    """Give all that is on record of some deliveries' links, in the order of time."""
    o = openings.c
    rows = tx.connection.execute(
        select(openings)
        .where(bulk.among(tx, o.delivery_id, sorted(delivery_ids)))
        .order_by(o.at, o.id)
    )
    return [OpeningLine(row.delivery_id, row.at, row.opening) for row in rows]


def agrees_to_offers(tx: Transaction, customer_ref: str) -> bool:
    """Whether a customer has agreed to offers by email, and not taken that back."""
    c = consents.c
    found = tx.connection.execute(
        select(c.customer_ref)
        .where(
            c.customer_ref == customer_ref,
            c.purpose == Purpose.OFFERS,
            c.channel == Channel.EMAIL,
            c.withdrawn_at.is_(None),
        )
        .limit(1)
    ).first()
    return found is not None
