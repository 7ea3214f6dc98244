"""What do we learn about who a customer is and how to reach them?"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from contracts.events.base import Contradiction, EventData, EventType, File, Shape, ToldBy, Whose
from contracts.fields import (
    AddressText,
    Day,
    Email,
    FreeText,
    Id,
    Instant,
    Label,
    Name,
    Number,
)
from contracts.vocabulary import POST_SERVICES, Family, Service


def _some_distinct(services: tuple[Service, ...]) -> tuple[Service, ...]:
    if not services or len(set(services)) != len(services):
        raise ValueError("must name at least one service, and each once")
    return services


def _time_zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - rarely needed

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone of the IANA list, as Europe/London") from None
    return name


Services = Annotated[
    tuple[Service, ...],
    AfterValidator(_some_distinct),
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
]
TimeZone = Annotated[Label, AfterValidator(_time_zone)]
Locale = Annotated[Label, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
Names = Annotated[tuple[Name, ...], Field(max_length=100)]


class Contact(Shape):
    """The person whom we talk to at a customer's."""

    name: Name | None = None
    email: Email | None = None
    phone: Number | None = None


class Addresses(Shape):
    """Where a customer lives and does business; collected for post services only."""

    home: AddressText | None = None
    business: AddressText | None = None


class Enquired(EventData):
    """Someone asked for a quotation; nothing more is collected than the policy says."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("name", "phone", "email")

    name: Name
    service_type: Label
    via: Literal["web", "phone"]
    address: AddressText | None = None
    phone: Number | None = None
    email: Email | None = None
    preferences_note: FreeText | None = None


class Ordered(Enquired):
    """Someone began an order, or placed it."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("name", "phone", "email", "order_id")

    stage: Literal["begun", "placed"]
    order_id: Id | None = None


class _Registration(EventData):
    trading_name: Name | None = None
    contact: Contact | None = None
    addresses: Addresses | None = None
    also_known_as: Names | None = None
    invoice_email: Email | None = None
    kind: Literal["legal_person", "individual"] | None = None
    individuals: Annotated[tuple[Id, ...], Field(max_length=100)] | None = None


class Registered(_Registration):
    """A customer completed registration."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("legal_name", "trading_name", "also_known_as")

    legal_name: Name
    services: Services
    time_zone: TimeZone = "Europe/London"
    locale: Locale = "en-GB"

    def contradictions(self) -> Iterator[Contradiction]:
        """As everywhere: what may not stand beside what."""
        if self.addresses is not None and not POST_SERVICES.intersection(self.services):
            yield "addresses", "is collected for post services only; leave it out"


class Corrected(_Registration):
    """What was registered was wrong or has changed; only what changed, null where it is gone."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("legal_name", "trading_name", "also_known_as")

    told_us_by: ToldBy
    legal_name: Name | None = None
    services: Services | None = None
    time_zone: TimeZone | None = None
    locale: Locale | None = None

    def contradictions(self) -> Iterator[Contradiction]:
        """As everywhere: what may not stand beside what."""
        if self.model_fields_set == {"told_us_by"}:
            yield "", "must hold at least one changed field"
        for name in ("legal_name", "services", "time_zone", "locale"):
            if name in self.model_fields_set and getattr(self, name) is None:
                yield name, "can be changed, but not taken away"


class NumberAssigned(EventData):
    """A number of ours now rings for one customer."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("number",)

    number: Number
    service: Literal[Service.PHONE_ANSWERING, Service.TELEPHONE_FORWARDING]


class NumberReleased(NumberAssigned):
    """A number of ours no longer rings for the customer."""


class IdentityChecked(EventData):
    """An individual's identity was checked; for the vault alone."""

    individual_id: Id
    check: Label
    result: Literal["passed", "failed", "referred"]
    date_of_birth: Day | None = None
    document_number: Id | None = None
    evidence: File | None = None


class ServiceStarted(EventData):
    """The customer's services are to begin."""

    services: Services
    started_at: Instant


class ServiceTerminated(EventData):
    """The customer's service is over."""

    terminated_at: Instant
    reason: FreeText | None = None


class Consent(EventData):
    """The customer agreed to offers by email, or no longer does."""

    purpose: Literal["offers"]
    channel: Literal["email"]
    method: Label
    at: Instant
    wording_version: Id | None = None
    evidence: FreeText | None = None


class RightsRequested(EventData):
    """A person asked for one of the rights in their own data."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("request_id",)

    request_id: Id
    kind: Literal["access", "correction", "erasure", "restriction", "objection", "portability"]
    via: Literal["web", "phone", "in_person", "email", "post"]
    received_at: Instant
    detail: FreeText | None = None


class ErasureConfirmed(EventData):
    """A processor erased what we asked it to erase."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("request_id",)

    request_id: Id
    processor: Label
    at: Instant


_FAMILY = Family.CUSTOMERS
TYPES = (
    EventType("customer.enquired", _FAMILY, Enquired, waits_for=()),
    EventType("customer.ordered", _FAMILY, Ordered, waits_for=()),
    EventType("customer.registered", _FAMILY, Registered, waits_for=()),
    EventType("customer.corrected", _FAMILY, Corrected),
    EventType("number.assigned", _FAMILY, NumberAssigned),
    EventType("number.released", _FAMILY, NumberReleased),
    EventType("identity.checked", _FAMILY, IdentityChecked),
    EventType("service.started", _FAMILY, ServiceStarted),
    EventType("service.terminated", _FAMILY, ServiceTerminated),
    EventType("consent.given", _FAMILY, Consent),
    EventType("consent.withdrawn", _FAMILY, Consent),
    EventType("rights.requested", _FAMILY, RightsRequested),
    EventType("erasure.confirmed", _FAMILY, ErasureConfirmed, Whose.NAMED, ()),
)
