"""How are many values put into a histogram at once? By counting them here, and showing the counts.

The library's own takes a value at a time, with a lock for each: several times what a delivery's
counting costs otherwise, and there are thousands of deliveries a second.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from workers.metrics.definitions import Definition


class Waits(Collector):
    """A histogram; ``observe`` takes many values of the same labels. Safe between threads."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, labels: tuple[str, ...], values: Sequence[float]) -> None:
        """Count values; each belongs to the first bucket that is not smaller."""
        places = [bisect_left(self._definition.buckets, value) for value in values]
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * (len(self._definition.buckets) + 1))
            for place in places:
                counts[place] += 1
            self._sums[labels] = self._sums.get(labels, 0.0) + sum(values)

    def describe(self) -> Iterable[Metric]:
        """Give the name alone."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Give the counts, each bucket's with those of all smaller ones."""
        family = self._family()
        bounds = [*map(floatToGoString, self._definition.buckets), "+Inf"]
        with self._lock:
            for labels, counts in self._counts.items():
                rising = zip(bounds, accumulate(map(float, counts)), strict=True)
                family.add_metric(labels, list(rising), self._sums[labels])
        return [family]

    def _family(self) -> HistogramMetricFamily:
        found = self._definition
        return HistogramMetricFamily(found.name, found.help, labels=found.labels)
