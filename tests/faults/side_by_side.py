"""How are faults run side by side? Some at a time, each hand with servers of its own."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from queue import Empty

from tests.faults.catalogue import FAULTS
from tests.faults.peers import PEER_EVENTS, PEERS, PeerRow, run_peer
from tests.faults.report import Row, row
from tests.faults.running import run
from tests.faults.servers import Ground, ground
from tests.service_answers import CannotStartError

_BY_NAME = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class Asked:
    """How faults are to be run: from which seed, how often, with how many events, how many at once.

    Without ``events`` each has its own number; ``quick`` takes the smaller one.
    """

    seed: int
    runs: int
    events: int | None
    quick: bool
    jobs: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """This machine has not what a fault needs."""

    why: str


@dataclass(frozen=True, slots=True)
class _NoGround:
    """The servers that are to be killed cannot be started."""

    why: str


Found = Row | PeerRow | LeftOut


def all_run(names: Sequence[str], asked: Asked) -> Iterator[tuple[str, Found]]:
    """Run some at a time, each with servers of its own, and give each as it ends."""
    spawning = get_context("spawn")
    wanted: Queue[str | None] = spawning.Queue()
    found: Queue[tuple[str, Found | _NoGround]] = spawning.Queue()
    jobs = min(asked.jobs, len(names))
    for name in (*names, *[None] * jobs):
        wanted.put(name)
    with ExitStack() as ending:
        hands = []
        for _ in range(jobs):
            hand = spawning.Process(target=_work, args=(wanted, found, asked))
            hand.start()
            ending.callback(_end, hand)
            hands.append(hand)
        for _ in names:
            name, one = _next(found, hands)
            if isinstance(one, _NoGround):
                raise CannotStartError(one.why)
            yield name, one


def _next(
    found: "Queue[tuple[str, Found | _NoGround]]", hands: Sequence[SpawnProcess]
) -> tuple[str, Found | _NoGround]:
    while True:
        try:
            return found.get(timeout=1)
        except Empty:
            failed = [hand.exitcode for hand in hands if hand.exitcode]
            if failed:
                raise RuntimeError(f"what runs faults has ended with {failed[0]}") from None


def _end(hand: SpawnProcess) -> None:
    hand.terminate()
    hand.join()


def _work(
    wanted: "Queue[str | None]",
    found: "Queue[tuple[str, Found | _NoGround]]",
    asked: Asked,
) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with ground() as made:
            while (name := wanted.get()) is not None:
                found.put((name, _run(name, made, asked)))
    except CannotStartError as error:
        found.put(("", _NoGround(str(error))))


def _run(name: str, made: Ground, asked: Asked) -> Found:
    if name in PEERS:
        return run_peer(name, made, asked.seed, asked.events or PEER_EVENTS)
    fault = _BY_NAME[name]
    events = asked.events or (fault.quick if asked.quick else None) or fault.events
    try:
        return row(
            fault, [run(fault, made, asked.seed + number, events) for number in range(asked.runs)]
        )
    except CannotStartError as error:
        return LeftOut(str(error))
