"""What is one thing told in the day, and in which words is it said what must become of it?

What became of an event is written in short lines: ``sms d-mobile delivered``, ``sms d-mobile
pending:window``, ``not_sent:no_consent``, ``waiting:customer``, ``rejected:missing,unknown_field``.
A script that expects, a store that answers and a disagreement that is printed all use these.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.vocabulary import DeliveryStatus
from store.reading.read_models import DeliveryLine, EventStory, Rejection

CALL_CENTRE, MAILROOM, BILLING, REGISTRATION = "call-centre", "mailroom", "billing", "registration"
SOURCES: Mapping[str, str] = {
    CALL_CENTRE: "/demo/callcentre",
    MAILROOM: "/demo/mailroom",
    BILLING: "/demo/billing",
    REGISTRATION: "/demo/registration",
}
_PLAIN = frozenset({DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED})


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the day: who tells it, what it shows, and what must become of it.

    ``ends`` is what stands at the end of the day, ``meanwhile`` what stands at the end of its own
    hour, where that differs. ``through`` is an outcome that its record must hold on the way.
    ``answer`` is the door's word; ``told_back`` what the call-centre must hear of a call. ``again``
    is told a second time under an id that was used before, so that its end is the first one's.
    """

    id: str
    by: str
    type: str
    data: Mapping[str, Any] = field(repr=False)
    subject: str | None = None
    shows: str = ""
    ends: tuple[str, ...] = ()
    meanwhile: tuple[str, ...] | None = None
    answer: str = "accepted"
    again: bool = False
    through: str | None = None
    told_back: str | None = None

    @property
    def source(self) -> str:
        """The system that tells it."""
        return SOURCES[self.by]

    def envelope(self) -> dict[str, Any]:
        """Write it as a CloudEvent."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": f"onward.{self.type}.v1",
            "datacontenttype": "application/json",
            "data": self.data,
        }
        return event if self.subject is None else {**event, "subject": self.subject}

    def expected(self, *, at_the_end: bool) -> Counter[str]:
        """Give the lines that must stand now."""
        return Counter(self.ends if at_the_end or self.meanwhile is None else self.meanwhile)


@dataclass(frozen=True, slots=True)
class Asked:
    """The mailroom's clerk asks what to do with an item, and must be told this."""

    item_id: str
    do: str


@dataclass(frozen=True, slots=True)
class Hour:
    """A part of the day, after which all that it set going must have come to rest.

    ``asks`` are asked first, ``ringing`` are the calls put on the line: caller, dialled number
    and the call's id with the provider.
    """

    clock: str
    title: str
    told: tuple[Told, ...]
    asks: tuple[Asked, ...] = ()
    ringing: tuple[tuple[str, str, str], ...] = ()


def lines_of(story: EventStory | None) -> Counter[str]:
    """Say in lines what became of an event; none if it was never heard of."""
    if story is None:
        return Counter(["unknown"])
    lines = [_delivery(each) for each in story.deliveries]
    lines += [f"not_sent:{each.reason}" for each in story.non_sends]
    lines += [_rejection(each) for each in story.rejections]
    if story.waiting is not None:
        lines.append(f"waiting:{story.waiting.waits_for}")
    return Counter(lines)


def _delivery(line: DeliveryLine) -> str:
    said = f"{line.channel} {line.destination_id} {line.status}"
    said = said if line.status in _PLAIN else f"{said}:{line.reason}"
    return f"{said} marked" if line.marked else said


def _rejection(one: Rejection) -> str:
    return "rejected:" + ",".join(sorted({problem.code.value for problem in one.problems}))
