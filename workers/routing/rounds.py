"""When does consolidated post go? On the customer's weekday, or on the working day after it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts.rule_words import WEEK

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_WORKING_DAYS: Final = 5


def next_round(
    weekday: str, at: time, now: datetime, tz: ZoneInfo, is_holiday: Callable[[date], bool]
) -> datetime:
    """When the next round of a weekday leaves, from `now` on; in UTC.

    ``at`` is by the customer's clock: in an hour that it skips, an hour later. A round whose day
    is no working day is put off to the next that is, and takes along what came in until then.
    """
    today = now.astimezone(tz).date()
    # The round of last week's day may have been put off to a day that is yet to come.
    day = today - _WEEK + _DAY * ((WEEK.index(weekday) - today.weekday()) % 7)
    while True:
        leaves = _instant(_working_day(day, is_holiday), at, tz)
        if leaves >= now:
            return leaves
        day += _WEEK


def _working_day(day: date, is_holiday: Callable[[date], bool]) -> date:
    while day.weekday() >= _WORKING_DAYS or is_holiday(day):
        day += _DAY
    return day


def _instant(day: date, at: time, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tz).astimezone(UTC)
