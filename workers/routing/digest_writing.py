"""What does one delivery say of several events: how much of each, within a text's limit?

Every event is named in a line of its own. Where a text's limit is too small for all that was said,
each one's words are cut to the same length; where it is too small for all lines, as many as fit
are told, and how many more there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from contracts.events import EventData
from workers.routing.sms_cut import cut, longest
from workers.routing.sms_length import segments


@dataclass(frozen=True, slots=True)
class Together:
    """One of the events that are told of together."""

    event_type: str
    event: EventData


@dataclass(frozen=True, slots=True)
class Item:
    """What is told of one event: a line, its words, and what became of its document."""

    line: str
    text: str = ""
    enclosed: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of all: ``more`` are not named, and ``rest`` says that something was cut."""

    items: tuple[Item, ...]
    more: int = 0
    rest: bool = False


def fitting(written: Callable[[Told], str], items: Sequence[Item], most: int) -> str:
    """The fullest text of at most ``most`` segments; ``written`` makes the text of what is told."""
    whole = written(Told(tuple(items)))
    if segments(whole) <= most:
        return whole

    def of_length(length: int) -> str:
        short = tuple(replace(item, text=_cut(item.text, length)) for item in items)
        return written(Told(short, rest=True))

    def of_lines(count: int) -> str:
        lines = tuple(replace(item, text="") for item in items[:count])
        return written(Told(lines, more=len(items) - count, rest=True))

    if segments(of_length(0)) <= most:
        most_words = max(len(item.text) for item in items)
        return of_length(longest(most_words, lambda one: segments(of_length(one)) <= most))
    return of_lines(longest(len(items), lambda one: segments(of_lines(one)) <= most))


def _cut(text: str, length: int) -> str:
    short = cut(text, length)
    return short if short == text or not short else f"{short}..."
