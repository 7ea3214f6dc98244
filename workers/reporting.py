"""What may be told in a report, without anybody being known by it?

A figure that stands for few customers is withheld. With it goes the smallest of the month's other
figures, so that neither can be had from the month's total. What is withheld is told as one sum.
Coarser reports are made of the same figures, and the sum is never shared out among them: so two
reports say no more together than the finest says by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from contracts.vocabulary import Purpose
from store.engine import Store
from store.reading import reports
from store.reading.reports import Cell, Month


class By(StrEnum):
    """What a report can tell apart, beside the months."""

    SERVICE = "service"  # for which of a customer's services; none where it was for all of them
    CHANNEL = "channel"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: so many entries of a month that are alike in ``values``, one for each ``By``.

    Without values it is the sum of what is withheld of the month; and without ``entries`` it says
    only that something is, for that sum itself stands for few customers.
    """

    month: str
    values: tuple[str | None, ...] | None
    entries: int | None


def report(
    store: Store, zone: ZoneInfo, by: Sequence[By], least: int, month: str | None = None
) -> list[Line]:
    """Count what the ledger holds of a month, or of all months up to now, by the office's clock.

    A figure stands for ``least`` customers at the least.
    """
    with store.snapshot(Purpose.REPORTS) as tx:
        if month is None:
            first = reports.first_entry_at(tx)
            months = [] if first is None else list(_months(first, tx.now, zone))
        else:
            months = [month_of(month, zone)]
        found, behind = reports.cells(tx, months), reports.customers(tx, months)
    return list(lines(found, behind, by, least))


def month_of(name: str, zone: ZoneInfo) -> Month:
    """Give a month by its name, as ``2026-10``. Raises ``ValueError``."""
    begin = datetime.strptime(name, "%Y-%m").replace(tzinfo=zone)
    year, month = divmod(begin.year * 12 + begin.month, 12)
    end = begin.replace(year=year, month=month + 1)
    return Month(f"{begin:%Y-%m}", begin.astimezone(UTC), end.astimezone(UTC))


def _months(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[Month]:
    month = month_of(f"{first.astimezone(zone):%Y-%m}", zone)
    while month.begin <= last:
        yield month
        month = month_of(f"{month.end.astimezone(zone):%Y-%m}", zone)


def lines(
    cells: Iterable[Cell], behind: Mapping[str, int], by: Sequence[By], least: int
) -> Iterator[Line]:
    """Make a report of cells as they were counted, those of a month beside one another.

    ``behind`` says how many customers all entries of a month are about.
    """
    for month, group in groupby(cells, attrgetter("month")):
        told, withheld = _divide(list(group), least)
        sums: dict[tuple[str | None, ...], int] = defaultdict(int)
        for cell in told:
            sums[tuple(_value(cell, each) for each in by)] += cell.entries
        for values, entries in sums.items():
            yield Line(month, values, entries)
        if withheld:
            # Beside others stands one among them that is no small figure; alone, they are it all.
            enough = behind[month] >= least
            yield Line(month, None, sum(c.entries for c in withheld) if enough else None)


def _divide(cells: Sequence[Cell], least: int) -> tuple[list[Cell], list[Cell]]:
    few = [cell for cell in cells if cell.customers < least]
    rest = [cell for cell in cells if cell.customers >= least]
    if few and rest:
        smallest = min(rest, key=attrgetter("entries"))
        rest.remove(smallest)
        few.append(smallest)
    return rest, few


def _value(cell: Cell, by: By) -> str | None:
    match by:
        case By.SERVICE:
            return cell.service.value if cell.service else None
        case By.CHANNEL:
            return cell.channel.value if cell.channel else None
        case By.OUTCOME:
            return cell.outcome
