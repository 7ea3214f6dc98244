"""Policies: how long, how often, and what when nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import RETRIES, RetryPolicy, WhenUncertain, policies
from config.settings import Settings
from contracts.vocabulary import Channel, Lane

POLICIES = policies(Settings(deadline_urgent_seconds=600, waiting_limit_seconds=3600))


@given(attempt=st.integers(1, 10_000), roll=st.floats(0, 1))
def test_a_retry_comes_between_at_once_and_the_cap(attempt: int, roll: float) -> None:
    """However often something failed, the wait stays bounded and never goes negative."""
    wait = RetryPolicy(attempts=5, base=2, cap=60).wait(attempt, roll)

    assert 0 <= wait <= 60


@given(attempt=st.integers(1, 50), roll=st.floats(0, 1), told=st.floats(0, 10_000))
def test_a_provider_that_says_how_long_is_heeded(attempt: int, roll: float, told: float) -> None:
    """Coming back sooner than a rate limit allows only renews it."""
    assert RetryPolicy(attempts=5, base=2, cap=60).wait(attempt, roll, told) >= told


def test_waits_double_up_to_the_cap() -> None:
    """A fault that lasts is asked about ever more seldom."""
    policy = RetryPolicy(attempts=9, base=2, cap=10)

    waits = [policy.wait(attempt, 1) for attempt in range(1, 6)]

    assert waits == [2, 4, 8, 10, 10]


def test_attempts_are_spent_when_all_are_used() -> None:
    """The last allowed attempt is made; one more is not."""
    policy = RetryPolicy(attempts=3, base=1, cap=1)

    assert [policy.spent(n) for n in (2, 3, 4)] == [False, True, True]


def test_every_lane_has_its_policies() -> None:
    """A lane without a deadline would wait for ever."""
    for lane in Lane:
        assert POLICIES.lanes.deadline(lane) > 0
        assert POLICIES.retries[lane].attempts >= 1
        assert POLICIES.waiting.limit(lane) > 0
    assert POLICIES.lanes.deadline(Lane.URGENT) == 600
    assert POLICIES.waiting.limit(Lane.ROUTINE) == 3600


@pytest.mark.parametrize("lane", list(Lane))
def test_a_lane_first_asks_again_well_before_its_deadline(lane: Lane) -> None:
    """A retry later than the deadline is none."""
    assert RETRIES[lane].base * 4 < POLICIES.lanes.deadline(lane)


@pytest.mark.parametrize(
    ("channel", "wanted"),
    [
        (Channel.SMS, WhenUncertain.PARK),
        (Channel.CALL, WhenUncertain.PARK),
        (Channel.EMAIL, WhenUncertain.RESEND),
        (Channel.POST, WhenUncertain.PARK),
    ],
)
def test_only_email_may_be_sent_again_unasked(channel: Channel, wanted: WhenUncertain) -> None:
    """A second SMS or ring reaches a person twice; a repeated Message-ID can be recognised."""
    assert POLICIES.uncertain[channel] is wanted
