"""How does a process count what it does? Each figure once, in a registry of its own.

One call counts a batch, not an event, wherever a batch is what there is. Nothing here raises, waits
or does I/O.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

from contracts.events.registry import TYPES
from contracts.problems import Malformed
from contracts.vocabulary import Channel, DeliveryStatus
from store.deliveries.claiming import ClaimResult
from store.deliveries.recording import Result
from workers.intake.submission import Answered, Submission
from workers.metrics import definitions as d
from workers.metrics.definitions import Definition
from workers.metrics.looking import Looking, Shown
from workers.metrics.waits import Waits

_NO_PROVIDER = "none"
_UNKNOWN = "unknown"
_FAMILIES = MappingProxyType({kind.wire: kind.family.value for kind in TYPES.values()})


class Metrics:
    """The figures of one process."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        self._events = self._counter(d.EVENTS)
        self._batch_events = self._histogram(d.BATCH_EVENTS)
        self._commit_seconds = self._histogram(d.COMMIT_SECONDS)
        self._door_requests = self._counter(d.DOOR_REQUESTS)
        self._door_seconds = self._histogram(d.DOOR_SECONDS)
        self._hints = self._counter(d.HINTS)
        self._hinted = self._counter(d.HINTED)
        self._claims = self._counter(d.CLAIMS)
        self._verdicts = self._counter(d.VERDICTS)
        self._time_to_send = Waits(d.TIME_TO_SEND)
        registry.register(self._time_to_send)
        self._replayed = self._counter(d.JOURNAL_REPLAYED)
        self._transitions = self._counter(d.TRANSITIONS)
        self._chore_seconds = self._histogram(d.CHORE_SECONDS)
        self._chore_done = self._counter(d.CHORE_DONE)
        self._chore_failures = self._counter(d.CHORE_FAILURES)
        Gauge(d.BUILD.name, d.BUILD.help, d.BUILD.labels, registry=registry).labels(
            version("onward")
        ).set(1)

    def text(self) -> bytes:
        """Give all figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def taken_in(
        self, submissions: Sequence[Submission], answers: Sequence[Answered], seconds: float
    ) -> None:
        """Count a batch that was taken in within one transaction."""
        self._batch_events.observe(len(submissions))
        self._commit_seconds.observe(seconds)
        pairs = zip(submissions, answers, strict=True)
        tally = Tally((_family(one), answered.answer.value) for one, answered in pairs)
        _add(self._events, tally.items())

    def asked(self, route: str, status: int, seconds: float) -> None:
        """Count a request at the door; ``route`` is its pattern, never what was asked."""
        self._door_requests.labels(route, str(status)).inc()
        self._door_seconds.labels(route).observe(seconds)

    def hinted(self, channel: Channel, deliveries: int) -> None:
        """Count a hint that was taken."""
        self._hints.labels(channel.value).inc()
        self._hinted.labels(channel.value).inc(deliveries)

    def claimed(self, channel: Channel, asked: int, result: ClaimResult) -> None:
        """Count what became of the deliveries of one hint."""
        claimed, settled = len(result.claimed), len(result.settled)
        became = {
            "claimed": claimed,
            "settled": settled,
            "passed_over": asked - claimed - settled,
        }
        _add(self._claims, (((channel.value, word), n) for word, n in became.items() if n))

    def recorded(self, results: Sequence[Result], now: datetime) -> None:
        """Count what a group of attempts came to, on record at ``now``."""
        tally = Tally(
            (r.provider or _NO_PROVIDER, r.claimed.channel, r.verdict, r.reason) for r in results
        )
        _add(self._verdicts, tally.items())
        waits: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for result in results:
            if result.to is DeliveryStatus.ACCEPTED:
                claimed = result.claimed
                waited = (now - claimed.first_due_at).total_seconds()
                waits[claimed.lane, claimed.channel].append(max(0.0, waited))
        for labels, values in waits.items():
            self._time_to_send.observe(labels, values)

    def replayed(self, results: Sequence[Result]) -> None:
        """Count what a dead worker's journal settled."""
        _add(self._replayed, Tally((result.verdict,) for result in results).items())

    def moved(self, rows: Iterable[Any]) -> None:
        """Count committed changes of status."""
        tally = Tally((row["channel"], row["status"], row["reason"]) for row in rows)
        _add(self._transitions, tally.items())

    def did(self, chore: str, seconds: float, done: int) -> None:
        """Count a chore's turn."""
        self._chore_seconds.labels(chore).observe(seconds)
        self._chore_done.labels(chore).inc(done)

    def failed(self, chore: str) -> None:
        """Count a chore's turn that failed."""
        self._chore_failures.labels(chore).inc()

    def show(self, definition: Definition, look: Callable[[], Iterable[Shown]]) -> None:
        """Show a figure as ``look`` finds it whenever somebody asks."""
        self.registry.register(Looking(definition, look))

    def _counter(self, definition: Definition) -> Counter:
        return Counter(definition.name, definition.help, definition.labels, registry=self.registry)

    def _histogram(self, definition: Definition) -> Histogram:
        return Histogram(
            definition.name,
            definition.help,
            definition.labels,
            buckets=definition.buckets,
            registry=self.registry,
        )


def _family(submission: Submission) -> str:
    match submission.event:
        case Malformed(draft=draft):
            word = draft.type if draft is not None else ""
        case event:
            word = event.wire_type
    return _FAMILIES.get(word, _UNKNOWN)


def _add(counter: Counter, tally: Iterable[tuple[tuple[str, ...], int]]) -> None:
    for labels, many in tally:
        counter.labels(*labels).inc(many)
