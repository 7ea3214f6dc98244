"""Does what waited for a provider stay where it is, and then go out at a rising rate?"""

from dataclasses import replace
from datetime import datetime, timedelta

from config.policies import BREAKER
from contracts.vocabulary import BreakerState, Channel
from store.providers import ProviderState
from tests.building import START
from workers.upkeep.pacing import allowances

FIRST = ProviderState(name="one", channel=Channel.SMS, place=0, changed_at=START)
SECOND = replace(FIRST, name="two", place=1)
OPEN = replace(FIRST, state=BreakerState.OPEN, probe_at=START)


def _texts(*states: ProviderState, now: datetime = START) -> int:
    return allowances(states, BREAKER, now, 1.0, 2_000)[Channel.SMS]


def test_a_channel_that_nothing_is_known_of_is_not_held_back() -> None:
    """Dispatch has not started yet; what it is told then it finds waiting."""
    assert _texts() == 2_000
    assert allowances([OPEN], BREAKER, START, 1.0, 2_000)[Channel.EMAIL] == 2_000


def test_nothing_is_hinted_at_while_no_provider_may_be_used() -> None:
    """It would be dropped, and be looked for again, once a second and a million times over."""
    paused = replace(FIRST, paused_at=START)
    waits = replace(FIRST, wait_until=START + timedelta(seconds=1))

    assert [_texts(one) for one in (OPEN, paused, waits)] == [0, 0, 0]


def test_the_next_in_order_takes_over_at_full_rate() -> None:
    """It was not out."""
    assert _texts(OPEN, SECOND) == 2_000


def test_after_an_outage_the_rate_rises_from_second_to_second() -> None:
    """All at once would be the next outage."""
    back = replace(FIRST, usable_since=START)

    rates = [_texts(back, now=START + timedelta(seconds=n)) for n in range(0, 14, 2)]

    assert rates == [50, 100, 200, 400, 800, 1600, 2000]
