"""How long a batch waits for more."""

import pytest

from workers.intake.pace import Pace

QUIET, WIDEST = 0.002, 0.025


def paced(rate: float, seconds: float = 3.0) -> Pace:
    """The pace after events have come at a steady rate."""
    pace = Pace(QUIET, WIDEST)
    now, step = 100.0, 1 / rate
    pace.flushed_at = now
    pending, first_at, arrival = 0, 0.0, now + step
    while now < 100.0 + seconds:
        now = arrival
        first_at = now if pending == 0 else first_at
        pending += 1
        if pace.due_at(first_at) <= now + step:
            pace.flushed(pending, max(pace.due_at(first_at), now))
            pending = 0
        arrival += step
    return pace


@pytest.mark.parametrize("rate", [0.1, 5, 50])
def test_a_lone_event_goes_on_at_once(rate: float) -> None:
    """At 50 a second nobody gains by waiting."""
    pace = paced(rate, max(3.0, 3 / rate))

    assert pace.due_at(200.0) == 200.0 + QUIET


@pytest.mark.parametrize(
    ("rate", "narrowest", "widest"),
    [(300, 0.015, 0.025), (1000, 0.02, 0.025), (5000, 0.025, 0.025)],
)
def test_flushes_are_spaced_when_events_crowd(rate: float, narrowest: float, widest: float) -> None:
    """Tiny batches took most of the machine at 500 a second."""
    pace = paced(rate)

    spacing = pace.due_at(pace.flushed_at + 0.001) - pace.flushed_at

    assert narrowest <= spacing <= widest + 1e-9


def test_an_event_never_waits_beyond_the_widest_window() -> None:
    """What arrives long after the last flush has nothing to wait for."""
    pace = paced(5000)

    assert pace.due_at(pace.flushed_at + 1) == pace.flushed_at + 1


def test_a_crowd_is_forgotten_within_a_second_or_two() -> None:
    """After a rush, single events must be quick again."""
    pace = paced(2000)

    pace.flushed(1, pace.flushed_at + 2)

    assert not pace.crowded
