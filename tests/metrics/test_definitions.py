"""Do the figures' names keep to Prometheus's ways, and their labels to closed words?"""

import re

import pytest

from workers.metrics.definitions import DEFINITIONS, Definition, Kind

# What a label may be: its values are closed words, or names of our own or of providers.
BOUNDED = {
    "answer",
    "became",
    "channel",
    "chore",
    "clock",
    "family",
    "lane",
    "loop",
    "meaning",
    "on",
    "overdue",
    "provider",
    "reason",
    "route",
    "standing",
    "state",
    "status",
    "to",
    "verdict",
    "version",
    "way",
}
ALL = pytest.mark.parametrize("found", DEFINITIONS.values(), ids=DEFINITIONS)


@ALL
def test_a_figure_is_named_as_prometheus_wants_it(found: Definition) -> None:
    """A dashboard's author finds it where every other program's is."""
    assert re.fullmatch(r"onward_[a-z]+(_[a-z]+)*", found.name)
    assert (found.kind is Kind.COUNTER) == found.name.endswith("_total")
    assert (found.kind is Kind.HISTOGRAM) == bool(found.buckets)
    assert list(found.buckets) == sorted(set(found.buckets))
    assert found.help.endswith(".")


@ALL
def test_no_label_can_name_an_event_or_a_person(found: Definition) -> None:
    """Personal values stay out, and the number of series is bounded."""
    assert set(found.labels) <= BOUNDED
