"""Who shows the store's figures? The leader of upkeep, which reads them as one of its chores.

Shown by every process they would be counted as often as there are processes. Those of a leader
that was stopped, or that leads no more, are shown by nobody: no figure is better than a stale one.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

from contracts.vocabulary import ATTENTION, BreakerState, Channel, Lane
from store.engine import Store
from store.providers import ProviderState
from store.reading.clocks import OVERDUE, SOON, Clock
from store.reading.figures import Figures, figures
from store.reading.queues import QueueFigures
from workers.metrics import definitions as d
from workers.metrics.looking import Shown
from workers.metrics.metrics import Metrics

EVERY_SECONDS = 5.0
_STALE_SECONDS = 30.0
WAITS, PAUSED = "waits", "paused"
STATES = (*(state.value for state in BreakerState), WAITS, PAUSED)
STANDINGS = ("due", "later", "held", "sending", "uncertain", "parked")


class StoreFigures:
    """The store's figures as this process last read them."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._read: tuple[float, Figures] | None = None

    def read(self) -> int:
        """Read them; there is never more to do at once."""
        with self._store.read() as tx:
            found = figures(tx)
        self._read = (self._monotonic(), found)
        return 0

    def show_by(self, metrics: Metrics, leads: Callable[[], bool]) -> None:
        """Show them among a process's metrics for as long as it leads."""

        def shown(values: Callable[[Figures], Iterator[Shown]]) -> Callable[[], list[Shown]]:
            def look() -> list[Shown]:
                found = self._fresh() if leads() else None
                return [] if found is None else list(values(found))

            return look

        for definition, values in (
            (d.QUEUED, _queued),
            (d.OLDEST_DUE, _oldest),
            (d.ATTENTION, _attention),
            (d.REJECTED, _rejected),
            (d.WAITING, _waiting),
            (d.CLOCKS, _clocks),
            (d.PROVIDER_STATE, _providers),
        ):
            metrics.show(definition, shown(values))

    def _fresh(self) -> Figures | None:
        read = self._read
        if read is None or self._monotonic() - read[0] > _STALE_SECONDS:
            return None
        return read[1]


def _queued(found: Figures) -> Iterator[Shown]:
    parked = Counter({(p.lane, p.channel): p.count for p in found.parked})
    for q in _every_queue(found):
        counts = (q.due, q.later, q.held, q.sending, q.uncertain, parked[q.lane, q.channel])
        for standing, count in zip(STANDINGS, counts, strict=True):
            yield (q.lane.value, q.channel.value, standing), count


def _oldest(found: Figures) -> Iterator[Shown]:
    for q in _every_queue(found):
        yield (q.lane.value, q.channel.value), q.oldest_seconds(found.at) or 0.0


def _attention(found: Figures) -> Iterator[Shown]:
    counts = {(a.status, a.channel): a.count for a in found.attention}
    for status, channel in product(sorted(ATTENTION), Channel):
        yield (status.value, channel.value), counts.get((status, channel), 0)


def _every_queue(found: Figures) -> Iterator[QueueFigures]:
    """Give the empty ones too: a figure that comes and goes cannot be compared with itself."""
    known = {(q.lane, q.channel): q for q in found.queues}
    for lane, channel in product(Lane, Channel):
        yield known.get((lane, channel)) or QueueFigures(lane, channel)


def _rejected(found: Figures) -> Iterator[Shown]:
    yield (), found.rejected


def _waiting(found: Figures) -> Iterator[Shown]:
    yield ("false",), found.waiting
    yield ("true",), found.overdue


def _clocks(found: Figures) -> Iterator[Shown]:
    counts: Counter[tuple[Clock, str]] = Counter()
    for one in found.clocks:
        counts[one.clock, one.standing] += one.count
    for clock, (standing, label) in product(Clock, ((SOON, "false"), (OVERDUE, "true"))):
        yield (clock.value, label), counts[clock, standing]


def _providers(found: Figures) -> Iterator[Shown]:
    for provider in found.providers:
        standing = _standing(provider, found)
        for state in STATES:
            yield (provider.name, provider.channel.value, state), state == standing


def _standing(provider: ProviderState, found: Figures) -> str:
    """What keeps a provider from being used first: a person, its breaker, or its own word."""
    if provider.paused:
        return PAUSED
    if provider.state is BreakerState.CLOSED and provider.waits(found.at):
        return WAITS
    return provider.state.value
