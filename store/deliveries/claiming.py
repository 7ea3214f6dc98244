"""How one worker takes deliveries: claimed under a fence and a lease, or found impossible.

The claim checks what planning could not know: the destination (present, verified, unchanged), the
service, consent, suppression, the deadline, how many texts the number has had. It commits before
any byte leaves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select

from contracts.planning import INVOICE_EMAIL, TextLimits
from contracts.rule_words import Acknowledge
from contracts.vocabulary import (
    Channel,
    Content,
    DeliveryStatus,
    EventStatus,
    Lane,
    Mode,
    Purpose,
    Reason,
    Service,
)
from store import bulk
from store.customers.known import Reachable, open_destination, open_person
from store.customers.mail_from import MailFrom, open_mail_from
from store.customers.senders import open_sender
from store.deliveries import gathering, texting
from store.deliveries.acknowledging import code_of
from store.deliveries.members import Member, members_of
from store.deliveries.siblings import reached_otherwise
from store.deliveries.transitions import Move, move
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.record.ledger import Where
from store.tables import (
    attempts,
    consents,
    customers,
    deliveries,
    destinations,
    events,
    suppressions,
)
from store.types import SealedBytes

# What may still be sent to a customer whose service has ended (policy: "terminate your service").
AFTER_TERMINATION = frozenset({Purpose.INVOICE, Purpose.PAYMENT, Purpose.RIGHTS})


@dataclass(frozen=True, slots=True)
class Texts:
    """What limits the texts to one number.

    ``said`` gives what a claimed delivery would say, to know texts that are alike; none where it
    says nothing. It is asked within the claim's transaction, so it must wait for nothing.
    """

    limits: TextLimits
    said: "Callable[[Claimed], str | None]"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who claims, with which provider, and for how long; without ``texts`` no number is spared."""

    worker: str
    provider: str
    lease_seconds: float
    texts: Texts | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """One of the events that a delivery sends together, opened."""

    event_id: UUID
    event_type: str
    content: bytes = field(repr=False)
    service: Service | None
    rule_id: str
    rule_version: int
    step: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker, and no other, may send until its lease ends.

    ``fence`` numbers the attempt; ``tries`` counts those that the delivery's budget has paid for.
    ``after`` is why it stood where it stood before. ``sms_sender`` is whom texts to the customer
    come from, where that is not the company. What ``gathers`` sends the events ``gathered``.
    ``code`` is what the customer is asked to send back, where the step asks for that; ``person`` is
    whose the destination is, of an email's where that is known.
    """

    delivery_id: UUID
    fence: int
    tries: int
    event_id: UUID
    event_type: str
    publisher: str
    customer_ref: str
    time_zone: str
    locale: str
    channel: Channel
    lane: Lane
    purpose: Purpose
    service: Service | None
    mode: Mode
    content: Content
    attach: bool
    marked: bool
    rule_id: str
    rule_version: int
    step: int
    destination_id: str
    destination: str = field(repr=False)
    masked: str = field(repr=False)
    value_index: bytes
    content_of_event: bytes = field(repr=False)
    mail_from: MailFrom | None = field(repr=False)
    planned_at: datetime
    first_due_at: datetime
    deadline_at: datetime
    started_at: datetime
    after: Reason = Reason.PLANNED
    sms_sender: str | None = field(default=None, repr=False)
    acknowledge: Acknowledge = Acknowledge.NONE
    code: str | None = field(default=None, repr=False)
    person: str | None = field(default=None, repr=False)
    follows_up: bool = False
    most_attempts: int | None = None
    gathers: bool = False
    gathered: tuple[Gathered, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What was claimed, and what was found impossible and is settled already."""

    claimed: tuple[Claimed, ...]
    settled: tuple[dict[str, Any], ...]


def claim(tx: Transaction, delivery_ids: Sequence[UUID], by: Claim) -> ClaimResult:
    """Claim those of ``delivery_ids`` that are due and unclaimed; settle what may not go.

    A text to a number that has had as many as it may is put off until there is room for it; where
    that is after its deadline and another step would follow, it expires at once.

    Ids that are unknown, claimed by another, not due or settled are left out without a word.
    """
    tx.ask_the_time()  # what was planned a moment ago elsewhere is due, by the very same clock
    rows = _lock(tx, delivery_ids)
    gathering.drop_withdrawn(tx, rows)
    members = members_of(tx, rows)
    tx.prepare_opening(sealed_of(rows, members))
    agreed = consents_of(tx, rows)
    needless = reached_otherwise(tx, rows)
    going: list[Claimed] = []
    stopped: list[Move] = []
    for row in rows:
        obstacle = _obstacle(tx.now, row, agreed, needless, members)
        if obstacle is not None:
            stopped.append(_stop(row, *obstacle))
            continue
        try:
            inside = members.get(row.id, ())
            going.append(claimed(tx, row, row.fence + 1, row.attempts + 1, tx.now, inside))
        except (Unopenable, KeyError):  # one that does not open keeps no other from leaving
            stopped.append(_stop(row, DeliveryStatus.FAILED, Reason.TEMPLATE_FAILED, "unopenable"))
    going, put_off = _spare_numbers(tx, going, by.texts)
    settled = move(tx, stopped + put_off, [DeliveryStatus.PENDING])
    _take(tx, going, by)
    return ClaimResult(tuple(going), tuple(dict(row) for row in settled))


def _spare_numbers(
    tx: Transaction, going: list[Claimed], texts: Texts | None
) -> tuple[list[Claimed], list[Move]]:
    """Leave out texts for which a number has no room yet."""
    if texts is None:
        return going, []
    asking = [
        texting.Text(
            one.delivery_id, one.value_index, texting.digest(tx, said), one.lane, one.marked
        )
        for one in going
        if one.channel is Channel.SMS and (said := texts.said(one)) is not None
    ]
    waiting = texting.take_turns(tx, asking, texts.limits)
    put_off = [
        _put_off(one, until) for one in going if (until := waiting.get(one.delivery_id)) is not None
    ]
    return [one for one in going if one.delivery_id not in waiting], put_off


def _put_off(one: Claimed, until: datetime) -> Move:
    # One that no step waits for may yet go in time, bundled with an earlier one.
    late = until >= one.deadline_at and one.mode is not Mode.ALL
    return Move(
        delivery_id=one.delivery_id,
        to=DeliveryStatus.EXPIRED if late else DeliveryStatus.PENDING,
        reason=Reason.THROTTLED,
        due_at=None if late else until,
    )


def _lock(tx: Transaction, delivery_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    d = deliveries
    statement = (
        with_surroundings()
        .where(
            bulk.among(tx, d.c.id, sorted(delivery_ids)),
            d.c.status == DeliveryStatus.PENDING,
            d.c.due_at <= tx.now,
        )
        .order_by(d.c.id)
        .with_for_update(of=d, skip_locked=True)
    )
    return tx.connection.execute(statement).all()


def with_surroundings() -> Select[Any]:
    """Select deliveries with what decides whether they may go: event, customer, destination."""
    d = deliveries
    return (
        select(
            d,
            events.c.type.label("event_type"),
            events.c.content.label("event_content"),
            events.c.status.label("event_status"),
            customers.c.time_zone,
            customers.c.locale,
            customers.c.mail_from,
            customers.c.terminated_at,
            customers.c.restricted_at,
            customers.c.sms_sender,
            destinations.c.kind,
            destinations.c.version,
            destinations.c.value,
            destinations.c.masked,
            destinations.c.person,
            destinations.c.value_index,
            destinations.c.verified_at,
            destinations.c.removed_at,
            destinations.c.contested_at,
            suppressions.c.reason.label("suppressed"),
        )
        .join(events, events.c.id == d.c.event_id)
        .join(customers, customers.c.ref == d.c.customer_ref)
        .outerjoin(
            destinations,
            and_(
                destinations.c.customer_ref == d.c.customer_ref,
                destinations.c.destination_id == d.c.destination_id,
            ),
        )
        .outerjoin(
            suppressions,
            and_(
                suppressions.c.value_index == destinations.c.value_index,
                suppressions.c.purpose == d.c.purpose,
                suppressions.c.lifted_at.is_(None),
            ),
        )
    )


def sealed_of(
    rows: Sequence[Row[Any]], members: Mapping[UUID, Sequence[Member]]
) -> list[SealedBytes | None]:
    """Give what ``claimed`` opens of rows of ``with_surroundings``, to have their keys at hand."""
    own = [
        each for row in rows for each in (row.value, row.event_content, row.sms_sender, row.person)
    ]
    return own + [each.sealed for inside in members.values() for each in inside]


def consents_of(tx: Transaction, rows: Sequence[Row[Any]]) -> frozenset[tuple[str, Channel]]:
    """Give who agreed to offers, and by which channel, among the customers of some rows."""
    refs = sorted({row.customer_ref for row in rows if row.purpose is Purpose.OFFERS})
    if not refs:
        return frozenset()
    given = tx.connection.execute(
        select(consents.c.customer_ref, consents.c.channel).where(
            consents.c.customer_ref.in_(refs),
            consents.c.purpose == Purpose.OFFERS,
            consents.c.withdrawn_at.is_(None),
        )
    )
    return frozenset((row.customer_ref, row.channel) for row in given)


def _obstacle(
    now: datetime,
    row: Row[Any],
    agreed: frozenset[tuple[str, Channel]],
    needless: frozenset[UUID],
    members: Mapping[UUID, Sequence[Member]],
) -> tuple[DeliveryStatus, Reason] | None:
    if row.gathers and row.id not in members:
        return DeliveryStatus.CANCELLED, Reason.WITHDRAWN
    unwanted = no_longer_wanted(now, row)
    if unwanted is not None:
        return DeliveryStatus.CANCELLED, unwanted
    if row.restricted_at is not None and row.purpose is not Purpose.RIGHTS:
        return DeliveryStatus.PENDING, Reason.RESTRICTED
    if row.id in needless:
        return DeliveryStatus.CANCELLED, Reason.SIBLING_REACHED
    if row.deadline_at <= now:
        late = Reason.LATE_CALL if row.lane is Lane.LIVE else Reason.DEADLINE
        return DeliveryStatus.EXPIRED, late
    barred = barred_from_place(row, agreed)
    if barred is not None:
        return barred
    # The invoice email is whatever the customer last specified; another value is no other place.
    if row.version != row.destination_version and row.destination_id != INVOICE_EMAIL:
        return DeliveryStatus.CANCELLED, Reason.DESTINATION_CHANGED
    return None


def no_longer_wanted(now: datetime, row: Row[Any]) -> Reason | None:
    """Give why nothing of an event is sent on any more, wherever to."""
    if row.event_status is EventStatus.WITHDRAWN and not row.gathers:  # the others go on
        return Reason.WITHDRAWN
    if row.event_status is EventStatus.OVERTAKEN:
        return Reason.OVERTAKEN
    ended = row.terminated_at is not None and row.terminated_at <= now
    if ended and row.purpose not in AFTER_TERMINATION:
        return Reason.SERVICE_TERMINATED
    return None


def barred_from_place(
    row: Row[Any], agreed: frozenset[tuple[str, Channel]]
) -> tuple[DeliveryStatus, Reason] | None:
    """Give what bars a delivery from its destination as it now is, whatever its value."""
    if row.version is None or row.removed_at is not None:
        return DeliveryStatus.CANCELLED, Reason.DESTINATION_REMOVED
    if row.purpose is Purpose.OFFERS and (row.customer_ref, row.channel) not in agreed:
        return DeliveryStatus.SUPPRESSED, Reason.OPTED_OUT
    if row.suppressed is not None:
        return DeliveryStatus.SUPPRESSED, row.suppressed
    if row.contested_at is not None:
        return DeliveryStatus.PENDING, Reason.DESTINATION_CONTESTED
    if row.verified_at is None:
        return DeliveryStatus.PENDING, Reason.DESTINATION_UNVERIFIED
    return None


def _stop(row: Row[Any], to: DeliveryStatus, reason: Reason, detail: str | None = None) -> Move:
    return Move(delivery_id=row.id, to=to, reason=reason, detail=detail, due_at=None)


def claimed(
    tx: Transaction,
    row: Row[Any],
    fence: int,
    tries: int,
    started_at: datetime,
    inside: Sequence[Member],
) -> Claimed:
    """Open a row of ``with_surroundings``. Raises ``Unopenable``, or ``KeyError``."""
    reach: Reachable = open_destination(tx, row)
    own = row.mail_from if row.channel is Channel.EMAIL else None
    return Claimed(
        delivery_id=row.id,
        fence=fence,
        tries=tries,
        event_id=row.event_id,
        event_type=row.event_type,
        publisher=row.publisher,
        customer_ref=row.customer_ref,
        time_zone=row.time_zone,
        locale=row.locale,
        channel=row.channel,
        lane=row.lane,
        purpose=row.purpose,
        service=row.service,
        mode=row.mode,
        content=row.content,
        attach=row.attach,
        marked=row.marked,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        step=row.step,
        destination_id=row.destination_id,
        destination=reach.value,
        masked=reach.masked,
        value_index=row.value_index,
        content_of_event=tx.open(f"events.content:{row.event_id}", row.event_content),
        mail_from=None if own is None else open_mail_from(tx, row.customer_ref, own),
        planned_at=row.planned_at,
        first_due_at=row.first_due_at,
        deadline_at=row.deadline_at,
        started_at=started_at,
        after=row.reason,
        sms_sender=open_sender(tx, row.customer_ref, row.sms_sender),
        acknowledge=row.acknowledge,
        code=_code(tx, row),
        person=open_person(tx, row) if row.channel is Channel.EMAIL else None,
        follows_up=row.follows_up,
        most_attempts=row.most_attempts,
        gathers=row.gathers,
        gathered=tuple(_opened(tx, each) for each in inside),
    )


def _code(tx: Transaction, row: Row[Any]) -> str | None:
    if row.acknowledge is not Acknowledge.CODE:
        return None
    return code_of(tx.store.root, row.customer_ref, row.event_id)


def _opened(tx: Transaction, member: Member) -> Gathered:
    return Gathered(
        member.event_id,
        member.event_type,
        tx.open(f"events.content:{member.event_id}", member.sealed),
        member.service,
        member.rule_id,
        member.rule_version,
        member.step,
    )


def _take(tx: Transaction, going: Sequence[Claimed], by: Claim) -> None:
    until = tx.now + timedelta(seconds=by.lease_seconds)
    bulk.update_rows(
        tx,
        deliveries,
        ["id"],
        [
            {
                "id": c.delivery_id,
                "status": DeliveryStatus.SENDING,
                "claimed_by": by.worker,
                "provider": by.provider,
                "lease_until": until,
                "changed_at": tx.now,
            }
            for c in going
        ],
        counting=["fence", "attempts", "transition"],
    )
    bulk.insert_rows(
        tx,
        attempts,
        [
            {
                "delivery_id": c.delivery_id,
                "fence": c.fence,
                "provider": by.provider,
                "claimed_by": by.worker,
                "marked": c.marked,
                "started_at": tx.now,
            }
            for c in going
        ],
    )


def where(claimed: Claimed, content_digest: str = "") -> Where:
    """Give the personal part of the ledger entry for a claimed delivery."""
    return Where(claimed.destination, claimed.masked, content_digest)
