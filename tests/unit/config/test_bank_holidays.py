from datetime import date, timedelta

import pytest

from config.bank_holidays import Nation, bank_holidays
from config.policies import policies
from config.settings import Settings

SUMMER = [date(2026, 8, 3), date(2026, 8, 31)]


@pytest.mark.parametrize(
    ("nation", "days"),
    [
        # Christmas, and Boxing Day on a Saturday with the Monday that replaces it
        ("england", {25, 26, 28}),
        ("wales", {25, 26, 28}),
        ("northern_ireland", {25, 26, 28}),
        ("scotland", {25, 26, 28}),
    ],
)
def test_the_days_that_replace_a_weekends_are_bank_holidays_too(
    nation: Nation, days: set[int]
) -> None:
    """On these an office's customers want to be left alone."""
    is_one = bank_holidays(nation)

    december = [date(2026, 12, 1) + timedelta(days=day) for day in range(31)]

    assert {day.day for day in december if is_one(day)} == days


@pytest.mark.parametrize(("nation", "summer"), [("england", SUMMER[1]), ("scotland", SUMMER[0])])
def test_the_setting_reaches_the_planners_policy(nation: Nation, summer: date) -> None:
    """The planner knows no calendar of its own."""
    found = policies(Settings(sandbox=True, bank_holidays=nation)).lanes

    assert [day for day in SUMMER if found.is_bank_holiday(day)] == [summer]


def test_england_is_meant_where_nothing_is_set() -> None:
    """The office stands there."""
    found = policies(Settings(sandbox=True)).lanes

    assert found.is_bank_holiday(date(2026, 4, 6))  # Easter Monday, a working day in Scotland
