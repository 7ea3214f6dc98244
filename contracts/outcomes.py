"""What do publishers get back, and how is it written?

Each outcome is a CloudEvent of type `onward.<name>.v1` from our own source. What they hold is
what EVENTS names and nothing more: destinations are masked, and the call-centre learns a
customer's name and business name only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.envelope import Envelope
from contracts.fields import Money
from contracts.vocabulary import Channel, DeliveryStatus, ErrorCode, Reason, Role, Service

SOURCE = "/onward"


class OutcomeData(BaseModel):
    """The data of one outcome: closed and immutable."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True
    )


class FieldError(OutcomeData):
    """One error of a rejected event."""

    path: str
    code: ErrorCode
    text: str


class EventRejected(OutcomeData):
    """An event breaks its contract; source and id are absent where they could not be read."""

    source: str | None = None
    id: str | None = None
    type: str | None = None
    errors: tuple[FieldError, ...]


class EventWaiting(OutcomeData):
    """An event waits for something that is not known yet, and how long it will."""

    source: str
    id: str
    waits_for: Literal[
        "customer", "number", "addressee", "destination", "item", "event", "note", "service"
    ]
    until: AwareDatetime


class RoutedDelivery(OutcomeData):
    """A delivery planned from an event.

    Without ``due_at`` it is held: until its destination is verified, or the mailroom reports it.
    """

    delivery_id: UUID
    channel: Channel
    destination: str
    due_at: AwareDatetime | None = None


class RoutedNonSend(OutcomeData):
    """What was deliberately not sent."""

    reason: Reason
    channel: Channel | None = None
    destination: str | None = None
    detail: str | None = None


class AlreadySent(OutcomeData):
    """What had been sent on of an event before it was withdrawn."""

    delivery_id: UUID
    channel: Channel
    destination: str
    status: DeliveryStatus
    at: AwareDatetime | None = None


class EventRouted(OutcomeData):
    """What follows from an event; for a withdrawal, what could no longer be stopped."""

    source: str
    id: str
    deliveries: tuple[RoutedDelivery, ...] = ()
    non_sends: tuple[RoutedNonSend, ...] = ()
    already_sent: tuple[AlreadySent, ...] = ()


class DeliveryOutcome(OutcomeData):
    """Where a delivery now stands; ``source`` and ``id`` are its event's."""

    delivery_id: UUID
    source: str
    id: str
    channel: Channel
    destination: str
    attempts: Annotated[int, Field(ge=0)]
    reason: Reason
    at: AwareDatetime
    detail: str | None = None
    resent: bool | None = None  # true where an earlier send of the same delivery is not ruled out


class CallForwarded(OutcomeData):
    """What became of a waiting call."""

    call_id: str
    outcome: Literal["answered", "no_answer", "busy", "failed", "expired"]
    seconds: Annotated[int, Field(ge=0)] | None = None


class SupplierTold(OutcomeData):
    """Whom the call-centre answers for; nothing more is shared."""

    name: str | None
    business_name: str


class PostRequested(OutcomeData):
    """What the mailroom is asked to do with items."""

    items: Annotated[tuple[str, ...], Field(min_length=1)]
    destination_id: str | None = None
    consolidate: str = "now"


class ScanRequested(PostRequested):
    """Items to open and scan, and on whose authority they may be opened."""

    authority: str


class PaymentRequested(OutcomeData):
    """One period's repeat payment, by the method the customer chose."""

    request_id: str
    subscription_id: str
    period: str
    due_on: date
    amount: Money
    currency: str
    method_label: str
    provider_token: str


class ServiceNotReady(OutcomeData):
    """All that a service lacks before it can start."""

    services: tuple[Service, ...]
    missing: Annotated[tuple[str, ...], Field(min_length=1)]


class InformationRequested(OutcomeData):
    """What we must know of a customer, and why; only after payment."""

    request_id: str
    what: Annotated[tuple[str, ...], Field(min_length=1)]
    why: str


class HeldBy(OutcomeData):
    """What one part that a processor runs for us holds, by the names it gave to sends itself."""

    part: str
    references: tuple[str, ...] = ()


class ErasureRequested(OutcomeData):
    """A processor is asked to erase a person's data, and to confirm it.

    The subject is the customer's reference; ``held`` names what was sent through the processor, as
    far as it told us names.
    """

    request_id: str
    processor: str
    held: tuple[HeldBy, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of outcome: its contract, and which publishers get it beside the event's own."""

    name: str
    model: type[OutcomeData]
    role: Role | None = None

    @property
    def wire(self) -> str:
        """The type as it stands in the envelope."""
        return f"onward.{self.name}.v1"


_REPORTED = tuple(
    status
    for status in DeliveryStatus
    if status not in {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
)
_ALL = (
    Outcome("event.rejected", EventRejected),
    Outcome("event.waiting", EventWaiting),
    Outcome("event.routed", EventRouted),
    *(Outcome(f"delivery.{status}", DeliveryOutcome) for status in _REPORTED),
    Outcome("call.forwarded", CallForwarded, Role.CALL_CENTRE),
    Outcome("supplier.told", SupplierTold, Role.CALL_CENTRE),
    Outcome("supplier.corrected", SupplierTold, Role.CALL_CENTRE),
    Outcome("post.scan_requested", ScanRequested, Role.MAILROOM),
    Outcome("post.forward_requested", PostRequested, Role.MAILROOM),
    Outcome("post.hold_requested", PostRequested, Role.MAILROOM),
    Outcome("post.shred_requested", PostRequested, Role.MAILROOM),
    Outcome("post.collect_requested", PostRequested, Role.MAILROOM),
    Outcome("post.return_requested", PostRequested, Role.MAILROOM),
    Outcome("payment.requested", PaymentRequested, Role.BILLING),
    Outcome("service.not_ready", ServiceNotReady, Role.REGISTRATION),
    Outcome("information.requested", InformationRequested, Role.REGISTRATION),
    Outcome("erasure.requested", ErasureRequested, Role.PROCESSOR),
)

OUTCOMES: Mapping[str, Outcome] = MappingProxyType({outcome.name: outcome for outcome in _ALL})


def outcome_envelope(
    name: str,
    id: str,  # noqa: A002 - the attribute's name
    data: OutcomeData,
    at: datetime,
    source: str = SOURCE,
    subject: str | None = None,
) -> Envelope:
    """The CloudEvent of one outcome, ready for `to_structured`.

    Raises TypeError when ``data`` are not what the outcome of this name holds, and KeyError when
    there is none of this name.
    """
    outcome = OUTCOMES[name]
    if type(data) is not outcome.model:
        raise TypeError(f"{name} holds {outcome.model.__name__}, not {type(data).__name__}")
    return Envelope(
        id=id,
        source=source,
        type=outcome.wire,
        subject=subject,
        time=at,
        datacontenttype="application/json",
        data=data.model_dump(mode="json", exclude_none=True),
    )
