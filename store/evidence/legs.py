"""How did each number fare that was rung for a caller, and who took the call?

A number that is picked up has the caller only once a key is pressed, where the rule asks for that;
the press is on record, so that no word of the provider alone makes a voicemail an answer.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from contracts.vocabulary import DestinationKind, Reason
from store.customers.changes import upsert
from store.customers.known import open_destination
from store.deliveries.receiving import Told
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.record import ledger
from store.record.ledger import NOWHERE, Entry, Where
from store.tables import deliveries, destinations, legs

RUNG = "rung"  # the outcome of a leg's entry: how its number fared, its seconds as the detail


@dataclass(frozen=True, slots=True)
class Announced:
    """The call of which somebody who picks up is told: in which language, and what is known.

    With ``must_press`` they are asked to press a key.
    """

    locale: str
    must_press: bool
    event_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one leg: which number was rung, for which attempt, and how that went."""

    delivery_id: UUID
    attempt: int
    reference: str
    number: str
    provider: str
    reason: Reason
    seconds: int
    must_press: bool = False


def accept(tx: Transaction, delivery_id: UUID, attempt: int, reference: str) -> Told:
    """Note that whoever picked up pressed the key."""
    if not _known(tx, delivery_id, attempt):
        return Told.UNKNOWN
    before = _leg(tx, delivery_id, reference)
    if before is not None and before.accepted_at is not None:
        return Told.NOTHING_NEW
    _put(tx, before, (delivery_id, reference, attempt), accepted_at=tx.now)
    return Told.CHANGED


def was_accepted(tx: Transaction, delivery_id: UUID, attempt: int) -> bool:
    """Whether anybody pressed the key in this attempt."""
    found = tx.connection.execute(
        select(func.count()).where(
            legs.c.delivery_id == delivery_id,
            legs.c.fence == attempt,
            legs.c.accepted_at.is_not(None),
        )
    )
    return bool(found.scalar_one())


def end(tx: Transaction, ended: Ended) -> Told:
    """Put the end of a leg on record, once however often it is told."""
    row = _known(tx, ended.delivery_id, ended.attempt)
    if row is None:
        return Told.UNKNOWN
    before = _leg(tx, ended.delivery_id, ended.reference)
    if before is not None and before.ended_at is not None:
        return Told.NOTHING_NEW
    _put(tx, before, (ended.delivery_id, ended.reference, ended.attempt), ended_at=tx.now)
    pressed = before is not None and before.accepted_at is not None
    swallowed = ended.must_press and ended.reason is Reason.ANSWERED and not pressed
    destination_id, where = _where(tx, row, ended.number)
    entry = Entry(
        customer_ref=row.customer_ref,
        event_id=row.event_id,
        delivery_id=row.id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        step=row.step,
        channel=row.channel,
        lane=row.lane,
        purpose=row.purpose,
        service=row.service,
        destination_id=destination_id,
        outcome=RUNG,
        reason=Reason.NOT_ACCEPTED if swallowed else ended.reason,
        detail=f"{ended.seconds} s",
        marked=row.marked,
        attempt=ended.attempt,
        provider=ended.provider,
        reference=ended.reference,
        policy_version=tx.policy_version,
        settled_at=tx.now,
    )
    ledger.append(tx, [(entry, where)])
    return Told.CHANGED


def _known(tx: Transaction, delivery_id: UUID, attempt: int) -> Any:
    """The delivery's row, held, if it was ever tried so often."""
    found = tx.connection.execute(
        select(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.fence >= max(1, attempt))
        .with_for_update()
    )
    return found.first()


def _leg(tx: Transaction, delivery_id: UUID, reference: str) -> Any:
    return tx.connection.execute(
        select(legs).where(legs.c.delivery_id == delivery_id, legs.c.reference == reference)
    ).first()


def _put(tx: Transaction, before: Any, key: tuple[UUID, str, int], **known: object) -> None:
    delivery_id, reference, attempt = key
    row = {
        "delivery_id": delivery_id,
        "reference": reference,
        "fence": attempt,
        "accepted_at": before.accepted_at if before is not None else None,
        "ended_at": before.ended_at if before is not None else None,
    } | known
    upsert(tx, legs, row, ["delivery_id", "reference"])


def _where(tx: Transaction, row: Any, number: str) -> tuple[str, Where]:
    """Which of the customer's places the number is; the delivery's own where it is none."""
    p = destinations.c
    found = tx.connection.execute(
        select(destinations).where(
            p.customer_ref == row.customer_ref,
            p.value_index == tx.store.root.index("destination", number),
            p.kind.in_([DestinationKind.MOBILE, DestinationKind.VOICE]),
        )
    ).all()
    for place in sorted(found, key=lambda one: one.destination_id != row.destination_id):
        try:
            reach = open_destination(tx, place)
        except (Unopenable, KeyError):
            continue
        return place.destination_id, Where(reach.value, reach.masked)
    return row.destination_id, NOWHERE
