"""How instants and days are written on the wire, and what they mean."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:(\d{2})(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:[0-5]\d)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECONDS = slice(17, 19)

INSTANT_WANTED = "must be an RFC 3339 instant with its offset, as 2026-11-22T10:00:00Z"
DAY_WANTED = "must be a day of the calendar, as 2026-11-22"


def parse_instant(text: str) -> datetime:
    """The instant in UTC; finer than microseconds is cut off, a leap second is the next second.

    Raises ValueError, which does not quote the text, unless it is RFC 3339 with an offset.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(INSTANT_WANTED)
    leap = found[1] == "60"
    try:
        written = datetime.fromisoformat(
            text[: _SECONDS.start] + "59" + text[_SECONDS.stop :] if leap else text.upper()
        )
        return written.astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        raise ValueError(INSTANT_WANTED) from None


def parse_day(text: str) -> date:
    """The day. Raises ValueError, which does not quote the text, unless it is YYYY-MM-DD."""
    if _DAY.fullmatch(text) is None:
        raise ValueError(DAY_WANTED)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(DAY_WANTED) from None


def month_before(instant: datetime) -> datetime:
    """The last moment from which a month has passed by this one: `month_after`, the other way."""
    first = instant.replace(day=1)
    last_of_month_before = first - timedelta(days=1)
    if instant.day > last_of_month_before.day:
        return first.replace(hour=0, minute=0, second=0, microsecond=0)
    return last_of_month_before.replace(day=instant.day)


def month_after(instant: datetime) -> datetime:
    """The same time on the corresponding date a month on, or on that month's last day."""
    year, month = (
        (instant.year + 1, 1) if instant.month == 12 else (instant.year, instant.month + 1)
    )
    day = min(instant.day, monthrange(year, month)[1])
    return instant.replace(year=year, month=month, day=day)
