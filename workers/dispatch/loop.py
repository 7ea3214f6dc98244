"""Where do sends run? On one event loop in a thread of its own, bounded for each provider."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue

import uvloop
from structlog import get_logger

from contracts.vocabulary import Reason
from workers.alive import Beat, beat_on
from workers.providers.base import Outgoing, Provider, Unknown, Verdict

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The send was not begun: too late for its claim, or the worker is stopping."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one send of a batch; ``place`` is its place there."""

    place: int
    verdict: Verdict | NotBegun


class Loop:
    """An event loop in a thread, on which all of a process's sends run.

    ``width`` sends per provider are under way at once; the others wait for a place.
    """

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sends", daemon=True)
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._stopping = threading.Event()
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
        results: "SimpleQueue[Sent]",
    ) -> None:
        """Send all; each result is put into ``results`` as it comes.

        A send that cannot begin before ``begin_before`` (monotonic seconds) is not begun: its
        claim might end while it is under way.
        """
        self._loop.call_soon_threadsafe(
            self._start, provider, width, outgoing, begin_before, results
        )

    def _start(
        self,
        provider: Provider,
        width: int,
        outgoing: Sequence[tuple[int, Outgoing]],
        begin_before: float,
        results: "SimpleQueue[Sent]",
    ) -> None:
        gate = self._gates.setdefault(provider.name, asyncio.Semaphore(width))
        for place, one in outgoing:
            task = self._loop.create_task(self._send(provider, gate, one, begin_before))
            task.add_done_callback(_reporter(place, results))

    async def _send(
        self, provider: Provider, gate: asyncio.Semaphore, one: Outgoing, begin_before: float
    ) -> Verdict | NotBegun:
        async with gate:
            if self._stopping.is_set() or time.monotonic() >= begin_before:
                return NotBegun()
            return await provider.send(one, _nothing)

    def call(self, make: Callable[[], "asyncio.Future[None] | object"]) -> None:
        """Run a coroutine function on the loop and wait for it."""
        future: Future[object] = asyncio.run_coroutine_threadsafe(_await(make), self._loop)
        future.result()

    def beat(self, beat: Beat) -> None:
        """Have the loop beat for as long as it answers."""
        beat_on(self._loop, beat)

    def stop_beginning(self) -> None:
        """Begin no further send; those under way go on to their end."""
        self._stopping.set()

    def close(self) -> None:
        """Stop the loop. Every send has been reported before."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _await(make: Callable[[], object]) -> object:
    made = make()
    return await made if asyncio.iscoroutine(made) else made


def _nothing() -> None:
    """What is done before the first byte, as long as no journal is kept."""


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
