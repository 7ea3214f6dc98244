"""What happened to a delivery, an event, or everything of a call, in the order of time?

Put together from what the tables keep; nothing is written for it. Places come masked, texts not.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from contracts.vocabulary import EventStatus
from store import audit, bulk
from store.engine import Transaction
from store.evidence import inquiries, openings
from store.ids import read_id
from store.reading import queries
from store.reading.read_models import DeliveryLine, Rejection
from store.record.ledger import NOT_SENT
from store.tables import (
    attempts,
    bounces,
    deliveries,
    events,
    gathered,
    ledger,
    outbox,
    replies,
    waits,
)

_MOST = 50
_ENDS = ("answered", "no_answer", "busy", "failed", "expired")
_WAITED = ("customer", "number", "addressee", "destination", "item", "event", "service")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. ``what`` is a closed word; ``facts`` are ids, words and times."""

    at: datetime
    what: str
    delivery_id: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """One event of the story, as it stands."""

    id: UUID
    source: str
    event_id: str
    type: str
    publisher: str
    customer_ref: str | None
    status: EventStatus
    received_at: datetime
    deliveries: tuple[DeliveryLine, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A story: its events, what was rejected under the same name, and all that happened."""

    events: tuple[TracedEvent, ...]
    rejections: tuple[Rejection, ...]
    steps: tuple[Step, ...]


def trace(tx: Transaction, name: str, source: str | None = None) -> Trace | None:
    """Tell the story of whatever ``name`` names; none where nothing does.

    That may be our id of a delivery, an event or a rejected event, a publisher's id of an event, a
    call, an item, an invoice, or a provider's reference. Of a delivery: of it alone.
    """
    event_ids, delivery_id = _find(tx, name, source)
    refused = queries.rejections_named(tx, name, source)
    if not event_ids and not refused:
        return None
    told = _events(tx, event_ids, delivery_id)
    named = queries.rejections_of(tx, told)
    refused += [one for one in named if one.id not in {r.id for r in refused}]
    rows = [line for event in told for line in event.deliveries]
    steps = [
        *_received(tx, told, refused),
        *_planned(tx, rows),
        *_gathered(tx, told, rows),
        *_attempts(tx, rows),
        *_recorded(tx, event_ids, delivery_id),
        *_outcomes(tx, told, rows, refused, delivery_id),
        *_asked(tx, rows),
        *_replies(tx, rows),
        *_bounces(tx, rows),
        *_openings(tx, rows),
        *_acts(tx, [*rows, *refused]),
    ]
    steps.sort(key=lambda step: (step.at, _RANK[step.what]))
    return Trace(tuple(told), tuple(refused), tuple(steps))


# Things of one moment are told in this order.
_RANK = {
    word: place
    for place, word in enumerate(
        (
            "received",
            "rejected",
            "waits",
            "planned",
            "gathered",
            "act",
            "not_sent",
            "attempt",
            "answer",
            "asked",
            "reply",
            "bounce",
            "opening",
            "entry",
            "told",
        )
    )
}


def _find(tx: Transaction, name: str, source: str | None) -> tuple[list[UUID], UUID | None]:
    """Find the events that a name means, and the delivery where it means one alone."""
    own = read_id(name) if source is None else None
    if own is not None:
        event_ids = _events_of(tx, own)
        if event_ids:
            return event_ids, own
        if _ids(tx, events.c.id == own):
            return [own], None
    if source is not None:
        return _ids(tx, events.c.source == source, events.c.event_id == name), None
    found = _ids(tx, events.c.correlation == name)
    if not found:
        sent = tx.connection.execute(
            select(deliveries.c.id).where(deliveries.c.reference == name)
        ).scalar()
        if sent is not None:
            return _events_of(tx, sent), sent
    return found or _ids(tx, events.c.event_id == name), None


def _events_of(tx: Transaction, delivery_id: UUID) -> list[UUID]:
    """Find what a delivery is about: its event, or those that it gathers."""
    inside = tx.connection.execute(
        select(gathered.c.event_id)
        .where(gathered.c.delivery_id == delivery_id)
        .order_by(gathered.c.event_id)
        .limit(_MOST)
    ).scalars()
    alone = tx.connection.execute(
        select(deliveries.c.event_id).where(deliveries.c.id == delivery_id)
    ).scalars()
    return list(inside) or list(alone)


def _ids(tx: Transaction, *conditions: ColumnElement[bool]) -> list[UUID]:
    return list(
        tx.connection.execute(
            select(events.c.id).where(*conditions).order_by(events.c.id).limit(_MOST)
        ).scalars()
    )


def _events(
    tx: Transaction, event_ids: Sequence[UUID], delivery_id: UUID | None
) -> list[TracedEvent]:
    rows = tx.connection.execute(
        select(events).where(events.c.id.in_(event_ids)).order_by(events.c.id)
    ).all()
    lines = queries.deliveries_of(tx, event_ids)
    return [
        TracedEvent(
            row.id,
            row.source,
            row.event_id,
            row.type,
            row.publisher,
            row.customer_ref,
            row.status,
            row.received_at,
            tuple(line for line in lines[row.id] if delivery_id in {None, line.id}),
        )
        for row in rows
    ]


def _received(
    tx: Transaction, told: Sequence[TracedEvent], refused: Sequence[Rejection]
) -> Iterator[Step]:
    for event in told:
        named = {"type": event.type, "source": event.source, "id": event.event_id}
        yield Step(event.received_at, "received", facts={**named, "publisher": event.publisher})
    for one in refused:
        facts: dict[str, Any] = {
            "type": one.type,
            "publisher": one.publisher,
            "rejected": str(one.id),
            "problems": [f"{p.path}: {p.text}" for p in one.problems],
        }
        yield Step(one.received_at, "rejected", facts=facts)
    rows = tx.connection.execute(
        select(waits).where(waits.c.event_id.in_([event.id for event in told]))
    )
    for row in rows:
        facts = {"waits_for": row.kind, "until": row.limit_at, "still": True}
        yield Step(row.since, "waits", facts=facts)


def _planned(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    d = deliveries.c
    rows = tx.connection.execute(
        select(
            d.id,
            d.planned_at,
            d.rule_id,
            d.rule_version,
            d.step,
            d.channel,
            d.lane,
            d.destination_id,
            d.first_due_at,
            d.deadline_at,
            d.hinted_at,
        ).where(d.id.in_([line.id for line in lines]))
    )
    for row in rows:
        facts = {
            "rule": row.rule_id,
            "rule_version": row.rule_version,
            "step": row.step,
            "channel": row.channel.value,
            "lane": row.lane.value,
            "destination": row.destination_id,
            "due": row.first_due_at,
            "deadline": row.deadline_at,
            "last_hint": row.hinted_at,
        }
        yield Step(row.planned_at, "planned", row.id, facts)


def _gathered(
    tx: Transaction, told: Sequence[TracedEvent], lines: Sequence[DeliveryLine]
) -> Iterator[Step]:
    """That an event joined what goes out together; and for what it has left it, if it has."""
    names = {event.id: event.event_id for event in told}
    rows = tx.connection.execute(
        select(gathered).where(
            gathered.c.delivery_id.in_([line.id for line in lines if line.gathers]),
            gathered.c.event_id.in_(list(names)),
        )
    )
    for row in rows:
        left = row.left_for.value if row.left_for else None
        facts = {"event": names[row.event_id], "rule": row.rule_id, "left_for": left}
        yield Step(row.gathered_at, "gathered", row.delivery_id, facts)


def _attempts(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    a = attempts.c
    rows = tx.connection.execute(
        select(attempts)
        .where(a.delivery_id.in_([line.id for line in lines]))
        .order_by(a.delivery_id, a.fence)
    )
    for row in rows:
        facts = {"attempt": row.fence, "provider": row.provider, "worker": row.claimed_by}
        yield Step(row.started_at, "attempt", row.delivery_id, facts)
        if row.settled_at is not None:
            answer = {
                "attempt": row.fence,
                "verdict": row.verdict,
                "reason": row.reason.value if row.reason else None,
                "code": row.code,
                "reference": row.reference,
                "seconds": round((row.settled_at - row.started_at).total_seconds(), 3),
            }
            yield Step(row.settled_at, "answer", row.delivery_id, answer)


def _recorded(
    tx: Transaction, event_ids: Sequence[UUID], delivery_id: UUID | None
) -> Iterator[Step]:
    """The record's entries: each change of status that is told, and each deliberate non-send."""
    wanted: list[ColumnElement[bool]] = [ledger.c.event_id.in_(event_ids)]
    if delivery_id is not None:
        wanted.append(ledger.c.delivery_id == delivery_id)
    for row in tx.connection.execute(select(ledger).where(*wanted).order_by(ledger.c.id)):
        facts = {
            "outcome": row.outcome,
            "reason": row.reason.value,
            "detail": row.detail,
            "provider": row.provider,
            "reference": row.reference,
            "marked": row.marked,
            "segments": row.segments,
            "price": row.price,
            "currency": row.currency,
            "rule": row.rule_id,
            "channel": row.channel.value if row.channel else None,
            "position": row.position,
            "seal": row.seal,
        }
        what = "not_sent" if row.outcome == NOT_SENT else "entry"
        yield Step(row.settled_at, what, row.delivery_id, facts)


def _outcomes(
    tx: Transaction,
    told: Sequence[TracedEvent],
    lines: Sequence[DeliveryLine],
    refused: Sequence[Rejection],
    delivery_id: UUID | None,
) -> Iterator[Step]:
    """What publishers were told, found by the ids that outcomes are given."""
    names = [f"{one.id}:rejected" for one in refused]
    if delivery_id is None:
        for event in told:
            names.append(f"{event.id}:routed")
            names += [f"{event.id}:waiting:{kind}" for kind in _WAITED]
    for event in told:
        ends = ("", *(f":{end}" for end in _ENDS))
        names += [f"{event.id}:call.forwarded{end}{own}" for end in ends for own in ("", ":own")]
    together = {line.id for line in lines if line.gathers}
    transitions = tx.connection.execute(
        select(deliveries.c.id, deliveries.c.transition).where(
            deliveries.c.id.in_([line.id for line in lines])
        )
    )
    for row in transitions:
        numbers = range(row.transition + 1)
        names += [f"{row.id}:{number}" for number in numbers]
        if row.id in together:
            own = [f"{left}{event.id}" for event in told for left in ("", "left:")]
            names += [f"{row.id}:{number}:{end}" for number in numbers for end in own]
    found = tx.connection.execute(select(outbox).where(bulk.among(tx, outbox.c.id, sorted(names))))
    for row in found:
        facts = {
            "outcome": row.name,
            "audience": row.audience,
            "position": row.position,
            "published_at": row.published_at,
        }
        if row.name == "event.waiting":
            facts["waits_for"] = json.loads(row.facts)["waits_for"]
        yield Step(row.at, "told", row.delivery_id, facts)


def _asked(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    """What providers answered when they were asked about an attempt; at the last asking."""
    for delivery_id, found in inquiries.lines_of(tx, [line.id for line in lines]).items():
        for one in found:
            facts = {
                "attempt": one.attempt,
                "inquiry": one.inquiry.value,
                "times": one.times,
                "answered": one.answered,
                "said": one.said.value if one.said else None,
                "detail": one.detail,
                "next": one.due_at,
            }
            yield Step(one.asked_at, "asked", delivery_id, facts)


def _replies(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    """That a customer answered, and what for; their words stay sealed."""
    rows = tx.connection.execute(
        select(replies.c.delivery_id, replies.c.kind, replies.c.received_at).where(
            replies.c.delivery_id.in_([line.id for line in lines])
        )
    )
    for row in rows:
        yield Step(row.received_at, "reply", row.delivery_id, {"kind": row.kind.value})


def _bounces(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    """That a mail server sent an email back, and what that says of its address."""
    b = bounces.c
    for row in tx.connection.execute(
        select(bounces).where(b.delivery_id.in_([line.id for line in lines]))
    ):
        facts = {"attempt": row.fence, "kind": row.kind.value, "status": row.status}
        yield Step(row.at, "bounce", row.delivery_id, facts)


def _openings(tx: Transaction, lines: Sequence[DeliveryLine]) -> Iterator[Step]:
    """That a document was fetched by the link in an email, or a wrong address given there."""
    for one in openings.openings_of(tx, [line.id for line in lines]):
        yield Step(one.at, "opening", one.delivery_id, {"opening": one.opening.value})


def _acts(tx: Transaction, things: Sequence[DeliveryLine | Rejection]) -> Iterator[Step]:
    deliveries_here = {str(one.id) for one in things if isinstance(one, DeliveryLine)}
    for act in audit.acts_on(tx, [str(one.id) for one in things]):
        for one in act.targets:
            facts = {
                "verb": act.verb.value,
                "actor": act.actor,
                "reason": act.reason,
                "refused": one.refusal.value if one.refusal else None,
                "detail": one.detail,
            }
            about = UUID(one.target) if one.target in deliveries_here else None
            yield Step(act.at, "act", about, facts)
