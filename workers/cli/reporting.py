"""Reports: what was sent on by month, in figures that nobody is known by."""

import csv
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.common import AsJson, listing, opened, there

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from workers.reporting import By, Line

_WITHHELD = "withheld"
_ALL = "service,channel,outcome"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(report)


def report(
    month: Annotated[str | None, typer.Option(help="One month, as 2026-10; unset: all.")] = None,
    by: Annotated[str, typer.Option(help="What to tell apart, of these, by commas.")] = _ALL,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count what was sent on and what was not, by month; nobody is known by a figure."""
    from zoneinfo import ZoneInfo

    from workers.reporting import report as make

    wanted = _wanted(by)
    with opened(there()) as parts:
        zone = ZoneInfo(parts.settings.time_zone)
        _check(month, zone)
        least = parts.settings.report_customers
        lines = make(parts.store, zone, wanted, least, month)
    rows = [_row(line, wanted) for line in lines]
    names = ["month", *(each.value for each in wanted), "entries"]
    if as_csv:
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif as_json:
        json.dump(rows, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        listing(rows, {name: name.capitalize() for name in names}, as_json=False)
        if any(line.values is None for line in lines):
            typer.echo(
                f"withheld: figures that stand for fewer than {least} customers, each month's"
                " together with its smallest other one; without a figure, there is no other.",
                err=True,
            )


def _wanted(by: str) -> "Sequence[By]":
    from workers.reporting import By

    try:
        return list(dict.fromkeys(By(each.strip()) for each in by.split(",")))
    except ValueError:
        raise typer.BadParameter(f"is some of {_ALL}, by commas", param_hint="--by") from None


def _check(month: str | None, zone: "ZoneInfo") -> None:
    from workers.reporting import month_of

    try:
        if month is not None:
            month_of(month, zone)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "is a year and a month, as 2026-10", param_hint="--month"
        ) from None


def _row(line: "Line", by: "Sequence[By]") -> dict[str, str | int | None]:
    values = (_WITHHELD,) * len(by) if line.values is None else line.values
    names = [each.value for each in by]
    return {"month": line.month, **dict(zip(names, values, strict=True)), "entries": line.entries}
