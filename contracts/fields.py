"""What a field of an event may hold: the kinds of text, number, day and amount, all bounded.

Every kind of text but the free ones refuses payment details; the free ones mask them, because a
caller's words must reach the customer. So the check hangs on a field's kind, not on its name.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from contracts.currencies import PLACES
from contracts.instants import DAY_WANTED, INSTANT_WANTED, parse_day, parse_instant
from contracts.numbers import normalise
from contracts.payment_details import holds_payment_details, mask_payment_details

CARD_DATA = "card_data"
CARD_DATA_TEXT = (
    "holds what looks like a card number or IBAN, which we keep nowhere; "
    "send the payment provider's token or the last four digits"
)
SHORTEST_PAYMENT_DETAIL = 13

T = TypeVar("T")

_SIP = re.compile(r"sips?:[A-Za-z0-9\-_.!~*'()&=+$,;?/%]{1,128}@[A-Za-z0-9.\-:\[\]]{1,200}")
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_EMAIL_MAX = 254
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
_NO_CONTROLS_BUT_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"


class _Marker:
    """Says of a field's kind how it treats payment details; read by the contract's own tests."""

    __slots__ = ("treatment",)

    def __init__(self, treatment: str) -> None:
        self.treatment = treatment


MASKS = _Marker("masks")
REFUSES = _Marker("refuses")
HOLDS_NONE = _Marker("its form leaves no room for any")


def without_payment_details(text: str) -> str:
    """``text`` itself; raises a ``card_data`` error, which does not quote it, if it holds any."""
    if len(text) >= SHORTEST_PAYMENT_DETAIL and holds_payment_details(text):
        raise PydanticCustomError(CARD_DATA, CARD_DATA_TEXT)
    return text


def _read(parse: Callable[[str], T], kind: type[T], wanted: str) -> Callable[[object], T]:
    def read(value: object) -> T:
        if isinstance(value, str):
            return parse(value)
        if type(value) is kind:  # ours already, not from the wire
            return value
        raise ValueError(wanted)

    return read


def _number(text: str) -> str:
    try:
        return str(normalise(text))
    except ValueError:
        without_payment_details(text)
        raise


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - slow to import

    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("must be an email address, as name@example.org") from None
    return found.normalized


def _number_or_sip(text: str) -> str:
    if text.startswith(("sip:", "sips:")):
        if _SIP.fullmatch(text) is None:
            raise ValueError("must be a telephone number or a SIP address, as sip:desk@example.org")
        return text
    return _number(text)


def _amount(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or _AMOUNT.fullmatch(value) is None:
        raise ValueError("must be a decimal string that is not negative, as 120.00")
    return Decimal(value)


def _currency(code: str) -> str:
    if code not in PLACES:
        raise ValueError("must be an ISO 4217 currency code, as GBP")
    return code


def _distinct(members: tuple[str, ...]) -> tuple[str, ...]:
    # Not by min_length: that would also complain of a list whose members are all wrong.
    if not members:
        raise ValueError("must name at least one")
    if len(set(members)) != len(members):
        raise ValueError("names something twice; name each once")
    return members


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^\S+(?: \S+)*$"),
    AfterValidator(without_payment_details),
    REFUSES,
]
DestinationId = Annotated[  # @ begins the names of places that are ours to know, as @invoice
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^@\s]\S*$"),
    AfterValidator(without_payment_details),
    REFUSES,
]
LongId = Annotated[  # a Message-ID may fill a line
    str,
    StringConstraints(min_length=1, max_length=998, pattern=r"^\S+(?: \S+)*$"),
    AfterValidator(without_payment_details),
    REFUSES,
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS),
    AfterValidator(without_payment_details),
    REFUSES,
]
Label = Name
AddressText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=1000, pattern=_NO_CONTROLS_BUT_LINES
    ),
    AfterValidator(without_payment_details),
    REFUSES,
]
FreeText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=4000, pattern=_NO_CONTROLS_BUT_LINES
    ),
    AfterValidator(mask_payment_details),
    MASKS,
]
FreeLine = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_NO_CONTROLS),
    AfterValidator(mask_payment_details),
    MASKS,
]
LongText = Annotated[  # a whole email, or an offer's page
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100_000, pattern=_NO_CONTROLS_BUT_LINES
    ),
    AfterValidator(mask_payment_details),
    MASKS,
]
Number = Annotated[
    str,
    StringConstraints(min_length=3, max_length=40),
    AfterValidator(_number),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 3,
            "maxLength": 40,
            "pattern": r"^\+?[0-9 ().\-/]+$",
            "description": "A telephone number in E.164 or GB national form.",
        }
    ),
    HOLDS_NONE,
]
NumberOrSip = Annotated[
    str, StringConstraints(min_length=3, max_length=300), AfterValidator(_number_or_sip), HOLDS_NONE
]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=_EMAIL_MAX),
    AfterValidator(without_payment_details),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
    REFUSES,
]
Link = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^https://[^\s/?#]+\.[^\s]+$"),
    AfterValidator(without_payment_details),
    Field(json_schema_extra={"format": "uri"}),
    REFUSES,
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), HOLDS_NONE]
CallSid = Annotated[str, StringConstraints(pattern=r"^CA[0-9a-fA-F]{32}$"), HOLDS_NONE]
MediaType = Annotated[
    str,
    StringConstraints(
        max_length=100,
        to_lower=True,
        pattern=r"^[A-Za-z][A-Za-z0-9!#$&^_.+\-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+\-]*$",
    ),
    AfterValidator(without_payment_details),
    REFUSES,
]
Instant = Annotated[
    datetime,
    BeforeValidator(_read(parse_instant, datetime, INSTANT_WANTED)),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Day = Annotated[
    date,
    BeforeValidator(_read(parse_day, date, DAY_WANTED)),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Money = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"}),
]
Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency), HOLDS_NONE
]
Items = Annotated[
    tuple[Id, ...],
    Field(max_length=1000, json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_distinct),
]
Emails = Annotated[
    tuple[Email, ...],
    Field(max_length=100, json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_distinct),
]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
