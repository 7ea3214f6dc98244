"""What do answers about events and their sends hold? Frozen; masked where personal."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.problems import Problem
from contracts.vocabulary import Channel, DeliveryStatus, EventStatus, Lane, Reason


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery as it stands."""

    id: UUID
    channel: Channel
    lane: Lane
    destination_id: str
    masked: str
    rule_id: str
    step: int
    status: DeliveryStatus
    reason: Reason
    detail: str | None
    due_at: datetime | None
    attempts: int
    provider: str | None
    reference: str | None
    marked: bool
    changed_at: datetime
    gathers: bool = False
    held_at: datetime | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NonSendLine:
    """Something that was deliberately not sent, and why."""

    reason: Reason
    detail: str | None
    channel: Channel | None
    destination_id: str | None
    rule_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that was refused, with every reason. ``kept`` tells whether its body is here."""

    id: UUID
    publisher: str
    source: str | None
    event_id: str | None
    type: str | None
    route: str
    problems: tuple[Problem, ...]
    received_at: datetime
    kept: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits, for what and until when."""

    id: UUID
    source: str
    event_id: str
    type: str
    publisher: str
    waits_for: str
    told: str | None
    since: datetime
    until: datetime
    overdue: bool


@dataclass(frozen=True, slots=True)
class EventStory:
    """One event and all that came of it. Without ``id`` it was rejected and never taken in."""

    id: UUID | None
    source: str
    event_id: str
    type: str | None
    customer_ref: str | None
    status: EventStatus | None
    received_at: datetime
    waiting: Waiting | None = None
    deliveries: tuple[DeliveryLine, ...] = ()
    non_sends: tuple[NonSendLine, ...] = ()
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class SendLine:
    """One line of a customer's record: what was sent on, where and when, or why not.

    ``segments`` are of a text; ``price`` and ``currency`` are there once its provider has said so.
    """

    id: UUID
    at: datetime
    event_type: str
    source: str
    event_id: str
    channel: Channel | None
    masked: str
    outcome: str
    reason: Reason
    detail: str | None
    provider: str | None
    reference: str | None
    marked: bool
    delivery_id: UUID | None
    segments: int | None = None
    price: str | None = None
    currency: str | None = None
