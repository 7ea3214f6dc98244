"""What is reported of several measurements: median, least and greatest, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: what was measured, and what several runs gave."""

    name: str
    unit: str
    median: float
    min: float
    max: float
    runs: int


def row(name: str, unit: str, measured: Sequence[float]) -> Row:
    """Sum several runs up."""
    least, middle, most = min(measured), median(measured), max(measured)
    return Row(name, unit, round(middle, 1), round(least, 1), round(most, 1), len(measured))


def percentile(measured: Sequence[float], share: float) -> float:
    """Give the least value that ``share`` of all values do not exceed (the nearest rank)."""
    rank = max(1, ceil(share * len(measured)))
    return sorted(measured)[rank - 1]


def as_json(rows: Sequence[Row]) -> str:
    """Write the report for machines."""
    return json.dumps({"rows": [asdict(one) for one in rows]}, indent=2) + "\n"


def as_table(rows: Sequence[Row]) -> str:
    """Write the report for eyes."""
    heading = ("what", "median", "min", "max", "unit", "runs")
    lines = [heading] + [
        (r.name, f"{r.median:,.1f}", f"{r.min:,.1f}", f"{r.max:,.1f}", r.unit, str(r.runs))
        for r in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    left = {0, 4}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
