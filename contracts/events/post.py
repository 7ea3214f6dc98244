"""What does the mailroom report?"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.events.base import EventData, EventType, File, Shape, ToldBy, Whose
from contracts.fields import Count, DestinationId, Id, Instant, Items, Label, Name
from contracts.vocabulary import Family, PostAction


class Sender(Shape):
    """Who sent an item, as far as its outside shows."""

    name: Name | None = None
    class_: Literal["official", "bank", "court", "business", "unknown"] | None = Field(
        default=None, alias="class"
    )


class PostReceived(EventData):
    """An item came in for a customer."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("item_id",)

    item_id: Id
    received_at: Instant
    class_: Literal["letter", "large_letter", "packet", "parcel"] = Field(alias="class")
    addressee: Name | None = None
    sender: Sender | None = None
    contains: (
        Annotated[
            tuple[Literal["cheque", "card", "identity_document", "legal"], ...],
            Field(max_length=4),
        ]
        | None
    ) = None

    @property
    def kinds(self) -> frozenset[str]:
        """What the item holds and who sent it, as far as this event says."""
        sender = self.sender.class_ if self.sender is not None else None
        return frozenset((*(self.contains or ()), *((sender,) if sender is not None else ())))


class PostScanned(PostReceived):
    """An item was opened, on someone's authority, and scanned."""

    scan: File
    pages: Count
    opened_by: Name | None = None
    open_authority: Label | None = None


class ItemInstructed(EventData):
    """The customer said what to do with items."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("items",)

    items: Items
    do: PostAction
    told_us_by: ToldBy
    postal_destination: DestinationId | None = None
    may_shred: Annotated[bool, Field(strict=True)] | None = None


class PostDispatched(EventData):
    """Items were handed to a carrier: letters sent on."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("dispatch_id", "items", "tracking_reference")

    dispatch_id: Id
    items: Items
    destination_id: DestinationId
    carrier: Label
    handed_over_at: Instant
    service_class: Label | None = None
    tracking_reference: Id | None = None
    operator: Name | None = None


class PostDisposed(EventData):
    """Items left us in another way."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("items",)

    items: Items
    how: Literal["returned", "collected", "shredded"]
    at: Instant
    by: Name
    authority: Label | None = None


TYPES = (
    EventType("post.received", Family.POST, PostReceived, Whose.ADDRESSEE),
    EventType("post.scanned", Family.POST, PostScanned, Whose.ADDRESSEE),
    EventType("item.instructed", Family.POST, ItemInstructed, Whose.NAMED, ("item",)),
    EventType("post.dispatched", Family.POST, PostDispatched, Whose.NAMED, ("item",)),
    EventType("post.disposed", Family.POST, PostDisposed, Whose.NAMED, ("item",)),
)
