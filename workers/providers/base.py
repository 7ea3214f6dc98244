"""What a provider is given, and the four answers it may give back.

A provider sends one thing once. It never retries, never reads the store, and never raises for
what the far side said: every outcome is a verdict. An exception out of ``send`` is a bug, and
counts as ``Unknown`` once a byte may have left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.vocabulary import Channel, Reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it, and this is its own reference for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Definitely not sent; may be tried again.

    ``retry_after`` is the provider's own wish in seconds. ``spends_attempt`` is false where the
    fault is not the delivery's: a rate limit, an outage, our credentials. ``concerns_all`` is true
    where the wish holds for whatever we send, and not perhaps for this recipient alone.
    """

    reason: Reason
    code: str
    retry_after: float | None = None
    spends_attempt: bool = True
    concerns_all: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not sent, and trying again would not help."""

    reason: Reason
    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent: the request left us and no definite answer came back."""

    reason: Reason
    code: str


Verdict = Accepted | Deferred | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Tag:
    """Who is being sent what: ids alone, which ride along to the provider and into logs."""

    delivery_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS. ``to`` and ``sender`` are E.164 (or an alphanumeric sender).

    ``own_sender``: the customer's own, and no other text's.
    """

    tag: Tag
    to: str
    sender: str
    body: str
    validity_seconds: int
    callback_url: str | None
    own_sender: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an email."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Email:
    """One email to one recipient. ``message_id`` is the same at every attempt of a delivery.

    ``return_path`` is where its bounces come to; unset: to the sender. ``unsubscribe_url`` is where
    its reader opts out at one click (RFC 8058); for offers alone.
    """

    tag: Tag
    to: str
    sender: str
    sender_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    message_id: str
    written_at: datetime
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    return_path: str | None = None
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Redirect a waiting caller (``provider_call_id``) to the customer's number ``to``.

    The numbers in ``also`` ring at the same time; the first that takes the call has it. Who picks
    up is told what ``announce_url`` answers before the caller is joined; ``must_press`` says that
    they have to press a key first. How each number fared is reported to ``leg_url``.
    """

    tag: Tag
    provider_call_id: str
    to: str
    caller_id: str | None
    ring_seconds: int
    action_url: str | None
    also: tuple[str, ...] = ()
    announce_url: str | None = None
    leg_url: str | None = None
    must_press: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """All that ring."""
        return (self.to, *self.also)


Outgoing = Text | Email | Transfer


class Provider(Protocol):
    """Carries a channel. ``send`` answers within ``timeout`` seconds, always with a verdict.

    ``before_first_byte`` is called at most once, just before the first byte that could cause a send
    leaves (of a request; of an email's last part); what fails earlier is definite. What it raises
    goes out of ``send``, and no further byte has left.
    """

    name: str
    channel: Channel
    timeout: float

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = ...
    ) -> Verdict:
        """Send once and give the verdict."""
        ...

    async def probe(self) -> Verdict:
        """Ask whether it is there and knows us: ``Accepted`` if so. Sends nothing, ever."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...
