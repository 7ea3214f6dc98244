"""How is a figure shown that is kept elsewhere? It is looked at whenever somebody asks."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from workers.metrics.definitions import Definition, Kind

Shown = tuple[Sequence[str], float]


class Looking(Collector):
    """A gauge or a counter: ``look`` gives its values, each with its labels, or none."""

    def __init__(self, definition: Definition, look: Callable[[], Iterable[Shown]]) -> None:
        self._definition = definition
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Give the name alone: at the start there may be nothing to look at yet."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Look."""
        family = self._family()
        for labels, value in self._look():
            family.add_metric(labels, value)
        return [family]

    def _family(self) -> CounterMetricFamily | GaugeMetricFamily:
        found = self._definition
        kind = CounterMetricFamily if found.kind is Kind.COUNTER else GaugeMetricFamily
        return kind(found.name, found.help, labels=found.labels)
