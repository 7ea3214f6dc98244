"""How do events come in from RabbitMQ? Gather, read, one transaction, acknowledge, hint.

An event is acknowledged only after its transaction has committed, on the channel it came by; what
was not acknowledged comes again and is a duplicate that does nothing. While the store is away
nothing is acknowledged, refused or fetched beyond the prefetch: the batch in hand is tried again
whole, and heartbeats go on.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from structlog import get_logger

from config.topology import DEAD_QUEUE, Topology, intake_queues
from store.deliveries.adding import Due
from store.engine import Store, ping
from workers.intake.admitted import Admitted
from workers.intake.line import Feed, Line
from workers.intake.pace import Pace
from workers.intake.patience import patiently
from workers.intake.reading import Arrived, Read, read, read_alone, submission, unreadable
from workers.intake.sifting import NOT_TAKEN_IN, report, take_in
from workers.intake.taking_in import Taken, TakingIn
from workers.intake.topology import declare
from workers.running.broker import LOST, connect, persistently, reason_of
from workers.running.failpoints import reach

log = get_logger(__name__)

_IDLE_SECONDS = 0.25  # how soon a stop is noticed
_MILLI = 1e-3
STORE, BROKER = "store", "broker"
Hint = Callable[[Sequence[Due]], object]


class Reading(Protocol):
    """How one delivery is read."""

    def __call__(self, arrived: Arrived, *, admit_drama: bool) -> Read:
        """Read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How intake consumes; ``prefetch`` is for each queue, ``patience`` for the broker's return."""

    prefetch: int = 500
    batch: int = 200
    flush_ms: float = 2
    flush_max_ms: float = 25
    admit_drama: bool = False
    patience_seconds: float = 120


class Consumer:
    """Takes in what publishers put into the broker. ``run`` returns after ``stop``."""

    def __init__(
        self,
        url: str,
        topology: Topology,
        taking_in: TakingIn,
        store: Store,
        hint: Hint,
        options: Options,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._beat = beat
        self._url = url
        self._topology = topology
        self._taking_in = taking_in
        self._store = store
        self._hint = hint
        self._options = options
        self._pace = Pace(options.flush_ms * _MILLI, options.flush_max_ms * _MILLI)
        self._stopping = threading.Event()
        self._admitted = Admitted(store)
        self._awaits: str | None = BROKER

    @property
    def awaits(self) -> str | None:
        """What it waits for to come back: the store, the broker, or nothing."""
        return self._awaits

    def run(self) -> None:
        """Consume until stopped.

        Raises ``BrokerAwayError`` when the broker stays away beyond patience, and
        ``workers.intake.topology.OtherTopologyError``; both say what an operator can do.
        """
        while not self._stopping.is_set():
            # With the store away nothing is fetched: each return would count as a delivery.
            there = patiently(self._ping, self._stopping, self._wait_for_store(self._rest))
            if there is None:
                return
            self._awaits = BROKER
            line = persistently(
                self._open, self._url, self._stopping, self._options.patience_seconds
            )
            if line is None:
                return
            self._awaits = None
            try:
                self._consume(line)
            except LOST as error:
                log.warning("broker_lost", reason=reason_of(error))
            finally:
                self._awaits = BROKER
                line.close()

    def stop(self) -> None:
        """Finish the batch in hand, give the rest back, and return from ``run``.

        Safe from any thread and from a signal's action.
        """
        self._stopping.set()

    def _ping(self) -> datetime:
        self._beat()
        return ping(self._store)

    def _wait_for_store(self, rest: Callable[[float], None]) -> Callable[[float], None]:
        def waiting(seconds: float) -> None:
            self._awaits = STORE
            rest(seconds)

        return waiting

    def _rest(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _open(self) -> Line:
        self._beat()
        connection = connect(self._url, "onward intake")
        try:
            channel = connection.channel()
            declare(channel, self._topology)
            channel.close()
            line = Line(connection, intake_queues(), DEAD_QUEUE, self._options.prefetch)
        except BaseException:
            if connection.is_open:
                connection.close()
            raise
        log.info("intake_consumes", count=len(intake_queues()) + 1)
        return line

    def _consume(self, line: Line) -> None:
        while not self._stopping.is_set():
            self._gather(line)
            if self._stopping.is_set():
                return
            if alone := line.dead.next(1):
                self._take(line, line.dead, [self._read(read_alone, one) for one in alone])
            if batch := line.events.next(self._options.batch):
                self._pace.flushed(len(batch), time.monotonic())
                self._take(line, line.events, [self._read(read, one) for one in batch])

    def _gather(self, line: Line) -> None:
        """Serve the connection until a batch is due."""
        first_at: float | None = None
        while not self._stopping.is_set():
            self._beat()
            if line.dead.arrived or len(line.events.arrived) >= self._options.batch:
                return
            if not line.events.arrived:
                line.serve(_IDLE_SECONDS)
                continue
            now = time.monotonic()
            first_at = now if first_at is None else first_at
            left = self._pace.due_at(first_at) - now
            if left <= 0:
                line.drain(self._options.batch)
                return
            if self._pace.crowded:
                # Being woken for each arrival would cost more than the arrivals do.
                self._stopping.wait(left)
            else:
                line.serve(left)

    def _read(self, reading: Reading, arrived: Arrived) -> Read:
        try:
            return reading(arrived, admit_drama=self._options.admit_drama)
        except Exception as fault:  # noqa: BLE001 - a fault of ours must not bring it back for ever
            report(fault, arrived.user_id)
            return unreadable(arrived, NOT_TAKEN_IN)

    def _take(self, line: Line, feed: Feed, found: Sequence[Read]) -> None:
        """Commit, acknowledge, hint, in that order; without a commit nothing else."""
        reach("intake.received")
        rest = self._wait_for_store(line.rest)
        taken = patiently(partial(self._commit, found), self._stopping, rest)
        if taken is None:
            return
        self._awaits = None
        reach("intake.committed")
        feed.acknowledge(found[-1].arrived)
        reach("intake.acknowledged")
        self._hint_at(taken.due)
        reach("intake.hinted")

    def _commit(self, found: Sequence[Read]) -> Taken:
        self._beat()
        known = self._admitted.known({one.arrived.user_id for one in found if one.arrived.user_id})
        return take_in(self._taking_in, [submission(one, known) for one in found])

    def _hint_at(self, due: Sequence[Due]) -> None:
        if not due:
            return
        try:
            self._hint(due)
        except Exception as error:  # noqa: BLE001 - a lost hint costs a second, not a delivery
            log.warning("hint_lost", count=len(due), error_type=type(error).__name__)
