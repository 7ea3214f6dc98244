from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.bank_holidays import bank_holidays
from contracts.rule_words import WEEK
from contracts.rules import Window
from workers.routing.schedules import (
    is_open,
    never_opens,
    next_opening,
    zone,
)

LONDON = zone("Europe/London")
ENGLAND = bank_holidays("england")
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}


def window(**fields: Any) -> Window:
    """A window; `from_` stands for `from`."""
    return Window.model_validate({name.removesuffix("_"): at for name, at in fields.items()})


def at(text: str) -> datetime:
    """The instant that is written."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("fields", "instant", "expected"),
    [
        # the edges: `from` belongs to the window, `to` does not
        (OFFICE, "2026-11-24T08:00:00Z", True),
        (OFFICE, "2026-11-24T07:59:59.999999Z", False),
        (OFFICE, "2026-11-24T17:59:59.999999Z", True),
        (OFFICE, "2026-11-24T18:00:00Z", False),
        # days are the customer's, summer hours too
        (OFFICE, "2026-11-22T12:00:00Z", False),
        (OFFICE, "2026-07-01T07:00:00Z", True),
        (OFFICE, "2026-07-01T17:00:00Z", False),
        # a night belongs to the day on which it began
        ({"days": ["fri"], "from": "22:00", "to": "06:00"}, "2026-11-28T05:59:00Z", True),
        ({"days": ["fri"], "from": "22:00", "to": "06:00"}, "2026-11-27T05:59:00Z", False),
        ({"days": ["fri"], "from": "22:00", "to": "06:00"}, "2026-11-28T22:00:00Z", False),
        ({"days": ["fri"], "from": "22:00", "to": "00:00"}, "2026-11-27T23:59:00Z", True),
        ({"days": ["fri"], "from": "22:00", "to": "00:00"}, "2026-11-28T00:00:00Z", False),
        # absent hours are the whole day
        ({"days": ["sun"]}, "2026-11-22T00:00:00Z", True),
        ({"days": ["sun"]}, "2026-11-23T00:00:00Z", False),
        # bank holidays: 25 December 2026 is a Friday, its substitute day is for Boxing Day only
        (OFFICE, "2026-12-25T12:00:00Z", True),
        (OFFICE | {"bank_holidays": "include"}, "2026-12-25T12:00:00Z", True),
        (OFFICE | {"bank_holidays": "exclude"}, "2026-12-25T12:00:00Z", False),
        (OFFICE | {"bank_holidays": "exclude"}, "2026-12-28T12:00:00Z", False),
        (OFFICE | {"bank_holidays": "exclude"}, "2026-12-29T12:00:00Z", True),
        (OFFICE | {"bank_holidays": "only"}, "2026-12-25T12:00:00Z", True),
        (OFFICE | {"bank_holidays": "only"}, "2026-12-24T12:00:00Z", False),
        # the night that begins on a bank holiday belongs to it
        (
            {"from": "22:00", "to": "06:00", "bank_holidays": "only"},
            "2026-12-29T05:00:00Z",
            True,
        ),
    ],
)
def test_a_window_is_open_in_the_customers_own_hours(
    fields: dict[str, Any], instant: str, *, expected: bool
) -> None:
    """An hour off at an edge wakes somebody up or keeps a send for a day."""
    hours = Window.model_validate(fields)

    found = is_open(hours, at(instant), LONDON, ENGLAND)

    assert found is expected


@pytest.mark.parametrize(
    ("fields", "instant", "expected"),
    [
        (OFFICE, "2026-11-24T12:34:56Z", "2026-11-24T12:34:56Z"),
        (OFFICE, "2026-11-24T18:00:00Z", "2026-11-25T08:00:00Z"),
        (OFFICE, "2026-11-27T18:00:00Z", "2026-11-30T08:00:00Z"),
        # the clock changes in the night between: eight o'clock is an hour earlier or later
        (OFFICE, "2026-03-27T19:00:00Z", "2026-03-30T07:00:00Z"),
        (OFFICE, "2026-10-23T19:00:00Z", "2026-10-26T08:00:00Z"),
        # Good Friday and Easter Monday
        (OFFICE | {"bank_holidays": "exclude"}, "2026-04-02T17:30:00Z", "2026-04-07T07:00:00Z"),
        # skipped and repeated hours
        ({"from": "01:30", "to": "05:00"}, "2026-03-29T00:10:00Z", "2026-03-29T01:00:00Z"),
        ({"from": "01:15", "to": "01:45"}, "2026-03-29T00:10:00Z", "2026-03-30T00:15:00Z"),
        ({"from": "01:30", "to": "05:00"}, "2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z"),
        ({"from": "01:15", "to": "01:45"}, "2026-10-25T00:50:00Z", "2026-10-26T01:15:00Z"),
    ],
)
def test_a_window_opens_next_when_the_customers_clock_says_so(
    fields: dict[str, Any], instant: str, expected: str
) -> None:
    """Quiet hours defer a send to the minute that the customer named, through clock changes."""
    hours = Window.model_validate(fields)

    found = next_opening(hours, at(instant), LONDON, ENGLAND)

    assert found == at(expected)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-10-25T00:20:00Z", True),  # 01:20, for the first time
        ("2026-10-25T00:50:00Z", False),  # 01:50
        ("2026-10-25T01:20:00Z", False),  # 01:20 again
    ],
)
def test_a_window_in_the_repeated_hour_opens_once(instant: str, *, expected: bool) -> None:
    """A window that opened again an hour later would let twice as much through."""
    hours = window(from_="01:15", to="01:45")

    found = is_open(hours, at(instant), LONDON, ENGLAND)

    assert found is expected


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("Africa/Cairo", "2026-04-23T22:00:00Z"),  # the clock skips midnight
        ("America/Havana", "2026-11-01T04:30:00Z"),  # and here shows it twice
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),  # half an hour only
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),  # a whole day was left out
    ],
)
def test_the_whole_day_has_no_hole_where_the_clock_changes(name: str, instant: str) -> None:
    """Midnight itself is skipped or repeated in some zones, and every day must still join up."""
    hours = window()
    moments = [at(instant) + timedelta(minutes=10 * step) for step in range(-200, 200)]

    found = [is_open(hours, moment, ZoneInfo(name), ENGLAND) for moment in moments]

    assert all(found)


def test_a_window_whose_ends_meet_never_opens() -> None:
    """A send that waited for it would wait for ever, so such a rule is refused."""
    assert never_opens(window(from_="09:00", to="09:00"))
    assert not never_opens(window(from_="00:00", to="24:00"))


def test_the_search_for_an_opening_ends() -> None:
    """A broken promise must be an error, not a worker that searches for ever."""
    hours = window(from_="09:00", to="09:00")

    with pytest.raises(LookupError):
        next_opening(hours, at("2026-11-24T12:00:00Z"), LONDON, ENGLAND)


@pytest.mark.parametrize("day", WEEK)
def test_every_weekday_has_a_bank_holiday_within_the_horizon(day: str) -> None:
    """Or else a rule for bank holidays on that day would break the search."""
    hours = window(days=[day], bank_holidays="only")

    found = next_opening(hours, at("2026-11-24T12:00:00Z"), LONDON, ENGLAND)

    assert ENGLAND(found.astimezone(LONDON).date())


clock = st.times().map(lambda found: f"{found:%H:%M}")
windows = st.builds(
    lambda days, start, end, holidays: Window.model_validate(
        {"days": sorted(days), "from": start, "to": end, "bank_holidays": holidays}
    ),
    st.sets(st.sampled_from(WEEK), min_size=1),
    clock,
    clock,
    st.sampled_from(["include", "exclude"]),
).filter(lambda found: not never_opens(found))
FOUR_YEARS = 4 * 366 * 86_400
instants = st.integers(0, FOUR_YEARS).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
zones = st.sampled_from(
    ["Europe/London", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kolkata"]
).map(zone)


@given(windows, instants, zones)
def test_what_opens_next_is_open_and_not_before_now(
    hours: Window, now: datetime, tz: ZoneInfo
) -> None:
    """A deferred send must be allowed at the instant for which it was deferred."""
    found = next_opening(hours, now, tz, ENGLAND)

    assert found >= now
    assert is_open(hours, found, tz, ENGLAND)


@given(windows, instants, zones)
def test_nothing_is_open_before_what_opens_next(hours: Window, now: datetime, tz: ZoneInfo) -> None:
    """Waiting longer than asked is a send that comes a day late."""
    found = next_opening(hours, now, tz, ENGLAND)

    between = [now + (found - now) * part / 7 for part in range(7)]
    assert found == now or not any(is_open(hours, moment, tz, ENGLAND) for moment in between)
