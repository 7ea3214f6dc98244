"""When is a window open, and when does it open next?

A window is told in wall-clock hours of the customer's time zone; an instant belongs to it from
`from` (included) to `to` (left out). Around a clock change the edges are settled like this:

- an hour that the clock skips: an edge in it falls on the moment of the change;
- an hour that the clock repeats: an edge in it falls on the first time the clock shows it.

So adjoining windows never leave a hole or overlap, and none opens twice in one night. A night
window (22:00 to 06:00) belongs to the day on which it began: that day's name and bank holiday
decide.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from contracts.rule_words import BankHolidays
from contracts.rules import MINUTES_A_DAY, Window

IsHoliday = Callable[[date], bool]

ONE_DAY = timedelta(days=1)
MIDNIGHT = time()
HORIZON_DAYS = 12 * 366  # each weekday carries some bank holiday within twelve years


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The time zone of this name; raises `ZoneInfoNotFoundError` for one that is not known."""
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and the day that a customer's calendar and clock show at it."""

    at: datetime
    tz: ZoneInfo
    day: date
    day_before: date
    shown_again: bool  # the clock was set back, and shows this time of the day once more
    is_holiday: IsHoliday


def moment(at: datetime, tz: ZoneInfo, is_holiday: IsHoliday) -> Moment:
    """Look an instant up on a customer's clock: once for all windows that are asked about it."""
    local = at.astimezone(tz)
    day = local.date()
    return Moment(at, tz, day, day - ONE_DAY, local.fold == 1, is_holiday)


def is_open(window: Window, at: datetime, tz: ZoneInfo, is_holiday: IsHoliday) -> bool:
    """Whether the window is open at this instant."""
    return holds(window, moment(at, tz, is_holiday))


def holds(window: Window, now: Moment) -> bool:
    """Whether the moment belongs to the window."""
    if _opened_on(now.day, window, now):
        return True
    if window.span[1] > MINUTES_A_DAY and _opened_on(now.day_before, window, now):
        return True  # last night's window reaches into today
    # A clock set back over midnight shows today's date again after tomorrow's window has opened.
    return now.shown_again and _opened_on(now.day + ONE_DAY, window, now)


def next_opening(window: Window, at: datetime, tz: ZoneInfo, is_holiday: IsHoliday) -> datetime:
    """The first instant from `at` on at which the window is open: `at` itself, if it is.

    In UTC. Raises `LookupError` for a window that never opens; `check_rules` refuses those.
    """
    if is_open(window, at, tz, is_holiday):
        return at
    opens, closes = window.span
    day = at.astimezone(tz).date()
    for _ in range(HORIZON_DAYS):
        if _opens_on(window, day, is_holiday):
            opening = instant_at(tz, day, opens)
            if at <= opening < instant_at(tz, day, closes):
                return opening
        day += ONE_DAY
    raise LookupError("this window never opens")


def never_opens(window: Window) -> bool:
    """Whether no instant can ever belong to the window."""
    opens, closes = window.span
    return opens == closes


def _opened_on(day: date, window: Window, now: Moment) -> bool:
    """Whether the window that opens on this day holds the moment."""
    opens, closes = window.span
    return (
        instant_at(now.tz, day, opens) <= now.at
        and now.at < instant_at(now.tz, day, closes)
        and _opens_on(window, day, now.is_holiday)
    )


def _opens_on(window: Window, day: date, is_holiday: IsHoliday) -> bool:
    if day.weekday() not in window.weekdays:
        return False
    match window.bank_holidays:
        case BankHolidays.INCLUDE:
            return True
        case BankHolidays.EXCLUDE:
            return not is_holiday(day)
        case BankHolidays.ONLY:
            return is_holiday(day)


@lru_cache(maxsize=16384)
def instant_at(tz: ZoneInfo, day: date, minutes: int) -> datetime:
    """When the clock of that day first shows so many minutes past midnight; in UTC."""
    wall = datetime.combine(day, MIDNIGHT) + timedelta(minutes=minutes)
    instant = wall.replace(tzinfo=tz).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == wall:
        return instant
    return _change(instant, tz)


def _change(after: datetime, tz: ZoneInfo) -> datetime:
    """The moment at which the clock jumped forward, for an instant less than a day after it.

    A wall time that was skipped is read with the offset from before the jump, and so lands
    after it.
    """
    late, early = after, after - ONE_DAY - timedelta(hours=2)
    offset = late.astimezone(tz).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(tz).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)
