"""Where do sends run? On one event loop in a thread of its own, bounded for each provider.

Just before its first byte every send is looked at once more, and noted: one whose claim has grown
old meanwhile (a process that was stopped, a machine that was suspended) is not begun, and neither
is one that cannot be noted.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import uvloop
from structlog import get_logger

from contracts.vocabulary import Reason
from store.engine import steadily
from workers.dispatch.journal import JournalError
from workers.providers.base import Outgoing, Provider, Unknown, Verdict
from workers.running.alive import Beat, beat_on
from workers.running.failpoints import reach

log = get_logger(__name__)
T = TypeVar("T")
_UNNOTED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class NotBegun:
    """No byte left, and none will at this claim.

    It was too late for it, the worker stops, the provider went out of use, or it could not be
    noted. ``pause`` is how many seconds should pass before it is tried again.
    """

    pause: float = 0.0


class _HaltedError(Exception):
    """Out of a provider, just before its first byte: the send must not begin."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one send of a batch; ``place`` is its place there."""

    place: int
    verdict: Verdict | NotBegun


class Noting(Protocol):
    """Where the sends of one batch are noted, each by its place."""

    def mark(self, place: int) -> None:
        """Note that a send is about to leave. Raises ``JournalError``: then it must not."""

    def answered(self, place: int, verdict: Verdict) -> None:
        """Note what was answered."""


class Loop:
    """An event loop in a thread, on which all of a process's sends run.

    ``width`` sends per provider are under way at once; the others wait for a place.
    """

    def __init__(self, clock: Callable[[], float] = steadily) -> None:
        self._clock = clock
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sends", daemon=True)
        self._gates: dict[str, asyncio.Semaphore] = {}
        self.stopping = threading.Event()
        self._under_way: Counter[str] = Counter()
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def send(
        self,
        provider: Provider,
        width: int,
        outgoing: Sequence[tuple[int, Outgoing]],
        begin_before: float,
        noting: Noting,
        results: "SimpleQueue[Sent]",
        usable: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send all; each result is put into ``results`` as it comes.

        A send whose first byte cannot leave before ``begin_before`` (by this loop's clock) is not
        begun: its claim might end while it is under way. Nor is one whose provider is no longer
        ``usable``.
        """
        halted = partial(self._halted, begin_before, usable)
        self._loop.call_soon_threadsafe(
            self._start, provider, width, outgoing, halted, noting, results
        )

    def _start(
        self,
        provider: Provider,
        width: int,
        outgoing: Sequence[tuple[int, Outgoing]],
        halted: Callable[[], bool],
        noting: Noting,
        results: "SimpleQueue[Sent]",
    ) -> None:
        gate = self._gates.setdefault(provider.name, asyncio.Semaphore(width))
        for place, one in outgoing:
            sending = self._send(provider, gate, place, one, halted, noting)
            task = self._loop.create_task(sending)
            task.add_done_callback(_reporter(place, results))

    async def _send(
        self,
        provider: Provider,
        gate: asyncio.Semaphore,
        place: int,
        one: Outgoing,
        halted: Callable[[], bool],
        noting: Noting,
    ) -> Verdict | NotBegun:
        before_first_byte = partial(self._before_first_byte, noting, place, halted)
        try:
            async with gate:
                if halted():
                    return NotBegun()
                self._under_way[provider.name] += 1
                try:
                    verdict = await provider.send(one, before_first_byte)
                finally:
                    self._under_way[provider.name] -= 1
        except _HaltedError:
            return NotBegun()
        except JournalError as error:
            log.error("journal_unwritable", code=error.code)  # noqa: TRY400 - no fault to trace
            return NotBegun(_UNNOTED_SECONDS)
        reach("provider.answered")
        noting.answered(place, verdict)
        reach("dispatch.journalled")
        return verdict

    def _before_first_byte(self, noting: Noting, place: int, halted: Callable[[], bool]) -> None:
        reach("provider.before_first_byte")
        if halted():
            raise _HaltedError
        noting.mark(place)
        reach("provider.marked")

    def _halted(self, begin_before: float, usable: Callable[[], bool]) -> bool:
        return self.stopping.is_set() or self._clock() >= begin_before or not usable()

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function on the loop, wait for it, and give what it gives."""
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result()

    @property
    def under_way(self) -> Mapping[str, int]:
        """How many sends each provider has not answered yet."""
        return dict(self._under_way)

    def beat(self, beat: Beat) -> None:
        """Have the loop beat for as long as it answers."""
        beat_on(self._loop, beat)

    def stop_beginning(self) -> None:
        """Begin no further send; those under way go on to their end."""
        self.stopping.set()

    def close(self) -> None:
        """Stop the loop. Every send has been reported before."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _reporter(
    place: int, results: "SimpleQueue[Sent]"
) -> Callable[["asyncio.Task[Verdict | NotBegun]"], None]:
    def report(task: "asyncio.Task[Verdict | NotBegun]") -> None:
        error = task.exception()
        if error is None:
            results.put(Sent(place, task.result()))
            return
        # A provider that raises has a bug; whether a byte left, nobody can say.
        log.error("provider_raised", error_type=type(error).__name__)
        results.put(Sent(place, Unknown(Reason.NO_ANSWER, f"raised:{type(error).__name__}")))

    return report
