"""On which days is a repeat payment due, and which period does each day begin?"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.vocabulary import Repeats

_MONTHS = 12


def due_day(starts_on: date, repeats: Repeats, number: int) -> date:
    """The day on which the period of this number begins, the first being 0.

    Always counted from the start: from 31 January by way of 28 February to 31 March.
    """
    months = starts_on.year * _MONTHS + starts_on.month - 1 + number * repeats.months
    year, month = divmod(months, _MONTHS)
    day = min(starts_on.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def due_from(starts_on: date, repeats: Repeats, day: date) -> date:
    """The first day, from this one on, on which a payment is due."""
    months = (day.year - starts_on.year) * _MONTHS + day.month - starts_on.month
    number = max(0, months // repeats.months)
    while (due := due_day(starts_on, repeats, number)) < day:
        number += 1
    return due


def due_after(starts_on: date, repeats: Repeats, day: date) -> date:
    """The first day after this one on which a payment is due."""
    return due_from(starts_on, repeats, day + timedelta(days=1))


def period(starts_on: date, repeats: Repeats, due_on: date) -> str:
    """The period that a due day begins, as an interval of ISO 8601: its first and last day."""
    last = due_after(starts_on, repeats, due_on) - timedelta(days=1)
    return f"{due_on.isoformat()}/{last.isoformat()}"


def begins(day: date, tz: ZoneInfo) -> datetime:
    """When a day begins by the customer's clock; in UTC."""
    return datetime.combine(day, time(), tz).astimezone(UTC)
