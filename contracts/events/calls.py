"""What does the call-centre report?"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from contracts.events.base import Caller, Concerning, EventData, EventType, Whose
from contracts.fields import CallSid, FreeText, Id, Instant, Label, Name, Number, NumberOrSip
from contracts.vocabulary import Family, Urgency


class _FromCaller(EventData):
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("call_id",)

    call_id: Id
    caller: Caller | None = None
    for_: Concerning | None = Field(default=None, alias="for")
    dialled_number: Number | None = None

    def searchable(self) -> Iterator[str]:
        """The call, and who called."""
        yield from super().searchable()
        if self.caller is not None:
            words = (self.caller.name, self.caller.company, self.caller.number)
            yield from filter(None, words)


class MessageTaken(_FromCaller):
    """A caller left word for the customer."""

    taken_at: Instant
    text: FreeText
    urgency: Urgency = Urgency.ROUTINE
    category: Label | None = None
    operator: Name | None = None
    callback_by: Instant | None = None
    transfer_outcome: Literal["none", "declined", "no_answer", "busy", "failed"] | None = None


class CallWaiting(_FromCaller):
    """A caller is on the line and waits to be put through."""

    provider_call_id: CallSid
    not_after: Instant
    provider_account: Id | None = None
    return_to: NumberOrSip | None = None
    reason: FreeText | None = None


class CallEnded(EventData):
    """A call is over."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("call_id",)

    call_id: Id
    outcome: Literal["answered", "abandoned", "message_taken"]
    ended_at: Instant


TYPES = (
    EventType("call.message_taken", Family.CALLS, MessageTaken, Whose.DIALLED),
    EventType("call.waiting", Family.CALLS, CallWaiting, Whose.DIALLED, ()),
    EventType("call.ended", Family.CALLS, CallEnded, Whose.NAMED, ()),
)
