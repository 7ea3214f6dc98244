"""What is handed in at a door, and what is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.events import Event, EventData, EventType
from contracts.events.registry import TYPES
from contracts.problems import Malformed, Problem
from contracts.vocabulary import Answer, Door, ErrorCode, Role
from store.publishers import Publisher

# Who publishes from our own command line: everything, in anybody's name.
BY_HAND = Publisher("onward", ("*",), ("*",), tuple(Door), tuple(Role))


@dataclass(frozen=True, slots=True)
class Submission:
    """One event as it was handed in: parsed, or what is wrong with it.

    ``body`` is what may be kept of a rejected one, or makes it; none where nothing may be. Making
    it costs more than reading the event, and few events are rejected.
    """

    publisher: Publisher
    route: str
    event: Event | Malformed
    body: bytes | Callable[[], bytes | None] | None = field(default=None, repr=False)

    def keepable(self) -> bytes | None:
        """What may be kept if it is rejected."""
        return self.body() if callable(self.body) else self.body


@dataclass(frozen=True, slots=True)
class Answered:
    """What the publisher is told of one submission."""

    answer: Answer
    source: str | None
    event_id: str | None
    id: UUID | None = None
    problems: tuple[Problem, ...] = ()
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event about to be taken up, new or after having waited."""

    id: UUID
    source: str
    event_id: str
    type: str
    subject: str | None
    publisher: Publisher
    received_at: datetime
    data: EventData = field(repr=False)

    @property
    def kind(self) -> EventType:
        """The event's type, with what it needs."""
        return TYPES[self.type]

    @property
    def dialled(self) -> str | None:
        """The number that a caller dialled, where it tells of one."""
        return getattr(self.data, "dialled_number", None)


def not_allowed(submission: Submission) -> tuple[Problem, ...]:
    """Every way in which this publisher may not publish this event."""
    match submission.event:
        case Malformed():
            return ()
        case event:
            return tuple(_refusals(submission.publisher, event))


def _refusals(publisher: Publisher, event: Event) -> Sequence[Problem]:
    problems = []
    if not publisher.may_publish(event.type):
        text = f"publisher {publisher.name} may not publish {event.type}"
        problems.append(Problem("type", ErrorCode.NOT_ALLOWED, text))
    if not publisher.speaks_for(event.source):
        text = f"this source is not one of publisher {publisher.name}'s"
        problems.append(Problem("source", ErrorCode.NOT_ALLOWED, text))
    return problems
