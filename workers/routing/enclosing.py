"""What becomes of a document that belongs to an email: attached, linked, or not with it?"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Enclosed(StrEnum):
    """What becomes of a document that goes with an email."""

    NONE = "none"
    ATTACHED = "attached"
    LINKED = "linked"  # too large: the email says where it can be fetched
    TOO_LARGE = "too_large"  # and there is nowhere to fetch it
    HELD = "held"  # it is not what it was said to be: an operator looks at it


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A document's fate, and its size for the reader to know; of a link, where and until when."""

    enclosed: Enclosed = Enclosed.NONE
    size: int = 0
    link: str = ""
    until: datetime | None = None


NOTHING_ENCLOSED: Final = Enclosure()
HELD_BACK: Final = Enclosure(Enclosed.HELD)


def attachment_plan(size: int, limit: int) -> Enclosure:
    """Attach a document of ``size`` octets, or say that it is too large.

    ``limit`` is the largest email that is sent, as it goes over the wire.
    """
    fits = size_on_the_wire(size) <= limit
    return Enclosure(Enclosed.ATTACHED if fits else Enclosed.TOO_LARGE, size)


def size_on_the_wire(size: int) -> int:
    """How many octets a document makes: base64 in lines of 76 makes 78 of every 57."""
    return -(-size // 57) * 78
