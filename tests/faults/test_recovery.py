from datetime import UTC, datetime, timedelta

from tests.faults.evidence import Sent
from tests.faults.running import recovery_seconds
from tests.faults.scene import Injury

BEGUN = datetime(2026, 11, 25, 12, tzinfo=UTC)
ZERO = BEGUN.timestamp()


def at_rate(first: float, last: float, rate: float) -> list[Sent]:
    """Give acceptances, so many a second, between two moments."""
    count = int((last - first) * rate)
    return [
        Sent(None, None, "SM", BEGUN + timedelta(seconds=first + number / rate))
        for number in range(count)
    ]


def injury(began: float, healed: float) -> Injury:
    """Give an injury by its seconds from the beginning."""
    return Injury("broken", ZERO + began, ZERO + healed)


def test_recovery_ends_when_as_much_is_accepted_as_was_offered() -> None:
    """A trickle after a restart is not yet the full rate."""
    sent = [*at_rate(0, 5, 20), *at_rate(10, 14, 2), *at_rate(14, 20, 20)]

    took = recovery_seconds([injury(5, 10)], sent, offered=20)

    assert 3 <= took <= 4.1


def test_what_was_never_slowed_has_recovered_at_once() -> None:
    """Most faults are not felt at all, and the row must say so."""
    assert recovery_seconds([injury(5, 5)], at_rate(0, 10, 20), offered=20) < 0.1


def test_where_another_injury_comes_first_recovery_is_told_from_that_one() -> None:
    """Else what the second broke would be told of the first."""
    sent = [*at_rate(0, 5, 20), *at_rate(12, 20, 20)]

    took = recovery_seconds([injury(5, 6), injury(7, 11)], sent, offered=20)

    assert 0.9 <= took <= 1.1


def test_where_nothing_was_injured_nothing_had_to_recover() -> None:
    """What only misbehaves, such as a provider, injures nothing of ours."""
    assert recovery_seconds([], at_rate(0, 10, 20), offered=20) == 0.0
