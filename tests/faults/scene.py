"""What can a fault get hold of while events are published, and how does it choose its moments?

Moments are random and repeatable: shares of the events, from the run's seed. Each injury is noted
with when it began and when it was healed, so that the recovery can be told from the record.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.clock import Clock
from tests.faults.disk import SmallDisk
from tests.faults.evidence import Reader
from tests.faults.installation import Installation
from tests.faults.load import SOURCE, Sample
from tests.faults.provider import Provider
from tests.faults.proxy import Line
from tests.faults.publishing import Publishing
from tests.faults.servers import Ground, Killable
from tests.waiting import NeverHappenedError, eventually

PATIENCE_SECONDS = 120
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Injury:
    """One thing that was broken, and when (seconds since the epoch)."""

    what: str
    began: float
    healed: float


@dataclass(slots=True)
class Scene:
    """An installation under load, with everything that a fault may break."""

    rng: random.Random
    ground: Ground
    provider: Provider
    ours: Installation
    lines: Mapping[str, Line]
    reader: Reader
    database: Killable
    disk: SmallDisk | None = None
    clock: Clock | None = None
    load: Publishing | None = None
    injuries: list[Injury] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)

    def moments(self, count: int, first: float = 0.05, last: float = 0.9) -> Iterator[None]:
        """Come back at ``count`` random moments, between these shares of the events."""
        for share in sorted(self.rng.uniform(first, last) for _ in range(count)):
            self.at(share)
            yield

    def at(self, share: float) -> None:
        """Wait until this share of the events is confirmed; or all of them that ever will be."""
        load = self.load
        assert load is not None, "nothing is published yet"
        eventually(
            lambda: load.share >= share or load.over,
            f"{share:.0%} of the events are confirmed",
            PATIENCE_SECONDS,
        )

    @contextlib.contextmanager
    def injury(self, what: str) -> Iterator[None]:
        """Note when something was broken, and when it was healed."""
        began = time.time()
        try:
            yield
        finally:
            self.injuries.append(Injury(what, began, time.time()))

    def lasts(self, seconds: float) -> None:
        """Let an outage last: its length is the fault itself, and no condition ends it sooner."""
        threading.Event().wait(seconds)

    def until(self, look: Callable[[], object], what: str, seconds: float = 60) -> bool:
        """Wait for a condition that matters to the fault; note it where it does not come about."""

        def at_times() -> object:
            self.lasts(_LOOK_SECONDS)  # each look may cost the database something
            return look()

        try:
            eventually(at_times, what, seconds)
        except NeverHappenedError:
            self.notes.append(f"not within {seconds:g} s: {what}")
            return False
        return True

    def sending(self) -> int:
        """How many deliveries are with workers now."""
        return self.reader.number("SELECT count(*) FROM deliveries WHERE status = 'sending'")

    def untried(self) -> int:
        """How many events are published and not on record, or deliveries due and never tried."""
        on_record = (
            "SELECT (SELECT count(*) FROM events WHERE source = %s)"
            " + (SELECT count(*) FROM rejected_events)"
        )
        confirmed = len(self.load.confirmed) if self.load is not None else 0
        if (missing := confirmed - self.reader.number(on_record, SOURCE)) > 0:
            return missing
        return self.reader.number(
            "SELECT count(*) FROM deliveries"
            " WHERE status = 'pending' AND fence = 0 AND due_at <= clock_timestamp()"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way of breaking things. ``number`` is its row in the list of faults, where it has one.

    ``inflict`` runs beside the publishing. ``lines`` are what ours must reach through a ``Line``;
    ``settings`` are in force for this fault alone; ``provider`` are the sandbox's rules from the
    start. With ``disk_mib`` PostgreSQL and our files lie on a small disk of so many MiB; with
    ``clock`` our processes' clock can jump. ``pace`` is events a second, ``events`` how many a run
    of the long form has at least, ``quick`` how many one of the quick form has: none, it is left
    out there. ``samples`` makes other events than messages; ``processes`` are other than those of
    a full installation; ``limits`` are figures to be reached, which do not judge. One that is run
    ``alone`` takes too long to be run with the others.
    """

    name: str
    tells: str
    inflict: Callable[[Scene], None]
    number: int | None = None
    events: int = 1_000
    quick: int | None = None
    pace: float = 80
    lines: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    provider: Sequence[dict[str, object]] = ()
    samples: Callable[[Scene, int], list[Sample]] | None = None
    processes: Mapping[str, tuple[str, ...]] | None = None
    disk_mib: int | None = None
    clock: bool = False
    hands: int = 4
    alone: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
