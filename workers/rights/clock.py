"""By when must a request be answered? Pure: dates in, dates out.

One month from the day it was received: the corresponding date of the next month, or that month's
last day where it has none such; and where that is no working day, the next one (the Information
Commissioner's guidance on Article 12(3) of the UK GDPR). The clock stands still while we wait for
what we had to ask: who they are, or what they mean.
"""

import calendar
from collections.abc import Callable
from datetime import date, timedelta

IsHoliday = Callable[[date], bool]
_SATURDAY = 5


def due_on(received_on: date, stopped_days: int, is_holiday: IsHoliday) -> date:
    """Give the last day to answer what was received on a day, the days of standing still added."""
    return next_working_day(month_after(received_on) + timedelta(days=stopped_days), is_holiday)


def target_on(received_on: date, stopped_days: int) -> date:
    """Give the day by which we mean to have answered: 28 days, whatever the month's length."""
    return received_on + timedelta(days=28 + stopped_days)


def month_after(day: date) -> date:
    """Give the corresponding date of the next month, or its last day."""
    return months_after(day, 1)


def months_after(day: date, months: int) -> date:
    """Give the corresponding date so many months later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def years_after(day: date, years: int) -> date:
    """Give the same date so many years later; of 29 February, 1 March where there is none."""
    if (day.month, day.day) == (2, 29) and not calendar.isleap(day.year + years):
        return date(day.year + years, 3, 1)
    return day.replace(year=day.year + years)


def next_working_day(day: date, is_holiday: IsHoliday) -> date:
    """Give a day, or the next one that is neither in a weekend nor a bank holiday."""
    while day.weekday() >= _SATURDAY or is_holiday(day):
        day += timedelta(days=1)
    return day
