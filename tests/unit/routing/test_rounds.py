"""Does consolidated post go on its customer's weekday, by their clock, on working days alone?"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from config.bank_holidays import bank_holidays
from workers.routing.rounds import next_round

NOON = time(12)
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("weekday", "now", "expected", "why"),
    [
        ("fri", "2026-11-24T10:00", "2026-11-27T12:00", "the Friday of the week"),
        ("fri", "2026-11-27T12:00", "2026-11-27T12:00", "at the very moment of the round"),
        ("fri", "2026-11-27T12:01", "2026-12-04T12:00", "just missed"),
        ("tue", "2026-11-24T10:00", "2026-11-24T12:00", "the same day"),
        ("mon", "2026-11-24T10:00", "2026-11-30T12:00", "a day that has passed this week"),
        ("sat", "2026-11-24T10:00", "2026-11-30T12:00", "no round on a Saturday: the Monday"),
        ("sun", "2026-11-24T10:00", "2026-11-30T12:00", "nor on a Sunday"),
        ("fri", "2026-03-30T10:00", "2026-04-07T11:00", "Good Friday: after Easter Monday"),
        ("fri", "2026-04-06T10:00", "2026-04-07T11:00", "in by then, it goes along"),
        ("fri", "2026-04-07T11:01", "2026-04-10T11:00", "then it is the Friday again"),
        ("fri", "2026-12-21T10:00", "2026-12-29T12:00", "Christmas Day, and its two days after"),
        ("mon", "2026-03-27T10:00", "2026-03-30T11:00", "summer time has begun: an hour sooner"),
        ("mon", "2026-10-23T10:00", "2026-10-26T12:00", "winter time has begun"),
        ("mon", "2028-02-26T10:00", "2028-02-28T12:00", "in a leap year"),
        ("tue", "2028-02-26T10:00", "2028-02-29T12:00", "on 29 February"),
    ],
)
def test_a_round_leaves_on_its_day(weekday: str, now: str, expected: str, why: str) -> None:
    """Paper goes once a week, and never on a day on which nobody is there to send it."""
    found = next_round(
        weekday, NOON, _utc(now), ZoneInfo("Europe/London"), bank_holidays("england")
    )

    assert found == _utc(expected), why


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Pacific/Auckland", "2026-11-26T23:00"),
        ("America/New_York", "2026-11-27T17:00"),
    ],
)
def test_the_day_is_that_of_the_customers_clock(zone: str, expected: str) -> None:
    """Their Friday begins when theirs does."""
    now = _utc("2026-11-24T10:00")

    assert next_round("fri", NOON, now, ZoneInfo(zone), _no_holiday) == _utc(expected)


def _no_holiday(_: date) -> bool:
    return False


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
