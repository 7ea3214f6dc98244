"""When is the next digest, by the customer's clock, whatever that does?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rule_words import WEEK
from contracts.rules import Digest
from workers.routing.digests import digest_times, next_digest
from workers.routing.schedules import zone

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
HOURLY = Digest(every="hour")
AT_FIVE = Digest(every="day", at="17:00")
FRIDAYS = Digest(every="week", on="fri", at="17:00")


def digest(text: str) -> Digest:
    """A digest as it is written here: `hour`, `17:00`, `fri 17:00`."""
    match text.split():
        case ["hour"]:
            return HOURLY
        case [at]:
            return Digest(every="day", at=at)
        case [on, at]:
            return Digest.model_validate({"every": "week", "on": on, "at": at})
        case _:
            raise AssertionError(text)


@pytest.mark.parametrize(
    ("wanted", "place", "after", "expected"),
    [
        # by the hour: always later than the event
        ("hour", "Europe/London", "2026-11-24T10:20:00Z", "2026-11-24T11:00:00Z"),
        ("hour", "Europe/London", "2026-11-24T10:59:59.999999Z", "2026-11-24T11:00:00Z"),
        ("hour", "Europe/London", "2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z"),
        ("hour", "Europe/London", "2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z"),
        # the full hour of a clock that is half an hour off
        ("hour", "Asia/Kolkata", "2026-11-24T10:20:00Z", "2026-11-24T10:30:00Z"),
        ("hour", "Asia/Kathmandu", "2026-11-24T10:20:00Z", "2026-11-24T11:15:00Z"),
        # spring: 01:00 to 02:00 is skipped in London
        ("hour", "Europe/London", "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z"),
        # autumn: the hour from 01:00 is shown twice, and each time is a digest
        ("hour", "Europe/London", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
        ("hour", "Europe/London", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"),
        # a clock that changes by half an hour: back from 02:00 to 01:30, on from 02:00 to 02:30
        ("hour", "Australia/Lord_Howe", "2027-04-03T14:10:00Z", "2027-04-03T15:30:00Z"),
        ("hour", "Australia/Lord_Howe", "2026-10-03T15:10:00Z", "2026-10-03T15:30:00Z"),
        # by the day
        ("17:00", "Europe/London", "2026-11-24T10:00:00Z", "2026-11-24T17:00:00Z"),
        ("17:00", "Europe/London", "2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z"),
        ("17:00", "Europe/London", "2026-11-24T16:59:59.999999Z", "2026-11-24T17:00:00Z"),
        ("17:00", "Europe/London", "2026-07-24T10:00:00Z", "2026-07-24T16:00:00Z"),
        ("17:00", "America/New_York", "2026-11-24T10:00:00Z", "2026-11-24T22:00:00Z"),
        ("17:00", "Pacific/Auckland", "2026-11-24T10:00:00Z", "2026-11-25T04:00:00Z"),
        ("00:00", "Europe/London", "2026-11-24T10:00:00Z", "2026-11-25T00:00:00Z"),
        # on the days of the changes themselves
        ("17:00", "Europe/London", "2027-03-28T00:00:00Z", "2027-03-28T16:00:00Z"),
        ("17:00", "Europe/London", "2026-10-25T00:00:00Z", "2026-10-25T17:00:00Z"),
        # a time that is skipped is the moment of the change
        ("01:30", "Europe/London", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z"),
        ("01:30", "Europe/London", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"),
        # a time that is shown twice is its first showing, and no digest at the second
        ("01:30", "Europe/London", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
        ("01:30", "Europe/London", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        ("01:30", "Europe/London", "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z"),
        # 29 February
        ("17:00", "Europe/London", "2028-02-28T18:00:00Z", "2028-02-29T17:00:00Z"),
        ("17:00", "Europe/London", "2028-02-29T18:00:00Z", "2028-03-01T17:00:00Z"),
        ("17:00", "Europe/London", "2027-02-28T18:00:00Z", "2027-03-01T17:00:00Z"),
        # a day that was left out of the calendar altogether
        ("17:00", "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"),
        # by the week
        ("fri 17:00", "Europe/London", "2026-11-24T10:00:00Z", "2026-11-27T17:00:00Z"),
        ("fri 17:00", "Europe/London", "2026-11-27T16:00:00Z", "2026-11-27T17:00:00Z"),
        ("fri 17:00", "Europe/London", "2026-11-27T17:00:00Z", "2026-12-04T17:00:00Z"),
        ("sun 01:30", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("sun 01:30", "Europe/London", "2026-10-25T01:00:00Z", "2026-11-01T01:30:00Z"),
        ("mon 00:00", "Pacific/Auckland", "2026-11-29T10:59:59Z", "2026-11-29T11:00:00Z"),
        ("tue 09:00", "Europe/London", "2028-02-28T12:00:00Z", "2028-02-29T09:00:00Z"),
    ],
)
def test_a_digest_is_sent_when_the_customers_clock_next_shows_its_time(
    wanted: str, place: str, after: str, expected: str
) -> None:
    """Summer or winter, leap day or not, wherever the customer is."""
    found = next_digest(digest(wanted), datetime.fromisoformat(after), zone(place))

    assert found == datetime.fromisoformat(expected)


@given(
    st.sampled_from(["hour", "01:30", "17:00", "sun 01:30", "fri 17:00"]),
    st.sampled_from(
        ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
    ),
    st.integers(0, 6 * 366 * 86_400).map(lambda seconds: BEGINNING + timedelta(seconds=seconds)),
)
def test_the_next_digest_is_later_and_none_lies_between(
    wanted: str, place: str, after: datetime
) -> None:
    """Each instant belongs to exactly one digest: so no event is lost, nor in two."""
    times = digest_times(digest(wanted), after, zone(place))
    longest = {"hour": timedelta(hours=1.5)}.get(wanted, timedelta(days=7, hours=2))

    assert after < times.at < times.after
    assert times.at - after <= longest
    just_before = times.at - timedelta(microseconds=1)
    if just_before > after:
        assert next_digest(digest(wanted), just_before, zone(place)) == times.at


def test_every_day_of_the_week_can_be_asked_for() -> None:
    """The weekday is the customer's, not the server's."""
    tz = zone("Pacific/Auckland")
    after = datetime(2026, 11, 24, 10, tzinfo=UTC)

    days = [next_digest(digest(f"{day} 17:00"), after, tz).astimezone(tz) for day in WEEK]

    assert [day.weekday() for day in days] == list(range(7))
