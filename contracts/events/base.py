"""What every event's data have in common, and the parts that several events share."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.fields import HOLDS_NONE, MediaType, Name, Number, Sha256
from contracts.vocabulary import Family, Retention

Contradiction = tuple[str, str]
Awaited = Literal["customer", "destination", "item", "event", "note"]
ToldBy = Literal["web", "phone", "in_person", "email"]


class Whose(StrEnum):
    """How an event says whose it is."""

    SUBJECT = "subject"  # the customer's reference, always
    DIALLED = "dialled"  # subject, or the number that was dialled
    ADDRESSEE = "addressee"  # subject, or the name on the item
    NAMED = "named"  # subject, or the call, item, event or request that it names
    EVERYONE = "everyone"  # concerns everyone; has no subject


class Shape(BaseModel):
    """A closed, immutable object spelled in JSON as the events page spells it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )


class EventData(Shape):
    """The data of one event type."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ()

    def contradictions(self) -> Iterator[Contradiction]:
        """Every way in which fields that are right by themselves do not go together.

        Pairs of the path within the data and how to mend it.
        """
        yield from ()

    def searchable(self) -> Iterator[str]:
        """The words by which an operator may look for the event, as published."""
        for name in self.SEARCHABLE:
            match getattr(self, name):
                case None:
                    pass
                case str(word):
                    yield word
                case words:
                    yield from words


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event: its names, its contract, and what it needs before it is taken up."""

    name: str
    family: Family
    model: type[EventData]
    whose: Whose = Whose.SUBJECT
    waits_for: tuple[Awaited, ...] = ("customer",)

    @property
    def wire(self) -> str:
        """The type as it stands in the envelope."""
        return f"onward.{self.name}.v1"

    @property
    def needs_subject(self) -> bool:
        """Whether nothing but the subject can say whose event it is."""
        return self.whose is Whose.SUBJECT

    @property
    def retention(self) -> Retention:
        """For how long what it tells of is kept."""
        return _RETENTIONS.get(self.family, Retention.CONTENT)


_RETENTIONS = {Family.BILLING: Retention.BILLING, Family.CUSTOMERS: Retention.CONTACT}


class File(Shape):
    """A scan, invoice or other document, by reference."""

    uri: Annotated[
        str,
        StringConstraints(max_length=2000, pattern=r"^(blob:[0-9a-f]{64}|(https|s3)://[^\s]+)$"),
        HOLDS_NONE,
    ]
    sha256: Sha256
    media_type: MediaType
    bytes: Annotated[int, Field(strict=True, ge=1, le=1_073_741_824)]

    @model_validator(mode="after")
    def _uri_and_digest_agree(self) -> Self:
        scheme, _, digest = self.uri.partition(":")
        if scheme == "blob" and digest != self.sha256:
            raise ValueError("uri and sha256 name different files")
        return self


class Caller(Shape):
    """Who called, as far as they said; a number, or the word that it was withheld."""

    name: Name | None = None
    company: Name | None = None
    number: Number | None = None
    withheld: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _number_or_withheld(self) -> Self:
        if self.number is not None and self.withheld:
            raise ValueError("give the number or withheld, not both")
        return self


class Concerning(Shape):
    """Whom within the customer's business it is for."""

    person: Name | None = None
    department: Name | None = None
