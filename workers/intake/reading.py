"""What does an AMQP message say, who says so, and what may be kept of it if it is rejected?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from contracts.envelope import MAX_BYTES, Envelope, parse_amqp, to_structured
from contracts.events import Event, keepable, parse_event, with_data_problems
from contracts.problems import Malformed, Problem
from contracts.vocabulary import ErrorCode
from store.publishers import Publisher
from workers.intake.submission import Submission

ROUTE = "amqp"
UNKNOWN = Publisher("unknown", (), ())
_VAULT_KEYS = "identity."
_VAULT_TYPE = b"onward.identity."
_TRIES_ALONE = 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """One AMQP message as it was delivered; ``tries`` is how often it was delivered before."""

    tag: int
    routing_key: str
    user_id: str | None
    content_type: str | None
    headers: Mapping[str, object] = field(repr=False)
    body: bytes = field(repr=False)
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: the event, or what is wrong with it."""

    arrived: Arrived
    event: Event | Malformed


def read(arrived: Arrived, *, admit_drama: bool) -> Read:
    """Read one event; whatever is wrong with it is in the answer, all at once."""
    try:
        envelope = parse_amqp(arrived.content_type, arrived.headers, arrived.body)
    except Malformed as broken:
        return Read(arrived, with_data_problems(broken, admit_drama=admit_drama))
    try:
        return Read(arrived, parse_event(envelope, admit_drama=admit_drama))
    except Malformed as broken:
        return Read(arrived, broken)


def unreadable(arrived: Arrived, text: str) -> Read:
    """Reject what was not even read, saying why."""
    return Read(arrived, Malformed((Problem("", ErrorCode.IMPOSSIBLE, text),)))


def read_alone(arrived: Arrived, *, admit_drama: bool) -> Read:
    """Read a dead letter; one that has ended several processes all by itself is not tried again."""
    if arrived.tries < _TRIES_ALONE:
        return read(arrived, admit_drama=admit_drama)
    text = f"was tried alone {arrived.tries} times and never taken in; reported to the operators"
    return unreadable(arrived, text)


def submission(found: Read, publishers: Mapping[str, Publisher]) -> Submission:
    """Make the submission of whoever the broker vouches for."""
    body = partial(_kept, found.arrived)
    publisher = publishers.get(found.arrived.user_id or "")
    if publisher is None:
        event = refused(found.event, _nobody(found.arrived.user_id))
        return Submission(UNKNOWN, ROUTE, event, body)
    return Submission(publisher, ROUTE, found.event, body)


def refused(event: Event | Malformed, problem: Problem) -> Malformed:
    """Add a problem to an event, which is thereby rejected."""
    match event:
        case Malformed():
            return Malformed((problem, *event.problems), draft=event.draft)
        case Event():
            draft = Envelope(
                id=event.event_id,
                source=event.source,
                type=event.wire_type,
                subject=event.subject,
                time=event.time,
            )
            return Malformed((problem,), draft=draft)


def _nobody(user_id: str | None) -> Problem:
    if user_id is None:
        text = "the property user_id is required: the broker user that publishes"
    else:
        text = "no publisher is admitted under this broker user; see `onward publishers add`"
    return Problem("user_id", ErrorCode.NOT_ALLOWED, text)


def _kept(arrived: Arrived) -> bytes | None:
    """What may be kept: payment details masked, identity data not at all, not the oversized.

    What came with its attributes in headers is kept in one piece, as if it had come structured.
    """
    identity = arrived.routing_key.startswith(_VAULT_KEYS) or _VAULT_TYPE in arrived.body
    if identity or len(arrived.body) > MAX_BYTES:
        return None
    try:
        found: Envelope | None = parse_amqp(arrived.content_type, arrived.headers, arrived.body)
    except Malformed as broken:
        found = broken.draft
    if found is None or found.data is None:
        return keepable(arrived.body)
    if found.type.startswith(_VAULT_TYPE.decode()):
        return None
    return keepable(to_structured(found))
