"""Is this process at its work? Its loops beat; what has not for too long is stuck.

Beating costs one reading of the clock. Nothing is judged until somebody asks; an outage of the
store, the broker or a provider is no reason to be stuck, for loops beat while they wait it out.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType

_EVERY_SECONDS = 1.0

Beat = Callable[[], None]
Clock = Callable[[], float]


class Crew:
    """How many are at work at once, and since when. One piece of work is ``with crew:``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[int, float] = {}

    def __enter__(self) -> None:
        self._since[threading.get_ident()] = self._clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._since.pop(threading.get_ident(), None)

    def turn(self) -> None:
        """Say that whoever is at work here waits for a server, and is not stuck."""
        if (me := threading.get_ident()) in self._since:
            self._since[me] = self._clock()

    @property
    def busy(self) -> int:
        """How many are at work."""
        return len(self._since)

    def without_a_free_hand(self, places: int) -> float:
        """For how many seconds all ``places`` have been taken by the same work, if they are."""
        since = list(self._since.values())
        return self._clock() - max(since) if since and len(since) >= places else 0.0


class Beats:
    """What in this process must go on, each by its name. Safe to share between threads."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._limits: dict[str, float] = {}
        self._asked: dict[str, Callable[[], str | None]] = {}

    def loop(self, name: str, limit: float) -> Beat:
        """Give the beat of a loop that turns at least every ``limit`` seconds, from now on."""
        self._limits[name] = limit

        def beat() -> None:
            self._last[name] = self._clock()

        beat()
        return beat

    def crew(self, name: str, places: Callable[[], int], limit: float) -> Crew:
        """Give a crew of so many, of which one at least is done with its work in ``limit``."""
        crew = Crew(self._clock)

        def ask() -> str | None:
            seconds = crew.without_a_free_hand(places())
            return f"all at the same work for {seconds:.0f} s" if seconds > limit else None

        self.ask(name, ask)
        return crew

    def ask(self, name: str, asked: Callable[[], str | None]) -> None:
        """Have ``asked`` say, whenever somebody looks, what is wrong; none if nothing is."""
        self._asked[name] = asked

    @property
    def ages(self) -> Mapping[str, float]:
        """How many seconds ago each loop last turned."""
        now = self._clock()
        return MappingProxyType({name: now - last for name, last in list(self._last.items())})

    def found(self) -> Mapping[str, str | None]:
        """Say of each what keeps it from going on; none where nothing does."""
        told: dict[str, str | None] = {name: asked() for name, asked in list(self._asked.items())}
        for name, age in self.ages.items():
            limit = self._limits[name]
            stuck = age > limit
            told[name] = f"no turn for {age:.0f} s, {limit:g} are allowed" if stuck else None
        return MappingProxyType(told)


def beat_on(loop: asyncio.AbstractEventLoop, beat: Beat) -> None:
    """Have an event loop beat every second for as long as it answers. Safe from any thread."""

    def again() -> None:
        beat()
        loop.call_later(_EVERY_SECONDS, again)

    loop.call_soon_threadsafe(again)
