"""What does the office itself record?"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.events.base import EventData, EventType, File, Whose
from contracts.fields import Email, Emails, FreeLine, FreeText, Id, Instant, LongId, LongText, Name
from contracts.vocabulary import Family


class EventWithdrawn(EventData):
    """The publisher takes an event back: what of it is unsent is cancelled."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("id",)

    source: LongId
    id: Id
    reason: FreeText


class NoteRecorded(EventData):
    """A note of what was said by phone or in person; amended by a further note."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("note_id",)

    note_id: Id
    channel: Literal["phone", "in_person"]
    author: Name
    text: FreeText
    at: Instant
    follow_up_by: Instant | None = None
    amends: Id | None = None


class CorrespondenceRecorded(EventData):
    """An email that the customer sent us, or we sent them by hand."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("message_id",)

    message_id: LongId
    direction: Literal["in", "out"]
    from_: Email = Field(alias="from")
    to: Emails
    at: Instant
    subject: FreeLine | None = None
    text: LongText | None = None
    attachments: Annotated[tuple[File, ...], Field(max_length=50)] | None = None
    in_reply_to: LongId | None = None


TYPES = (
    EventType("event.withdrawn", Family.OFFICE, EventWithdrawn, Whose.NAMED, ("event",)),
    EventType("note.recorded", Family.OFFICE, NoteRecorded, waits_for=("customer", "note")),
    EventType("correspondence.recorded", Family.OFFICE, CorrespondenceRecorded),
)
