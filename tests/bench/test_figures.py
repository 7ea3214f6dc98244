import json

import pytest

from bench.figures import Row, as_json, as_table, percentile, row


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 5), (0.9, 9), (0.91, 10), (0.99, 10), (1.0, 10), (0.0, 1)],
)
def test_a_percentile_is_a_measured_value_by_nearest_rank(share: float, expected: float) -> None:
    """An interpolated p99 would name a delay that no event had."""
    measured = [7.0, 3.0, 10.0, 1.0, 9.0, 2.0, 8.0, 4.0, 6.0, 5.0]

    found = percentile(measured, share)

    assert found == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    """A short run still has its figures."""
    assert percentile([4.2], 0.99) == 4.2


def test_a_row_holds_median_least_and_greatest_of_its_runs() -> None:
    """One lucky run must not stand for all."""
    made = row("pipeline/0ms", "events/s", [1_300.04, 900.0, 1_250.5, 1_200.0, 1_400.0])

    assert made == Row("pipeline/0ms", "events/s", 1_250.5, 900.0, 1_400.0, 5)


def test_the_report_for_machines_has_the_agreed_form() -> None:
    """Whoever compares two reports reads these names."""
    report = as_json([row("memory", "MiB PSS", [440.0])])

    assert json.loads(report) == {
        "rows": [
            {
                "name": "memory",
                "unit": "MiB PSS",
                "median": 440.0,
                "min": 440.0,
                "max": 440.0,
                "runs": 1,
            }
        ]
    }


def test_the_table_lines_its_columns_up() -> None:
    """Figures are compared by eye, one below the other."""
    rows = [row("pipeline/0ms", "events/s", [1_234.5]), row("latency50/p50", "ms", [9.5])]

    lines = as_table(rows).splitlines()

    assert lines == [
        "what            median      min      max  unit      runs",
        "pipeline/0ms   1,234.5  1,234.5  1,234.5  events/s     1",
        "latency50/p50      9.5      9.5      9.5  ms           1",
    ]
