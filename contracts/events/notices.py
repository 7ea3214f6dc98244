"""What is told to everyone?"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from contracts.events.base import Contradiction, EventData, EventType, Whose
from contracts.events.customers import Services
from contracts.fields import FreeLine, FreeText, Id, Instant, Label, Link, LongText, Sha256
from contracts.instants import month_after, month_before
from contracts.vocabulary import Family

_OFFICE = "Europe/London"
_YEARS = range(1900, 9999)  # months are counted from them


class PolicyChanged(EventData):
    """The data-protection policy changes; every customer is told of it in time."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("version",)

    version: Label
    major: Annotated[bool, Field(strict=True)]
    published_at: Instant
    effective_at: Instant
    url: Link
    sha256: Sha256
    summary: FreeText

    def contradictions(self) -> Iterator[Contradiction]:
        """As everywhere: a major change takes a month."""
        # A month by the calendar on the office's wall: the clocks may change within it.
        wall = ZoneInfo(_OFFICE)
        senseless = [
            name
            for name, at in (
                ("published_at", self.published_at),
                ("effective_at", self.effective_at),
            )
            if at.year not in _YEARS
        ]
        for name in senseless:
            yield name, "is no time at which a policy is published or takes effect"
        if senseless:
            return
        if self.major and self.effective_at < month_after(self.published_at.astimezone(wall)):
            yield "effective_at", "a major change must be published a month before it takes effect"


def told_by(effective_at: datetime) -> datetime:
    """The last moment at which a customer is told a month before a change takes effect."""
    return month_before(effective_at.astimezone(ZoneInfo(_OFFICE)))


class OfferPublished(EventData):
    """An offer, for those who agreed to offers by email."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("campaign_id",)

    campaign_id: Id
    headline: FreeLine
    body: LongText
    valid_until: Instant | None = None
    services: Services | None = None


TYPES = (
    EventType("policy.changed", Family.NOTICES, PolicyChanged, Whose.EVERYONE, ()),
    EventType("offer.published", Family.NOTICES, OfferPublished, Whose.EVERYONE, ()),
)
