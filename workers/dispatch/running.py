"""How does a dispatch process run? Dramatiq workers over the lanes it was given, and their end.

Dramatiq feeds one work queue for each worker, so urgent lanes never share one with routine lanes:
a live hint would wait behind bulk batches.
"""

import time
from collections.abc import Collection, Sequence
from itertools import chain

from dramatiq import Broker, Worker
from structlog import get_logger

from contracts.vocabulary import Channel, Lane
from workers.dispatch.broker import queue_name
from workers.dispatch.loop import Loop

log = get_logger(__name__)
SOON = (Lane.LIVE, Lane.URGENT)
LATER = (Lane.ROUTINE, Lane.BULK)
_SOON_THREADS = 8
_POLL_MS = 100


class Running:
    """The workers of one process. ``start`` returns at once; ``stop`` waits for what is sent."""

    def __init__(
        self,
        broker: Broker,
        loop: Loop,
        lanes: Sequence[Lane],
        channels: Collection[Channel],
        threads: int,
    ) -> None:
        self._broker = broker
        self._loop = loop
        self._workers = [
            Worker(
                broker,
                queues={queue_name(c, lane) for c in channels for lane in group},
                worker_threads=count,
                worker_timeout=_POLL_MS,
            )
            for group, count in ((SOON, min(threads, _SOON_THREADS)), (LATER, threads))
            if set(group) & set(lanes)
        ]
        self._lanes = lanes

    def start(self) -> None:
        """Begin working off hints."""
        # What Dramatiq's own command line would emit; middleware relies on it.
        self._broker.emit_before("process_boot")
        for worker in self._workers:
            worker.start()
        self._broker.emit_after("process_boot")
        log.info("dispatch_started", lanes=[lane.value for lane in self._lanes])

    @property
    def places(self) -> int:
        """How many batches can be worked on at once."""
        return sum(worker.worker_threads for worker in self._workers)

    def ended(self) -> str | None:
        """Say how many of its threads have ended, which none does before it is stopped."""
        threads = [t for w in self._workers for t in (*w.workers, *list(w.consumers.values()))]
        ended = sum(thread.ident is not None and not thread.is_alive() for thread in threads)
        return f"{ended} of {len(threads)} threads have ended" if ended else None

    def unconnected(self) -> str | None:
        """Name the queues that it does not take from now."""
        names = [
            name
            for worker in self._workers
            for name, consumer in list(worker.consumers.items())
            if consumer.consumer is None
        ]
        begun = any(worker.consumers for worker in self._workers)
        if not begun:
            return "nothing is taken yet"
        return f"nothing is taken from {', '.join(sorted(names))}" if names else None

    def stop(self, seconds: float) -> None:
        """Finish what is under way, give back what is not begun, and close, within ``seconds``.

        What is not finished by then is left to the journal.
        """
        until = time.monotonic() + seconds
        self._loop.stop_beginning()
        for thread in chain.from_iterable(worker.workers for worker in self._workers):
            thread.stop()  # all of them first: none may claim while another is waited for
        for worker in self._workers:
            worker.stop(timeout=max(1, int((until - time.monotonic()) * 1000)))
        log.info("dispatch_stopped", lanes=[lane.value for lane in self._lanes])
