"""How are figures read in a test? As Prometheus reads them."""

from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples(text: str | bytes) -> Iterator[Sample]:
    """Give every sample of a page of figures."""
    page = text if isinstance(text, str) else text.decode()
    for family in text_string_to_metric_families(page):
        yield from family.samples


def value(text: str | bytes, name: str, **labels: str) -> float:
    """Add up the samples of a name with these labels, whatever others they have."""
    return sum(
        sample.value
        for sample in samples(text)
        if sample.name == name and labels.items() <= sample.labels.items()
    )
