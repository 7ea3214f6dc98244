"""Instants are RFC 3339 with an offset, and mean one moment."""

from datetime import UTC, datetime

import pytest

from contracts.instants import month_after, parse_day, parse_instant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20t10:00:00z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T11:00:00+01:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00-00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00.1234567Z", datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_kept_in_utc(written: str, meant: datetime) -> None:
    """Quiet hours are worked out from it, whatever the publisher's zone."""
    instant = parse_instant(written)

    assert instant == meant
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T10:00:00",
        "2026-11-20 10:00:00Z",
        "2026-11-20T10:00Z",
        "2026-11-20",
        "20261120T100000Z",
        "2026-W47-5T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T10:60:00Z",
        "2026-11-20T10:00:00+25:00",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:60Z",
        "tomorrow",
        "",
        "٢٠٢٦-11-20T10:00:00Z",
    ],
)
def test_a_moment_that_could_be_two_is_refused(written: str) -> None:
    """Without an offset it would be guessed, and guessed wrong for half the year."""
    with pytest.raises(ValueError, match="must be an RFC 3339 instant"):
        parse_instant(written)


@pytest.mark.parametrize("written", ["2026-1-1", "20260101", "2026-02-29", "", "2026-01-01T00:00"])
def test_a_day_that_is_none_is_refused(written: str) -> None:
    """A due date must be on the calendar."""
    with pytest.raises(ValueError, match="must be a day"):
        parse_day(written)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((2026, 1, 15), (2026, 2, 15)),
        ((2026, 1, 31), (2026, 2, 28)),
        ((2028, 1, 31), (2028, 2, 29)),
        ((2026, 12, 20), (2027, 1, 20)),
    ],
)
def test_a_month_ends_on_the_corresponding_date(
    start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    """Customers are promised a month's notice, not thirty days'."""
    assert month_after(datetime(*start, 9, tzinfo=UTC)) == datetime(*end, 9, tzinfo=UTC)
