"""What do we learn about where a customer wants things sent, and when?

The family is customers.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from contracts.events.base import EventData, EventType, ToldBy
from contracts.fields import (
    CARD_DATA,
    CARD_DATA_TEXT,
    REFUSES,
    AddressText,
    DestinationId,
    Email,
    Instant,
    Label,
    Name,
    Number,
)
from contracts.instants import parse_instant
from contracts.numbers import can_be_mobile
from contracts.payment_details import holds_payment_details
from contracts.rules import Callers, Rule
from contracts.vocabulary import DestinationKind, Family

_NUMBER: TypeAdapter[str] = TypeAdapter(Number)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_ADDRESS: TypeAdapter[str] = TypeAdapter(AddressText)
_FORMS: Mapping[DestinationKind, TypeAdapter[str]] = {
    DestinationKind.MOBILE: _NUMBER,
    DestinationKind.VOICE: _NUMBER,
    DestinationKind.EMAIL: _EMAIL,
    DestinationKind.POSTAL: _ADDRESS,
}


def _rule_without_payment_details(value: object) -> object:
    if any(holds_payment_details(text) for text in _texts(value)):
        raise PydanticCustomError(CARD_DATA, CARD_DATA_TEXT)
    return value


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [] if _is_instant(value) else [value]
        case list() | tuple():
            return [text for member in value for text in _texts(member)]
        case dict():
            return [text for member in value.values() for text in _texts(member)]
        case _:
            return []


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True


class DestinationAdded(EventData):
    """The customer named a place to be reached at; it must be verified before it is used.

    ``value`` is kept in one form: E.164 for mobile and voice, the normal form of an email address,
    the lines of a postal address. A mobile must be one by the numbering plan; the validation
    context ``{"admit_drama": True}`` admits Ofcom's drama range.
    """

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("destination_id",)

    destination_id: DestinationId
    kind: DestinationKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=1000), REFUSES]
    label: Label | None = None
    person: Name | None = None

    @field_validator("value", mode="after")
    @classmethod
    def _of_its_kind(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        if kind is None:  # wrong itself, and reported
            return value
        # One field cannot raise another's errors whole: their first says enough.
        found = _checked(_FORMS[kind], value)
        admit_drama = bool((info.context or {}).get("admit_drama"))
        if kind is DestinationKind.MOBILE and not can_be_mobile(found, admit_drama=admit_drama):
            raise ValueError(
                "cannot be a mobile by its numbering plan, so no text would reach it; "
                "give a mobile, or add it as kind voice"
            )
        return found


def _checked(form: TypeAdapter[str], value: str) -> str:
    try:
        return form.validate_python(value)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        if first["type"] == CARD_DATA:
            raise PydanticCustomError(CARD_DATA, CARD_DATA_TEXT) from None
        raise ValueError(first["msg"].removeprefix("Value error, ")) from None


class DestinationVerified(EventData):
    """It was shown that a destination reaches the customer."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("destination_id",)

    destination_id: DestinationId
    how: Label
    verified_at: Instant


class DestinationRemoved(EventData):
    """A destination must no longer be used."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("destination_id",)

    destination_id: DestinationId


class PreferencesSet(EventData):
    """The customer's rules, replacing those in force."""

    rules: Annotated[
        tuple[Annotated[Rule, BeforeValidator(_rule_without_payment_details)], ...],
        Field(max_length=200),
    ]
    told_us_by: ToldBy
    set_by: Name
    callers: Callers | None = None
    based_on_version: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] | None = None


_FAMILY = Family.CUSTOMERS
TYPES = (
    EventType("destination.added", _FAMILY, DestinationAdded),
    EventType("destination.verified", _FAMILY, DestinationVerified, waits_for=("destination",)),
    EventType("destination.removed", _FAMILY, DestinationRemoved, waits_for=("destination",)),
    EventType("preferences.set", _FAMILY, PreferencesSet, waits_for=("customer", "destination")),
)
