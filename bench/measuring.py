"""How is each figure taken?

``Full`` is one installation over RabbitMQ and PostgreSQL with its customers, used for all rows but
the embedded one. Before a run begins, upkeep has sealed and told what the run before left.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench import samples
from bench.figures import percentile
from bench.installation import (
    Installation,
    Sandbox,
    admit,
    broker_user,
    command,
    environment,
    running,
    sandbox,
)
from bench.memory import Memory, cpu_of_services, cpu_seconds
from bench.publisher import Publisher
from bench.watching import Watcher

WARM_UP = 1_000
_PATIENCE = 240.0
_TAKEN_IN = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM rejected_events)"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave: events a second, and by process MiB and processor ms an event."""

    rate: float
    memory: dict[str, float]
    cpu: dict[str, float]

    @property
    def whole_memory(self) -> float:
        """What all our processes had together."""
        return sum(self.memory.values())

    def told(self) -> str:
        """Say it in one line."""
        cpu = ", ".join(f"{name} {ms:.2f}" for name, ms in self.cpu.items())
        memory = ", ".join(f"{name} {mib:.0f}" for name, mib in self.memory.items())
        whole = sum(self.cpu.values())
        return f"{self.rate:,.0f} events/s; CPU ms/event {whole:.2f} ({cpu}); MiB ({memory})"


@dataclass(frozen=True, slots=True)
class Delays:
    """How long events took from being published to being on record, in milliseconds."""

    p50: float
    p99: float


class Full:
    """A full installation under measurement."""

    def __init__(
        self, made: Installation, provider: Sandbox, watcher: Watcher, broker_url: str, folder: Path
    ) -> None:
        self.made = made
        self.provider = provider
        self.watcher = watcher
        self._broker_url = broker_url
        self._folder = folder
        self._serial = count(1)

    def prepare(self) -> None:
        """Register the customers, and warm everything up."""
        known = samples.customers()
        publisher = Publisher(self._folder / "work.json", self._broker_url, known, None)
        publisher.begin()
        self.watcher.until(_TAKEN_IN, len(known), _PATIENCE)
        publisher.published()
        self.watcher.assert_none("SELECT event_id || problems FROM rejected_events")
        self.watcher.assert_none("SELECT kind FROM waits")
        self.throughput(WARM_UP, 0)

    def throughput(self, events: int, latency_ms: int) -> Run:
        """Publish all at once; the rate is all over the time until the last is on record."""
        publisher = self._publisher(events, None, latency_ms)
        used = self._cpu()
        memory = Memory(self.made.pids)
        since = time.time()
        publisher.begin()
        try:
            last = self.watcher.all_seen(events, since, _PATIENCE)
        finally:
            most = memory.stop()
        published = publisher.published()
        self.made.assert_alive()
        cpu = {
            name: (now - used.get(name, 0.0)) * 1000 / events for name, now in self._cpu().items()
        }
        return Run(events / (last - published.first), most, cpu)

    def delays(
        self, events: int, rate: float, urgency: str = "routine", *, rested: bool = True
    ) -> Delays:
        """Publish steadily; each event's delay ends when its entry is seen on the ledger.

        Not ``rested``: while something else is going on.
        """
        publisher = self._publisher(events, rate, 0, urgency, rested=rested)
        since = time.time()
        publisher.begin()
        seen = self.watcher.each_seen(events, since, _PATIENCE, urgency)
        sent = publisher.published().times
        names = self.watcher.names(since)
        took = [(at - sent[names[event]]) * 1000 for event, at in seen.items()]
        return Delays(percentile(took, 0.50), percentile(took, 0.99))

    def publish(self, *events: samples.Sample) -> None:
        """Publish some events at once, and be sure that they have been taken in."""
        before = self.watcher.number(_TAKEN_IN)
        publisher = Publisher(self._folder / "notice.json", self._broker_url, events, None)
        publisher.begin()
        self.watcher.until(_TAKEN_IN, before + len(events), _PATIENCE)
        publisher.published()

    def check(self) -> None:
        """Compare our record with the provider's, between two sends, and check the chain."""
        until = time.monotonic() + _PATIENCE
        while (ours := self._accepted()) != (theirs := self.provider.accepted()):
            assert time.monotonic() < until, f"{ours} sends on our record, {theirs} on theirs"
            time.sleep(0.05)
        command(self.made.environment, "verify")

    def _accepted(self) -> int:
        return self.watcher.number("SELECT count(*) FROM ledger WHERE outcome = 'accepted'")

    def _publisher(
        self,
        events: int,
        rate: float | None,
        latency_ms: int,
        urgency: str = "routine",
        *,
        rested: bool = True,
    ) -> Publisher:
        if rested:
            self.watcher.rest()
        self.provider.answer_after(latency_ms)
        made = samples.messages(f"run-{next(self._serial)}", events, urgency=urgency)
        return Publisher(self._folder / "work.json", self._broker_url, made, rate)

    def _cpu(self) -> dict[str, float]:
        used = {name: cpu_seconds(pid) for name, pid in self.made.pids.items()}
        used["sandbox"] = cpu_seconds(self.provider.process.pid)
        return used | cpu_of_services(self.watcher.database)


@contextmanager
def full(
    broker_url: str,
    database_url: str,
    management: str | None,
    folder: Path,
    *,
    to_the_end: bool = True,
    counted: bool = False,
) -> Iterator[Full]:
    """Run a full installation in a vhost and a database of its own.

    It is checked at the end, once all is sent, or while the rest is still being sent.
    """
    name = f"bench_{secrets.token_hex(4)}"
    with sandbox(folder) as provider:
        settings = environment(provider, folder, database_url=database_url, broker_url=broker_url)
        with (
            running(settings, folder / "logs", counted=counted) as made,
            Watcher(database_url) as watcher,
            broker_user(broker_url, name, management) as publisher_url,
        ):
            admit(settings, name)
            installation = Full(made, provider, watcher, publisher_url, folder)
            installation.prepare()
            yield installation
            if to_the_end:
                installation.watcher.rest()
            installation.check()
