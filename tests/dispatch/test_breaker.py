"""Does a breaker open for outages alone, close by probes alone, and settle whatever comes?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import BREAKER
from contracts.vocabulary import BreakerState, Channel, Reason
from store.providers import ProviderState
from tests.building import START
from workers.dispatch.breaker import Alarm, Tally, alarmed, judge, probed
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict

CLOSED = ProviderState(name="p", channel=Channel.SMS, place=0, changed_at=START)
WELL = Accepted("ref")
DOWN = Deferred(Reason.UNREACHABLE, "connect", spends_attempt=False)
SILENT = Unknown(Reason.NO_ANSWER, "timeout")
STRANGER = Deferred(Reason.CREDENTIALS, "20003", spends_attempt=False)
REFUSED = Rejected(Reason.INVALID_DESTINATION, "21211")
OWN_FAULT = Deferred(Reason.PROVIDER_FAULT, "30003")
GREYLISTED = Deferred(Reason.BUSY_PROVIDER, "rcpt 451 4.7.1", 300.0, spends_attempt=False)
OUTAGE = Alarm(Reason.UNREACHABLE, "connect")


def busy(wish: float | None) -> Deferred:
    """Be told to wait, by word for all that we send."""
    return Deferred(Reason.BUSY_PROVIDER, "20429", wish, spends_attempt=False, concerns_all=True)


def alarm_after(
    verdicts: Sequence[Verdict], state: ProviderState = CLOSED, apart: float = 0
) -> Alarm | None:
    """What these verdicts give, each by itself, so many seconds apart."""
    tally, alarm = Tally(), None
    for n, verdict in enumerate(verdicts):
        now = START + timedelta(seconds=n * apart)
        tally, found = judge(state, tally, [verdict], BREAKER, now)
        alarm = alarm or found
    return alarm


def opened(state: ProviderState = CLOSED, now: datetime = START) -> ProviderState:
    """The same after an outage was noticed."""
    return alarmed(state, OUTAGE, BREAKER, now, lambda: 1.0)


@pytest.mark.parametrize("verdict", [DOWN, SILENT, STRANGER], ids=["down", "silent", "stranger"])
def test_a_row_of_outages_opens(verdict: Verdict) -> None:
    """Not reached, not answered, not known: none of it is the deliveries' fault."""
    before = alarm_after([verdict] * (BREAKER.outages - 1))
    after = alarm_after([verdict] * BREAKER.outages)

    assert before is None
    assert after is not None
    assert (after.wait, after.code) == (None, getattr(verdict, "code", None))


def test_a_row_of_outages_opens_however_far_apart_they_come() -> None:
    """At night a text goes out every ten minutes: five of them unanswered are enough."""
    found = alarm_after([SILENT] * BREAKER.outages, apart=600)

    assert found is not None


@given(st.lists(st.sampled_from([WELL, REFUSED, OWN_FAULT]), max_size=300))
def test_nothing_that_is_a_deliverys_own_ever_opens(verdicts: list[Verdict]) -> None:
    """A campaign to a thousand dead numbers must not stop everybody else's messages."""
    assert alarm_after(verdicts) is None


def test_one_silence_in_a_hundred_answers_is_no_outage() -> None:
    """A busy day would otherwise stop itself."""
    crowd: Sequence[Verdict] = ([WELL] * 99 + [SILENT]) * 10

    found = alarm_after(crowd, apart=0.001)

    assert found is None


def test_an_hour_that_went_well_hides_nothing() -> None:
    """At 500 a second each second's delay would leave 500 texts uncertain."""
    before = alarm_after([WELL] * 10_000 + [SILENT] * (BREAKER.outages - 1), apart=0.002)
    after = alarm_after([WELL] * 10_000 + [SILENT] * BREAKER.outages, apart=0.002)

    assert before is None
    assert after is not None


def test_one_that_answers_every_other_time_is_out_as_well() -> None:
    """It never fails five times in a row, and half of all that it is given is left uncertain."""
    found = alarm_after([WELL, SILENT] * BREAKER.lately)

    assert found is not None


def test_a_grey_list_alone_makes_only_its_recipient_wait() -> None:
    """One customer's mail server must not hold up all others' email."""
    found = alarm_after([GREYLISTED, WELL, GREYLISTED, WELL, WELL])

    assert found is None


def test_when_everybody_is_told_to_wait_the_provider_is_let_wait_as_told() -> None:
    """Then it is the relay that is slowing us down, whatever stage it says so at."""
    found = alarm_after([GREYLISTED] * BREAKER.outages)

    assert found == Alarm(Reason.BUSY_PROVIDER, "rcpt 451 4.7.1", 300.0)


@pytest.mark.parametrize(
    ("wish", "seconds"), [(7.0, 7.0), (0.0, 0.0), (None, 5.0), (-3.0, 0.0), (1e9, 3600.0)]
)
def test_a_rate_limit_makes_the_provider_wait_as_told_at_once(
    wish: float | None, seconds: float
) -> None:
    """Asking on would only prolong it; and a stranger's word does not stop us for ever."""
    found = alarm_after([busy(wish)])

    assert found is not None
    state = alarmed(CLOSED, found, BREAKER, START, lambda: 0.5)
    assert state.state is BreakerState.CLOSED
    assert state.wait_until == START + timedelta(seconds=seconds)
    assert not seconds or not state.usable(START)
    assert state.usable(START + timedelta(seconds=seconds))


def test_of_two_wishes_the_longer_counts() -> None:
    """A storm brings many, in any order."""
    waiting = alarmed(CLOSED, Alarm(Reason.BUSY_PROVIDER, "429", 60), BREAKER, START, lambda: 0.5)

    after = alarmed(waiting, Alarm(Reason.BUSY_PROVIDER, "429", 5), BREAKER, START, lambda: 0.5)

    assert after == waiting


def test_an_alarm_given_twice_opens_once() -> None:
    """Two processes notice one outage."""
    once = opened()

    twice = opened(once, START + timedelta(seconds=1))

    assert twice == once
    assert (once.state, once.openings) == (BreakerState.OPEN, 1)


def test_enough_probes_close_and_one_that_fails_opens_again() -> None:
    """One answer may be luck between two faults."""
    half = probed(opened(), WELL, BREAKER, START, lambda: 1.0)
    again = probed(half, DOWN, BREAKER, START, lambda: 1.0)
    states = [again]
    for _ in range(BREAKER.harmless):
        states.append(probed(states[-1], WELL, BREAKER, START, lambda: 1.0))

    assert half.state is BreakerState.HALF_OPEN
    assert (again.state, again.harmless) == (BreakerState.OPEN, 0)
    assert [s.state for s in states[1:]] == [
        BreakerState.HALF_OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.CLOSED,
    ]
    assert states[-1].usable_since == START


@pytest.mark.parametrize(("out", "seconds"), [(5, 5), (30, 15), (3600, 30)])
def test_the_longer_it_is_out_the_less_often_it_is_asked(out: int, seconds: int) -> None:
    """But often enough: a caller may be waiting for it to be back."""
    now = START + timedelta(seconds=out)

    found = probed(opened(), DOWN, BREAKER, now, lambda: 1.0)

    assert found.probe_at == now + timedelta(seconds=seconds)
    assert (found.opened_at, found.openings) == (START, 1)


def test_one_that_never_holds_stays_open_for_longer_each_time() -> None:
    """Its probes go well and its sends do not: each closing may leave texts uncertain."""
    state, cool_offs = CLOSED, []
    for _ in range(9):
        state = opened(replace(state, state=BreakerState.CLOSED, usable_since=START))
        cool_offs.append((state.probe_at or START) - START)

    assert [c.total_seconds() for c in cool_offs] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_one_that_has_just_come_back_opens_sooner_and_for_longer() -> None:
    """Its probes go well and its sends do not: each try may leave a text uncertain."""
    back = replace(opened(), state=BreakerState.CLOSED, probe_at=None, usable_since=START)
    soon, late = START + timedelta(seconds=10), START + timedelta(days=1)

    alarm = alarm_after([SILENT] * BREAKER.outages_again, back)
    again, anew = opened(back, soon), opened(back, late)

    assert alarm is not None
    assert (again.openings, anew.openings) == (2, 1)


def test_a_probe_that_is_told_to_wait_comes_back_no_sooner() -> None:
    """The provider's word counts for probes, too."""
    found = probed(opened(), busy(120.0), BREAKER, START, lambda: 0.0)

    assert found.probe_at is not None
    assert found.probe_at >= START + timedelta(seconds=120)


VERDICTS = st.sampled_from([WELL, DOWN, SILENT, STRANGER, REFUSED, OWN_FAULT, GREYLISTED, busy(2)])


@given(
    st.lists(st.tuples(st.booleans(), VERDICTS, st.floats(0, 400)), max_size=80),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_comes_a_provider_is_usable_or_is_going_to_be_asked(
    steps: list[tuple[bool, Verdict, float]], chance: float
) -> None:
    """One that is neither would never be used again, and nobody would know why."""
    state, tally, now = CLOSED, Tally(), START
    for by_probe, verdict, seconds in steps:
        now += timedelta(seconds=seconds)
        if by_probe:
            state = probed(state, verdict, BREAKER, now, lambda: chance)
        elif state.usable(now):
            tally, alarm = judge(state, tally, [verdict], BREAKER, now)
            if alarm is not None:
                state = alarmed(state, alarm, BREAKER, now, lambda: chance)

        asked = state.state is not BreakerState.CLOSED
        assert asked == (state.probe_at is not None)
        if state.probe_at is not None:
            longest = BREAKER.cool_off_cap_seconds
            assert state.probe_at <= now + timedelta(seconds=longest)
        if state.state is BreakerState.CLOSED and state.wait_until is not None:
            assert state.wait_until <= now + timedelta(seconds=300)
