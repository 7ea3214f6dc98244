"""Does our histogram say what the library's own says of the same values?"""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from tests.metrics.scraping import samples
from workers.metrics.definitions import TIME_TO_SEND
from workers.metrics.waits import Waits

VALUES = (0.0, 0.05, 0.051, 0.3, 1.0, 29.9, 30.0, 30.1, 1e6)
LABELS = ("urgent", "sms")


def test_it_shows_what_the_librarys_own_shows() -> None:
    """Quantiles are computed from its very buckets."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    waits = Waits(TIME_TO_SEND)
    ours.register(waits)
    d = TIME_TO_SEND
    histogram = Histogram(d.name, d.help, d.labels, buckets=d.buckets, registry=theirs)
    for value in VALUES:
        histogram.labels(*LABELS).observe(value)

    waits.observe(LABELS, VALUES[:4])
    waits.observe(LABELS, VALUES[4:])

    def shown(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
        return {
            (s.name, s.labels.get("le", "")): s.value
            for s in samples(generate_latest(registry))
            if not s.name.endswith("_created")
        }

    assert shown(ours) == shown(theirs)
