"""What is a provider asked, whom are we asking, and how are many asked at once?"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from store.evidence.inquiries import Asking
from store.evidence.pricing import Slice
from workers.providers.lookups import Leg, Listed, Unanswered
from workers.upkeep.matching import SKEW

_WIDTH = 8


class Texts(Protocol):
    """A provider of texts that can be asked about them."""

    async def sent_to(self, to: str, since: datetime) -> tuple[Listed, ...] | Unanswered:
        """List what was sent to a number since a moment."""
        ...

    async def sent_between(
        self, since: datetime, until: datetime
    ) -> tuple[Listed, ...] | Unanswered:
        """List all that was sent within a time."""
        ...

    async def text_of(self, reference: str) -> Listed | Unanswered:
        """Show one text."""
        ...


class Calls(Protocol):
    """A provider of calls that can be asked about them."""

    async def legs_of(self, call_sid: str) -> tuple[Leg, ...] | Unanswered:
        """List what was dialled for a caller."""
        ...


@dataclass(frozen=True, slots=True)
class Askable:
    """Whom to ask, by the names that stand on attempts; ``close`` gives back connections."""

    texts: Mapping[str, Texts]
    calls: Mapping[str, Calls]
    close: Callable[[], Coroutine[object, object, None]]


@dataclass(frozen=True, slots=True)
class Look:
    """A look into the list of texts to one number, for one or more attempts."""

    provider: str
    to: str
    since: datetime
    askings: tuple[Asking, ...]


@dataclass(frozen=True, slots=True)
class Fetch:
    """One text asked for by its SID."""

    asking: Asking


@dataclass(frozen=True, slots=True)
class Legs:
    """The legs dialled for one caller, to one number, and to those ``also`` rung with it."""

    provider: str
    call_sid: str
    to: str
    asking: Asking
    also: tuple[str, ...] = ()
    must_press: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """What the texts of a time cost."""

    slice: Slice


Question = Look | Fetch | Legs | Prices
Reply = tuple[Listed, ...] | Listed | tuple[Leg, ...] | Unanswered


async def ask_all(askable: Askable, questions: Sequence[Question]) -> list[tuple[Question, Reply]]:
    """Ask, some at once; each question comes back with what was answered."""
    gate = asyncio.Semaphore(_WIDTH)

    async def ask(question: Question) -> tuple[Question, Reply]:
        async with gate:
            return question, await _ask(askable, question)

    return await asyncio.gather(*(ask(question) for question in questions))


async def _ask(askable: Askable, question: Question) -> Reply:
    try:
        match question:
            case Look(provider, to, since):
                return await askable.texts[provider].sent_to(to, since)
            case Fetch(asking):
                return await askable.texts[asking.provider].text_of(asking.reference or "")
            case Prices(Slice(provider, since, until)):
                return await askable.texts[provider].sent_between(since - SKEW, until + SKEW)
            case Legs(provider, call_sid):
                return await askable.calls[provider].legs_of(call_sid)
    except KeyError:  # not set up any more
        return Unanswered("no_such_provider")
