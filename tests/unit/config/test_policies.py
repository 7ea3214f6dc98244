"""Policies: how long, how often, and what when nobody knows."""

import pytest

from config.policies import RETRIES, WhenUncertain, policies
from config.settings import Settings
from contracts.vocabulary import Channel, Lane

POLICIES = policies(Settings(deadline_urgent_seconds=600, waiting_limit_seconds=3600))


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
    assert RETRIES[lane].base_seconds * 4 < POLICIES.lanes.deadline(lane)


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
