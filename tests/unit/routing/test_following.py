from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import DeliveryStatus, Lane, Reason
from tests.unit.routing.samples import NOW, later
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict
from workers.routing.following import Standing, Transition, after, backoff


@dataclass(frozen=True)
class Policy:
    base_seconds: float = 10
    cap_seconds: float = 600
    attempts: int = 5


FAULT = Deferred(Reason.PROVIDER_FAULT, "503")
SILENCE = Unknown(Reason.NO_ANSWER, "timeout")


def standing(
    lane: Lane = Lane.ROUTINE,
    spent: int = 0,
    most: int | None = None,
    left: timedelta = timedelta(days=1),
) -> Standing:
    """A delivery with so much time left."""
    return Standing(lane, spent, NOW + left, most)


def follow(verdict: Verdict, stood: Standing | None = None, random: float = 0.5) -> Transition:
    """What follows the verdict, with a die that always shows the same."""
    return after(verdict, stood or standing(), Policy(), NOW, lambda: random)


def test_an_accepted_delivery_is_done() -> None:
    """Receipts may still come, and change it by rules of their own."""
    found = follow(Accepted("SM1"))

    assert found == Transition(DeliveryStatus.ACCEPTED, Reason.PROVIDER_ACCEPTED)


@pytest.mark.parametrize(
    ("spent", "random", "seconds"),
    [(0, 0.0, 0), (0, 0.5, 5), (1, 0.5, 10), (3, 0.5, 40), (3, 0.999, 79.92)],
)
def test_a_fault_is_tried_again_after_a_jittered_delay(
    spent: int, random: float, seconds: float
) -> None:
    """A provider that stumbles must not be met by everybody at once."""
    found = follow(FAULT, standing(spent=spent), random)

    assert found.to is DeliveryStatus.PENDING
    assert found.reason is Reason.PROVIDER_FAULT
    assert found.code == "503"
    assert found.due_at == later(seconds=seconds)
    assert not found.advance


def test_the_delay_is_as_long_as_the_provider_wishes() -> None:
    """A rate limit says when to come back; sooner only prolongs it."""
    verdict = Deferred(Reason.BUSY_PROVIDER, "429", retry_after=42.5, spends_attempt=False)

    found = follow(verdict)

    assert found.due_at == later(seconds=42.5)
    assert not found.spends_attempt


@pytest.mark.parametrize("wish", [-1.0, 1e300, float("inf")])
def test_an_absurd_wish_breaks_nothing(wish: float) -> None:
    """A provider's header is a stranger's word."""
    verdict = Deferred(Reason.BUSY_PROVIDER, "429", retry_after=wish)

    found = follow(verdict)

    assert found.to in {DeliveryStatus.PENDING, DeliveryStatus.EXPIRED}


def test_a_fault_that_is_not_the_deliverys_still_backs_off() -> None:
    """It spends no attempt, so nothing else would keep it from a tight loop."""
    verdict = Deferred(Reason.CREDENTIALS, "401", spends_attempt=False)

    found = follow(verdict, random=0.0)

    assert found.due_at == later(seconds=10)


def test_a_fault_that_is_not_the_deliverys_never_uses_up_its_attempts() -> None:
    """An hour's outage must not fail everything that was due in it."""
    verdict = Deferred(Reason.UNREACHABLE, "connect", spends_attempt=False)

    found = follow(verdict, standing(spent=4))

    assert found.to is DeliveryStatus.PENDING


def test_a_delivery_out_of_attempts_fails_and_the_next_step_goes_out() -> None:
    """Trying for ever hides that the customer is not being reached."""
    found = follow(FAULT, standing(spent=4))

    assert (found.to, found.reason) == (DeliveryStatus.FAILED, Reason.ATTEMPTS_SPENT)
    assert found.advance


def test_nothing_is_tried_again_after_its_deadline() -> None:
    """It expires now, rather than sit in the queue until then."""
    found = follow(FAULT, standing(left=timedelta(seconds=5)))

    assert (found.to, found.reason) == (DeliveryStatus.EXPIRED, Reason.DEADLINE)
    assert found.due_at is None
    assert found.advance


@pytest.mark.parametrize(
    ("reason", "to", "advance"),
    [
        (Reason.INVALID_DESTINATION, DeliveryStatus.FAILED, True),
        (Reason.REFUSED, DeliveryStatus.FAILED, True),
        (Reason.OPTED_OUT, DeliveryStatus.SUPPRESSED, True),
        (Reason.CALLER_GONE, DeliveryStatus.EXPIRED, False),
    ],
)
def test_a_refusal_is_never_retried(reason: Reason, to: DeliveryStatus, *, advance: bool) -> None:
    """Asking again annoys the provider and reaches nobody."""
    found = follow(Rejected(reason, "x"))

    assert (found.to, found.reason, found.advance) == (to, reason, advance)
    assert found.due_at is None


@pytest.mark.parametrize("lane", list(Lane))
def test_silence_waits_for_evidence(lane: Lane) -> None:
    """It may have been sent; where nobody can wait, the step's wait is in the store already."""
    found = follow(SILENCE, standing(lane))

    assert (found.to, found.reason) == (DeliveryStatus.UNCERTAIN, Reason.NO_ANSWER)
    assert not found.advance


@pytest.mark.parametrize(
    ("spent", "most", "expected"),
    [
        (0, 2, DeliveryStatus.PENDING),
        (1, 2, DeliveryStatus.FAILED),
        (0, 1, DeliveryStatus.FAILED),
        (1, None, DeliveryStatus.PENDING),
        (Policy().attempts - 1, 20, DeliveryStatus.FAILED),
    ],
)
def test_a_step_is_tried_as_often_as_it_says_and_never_oftener_than_its_lane(
    spent: int, most: int | None, expected: DeliveryStatus
) -> None:
    """A customer may want the next step sooner; nobody may want more tries than are decent."""
    found = follow(Deferred(Reason.PROVIDER_FAULT, "503"), standing(spent=spent, most=most))

    assert (found.to, found.advance) == (expected, expected is DeliveryStatus.FAILED)


@given(
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(list(Lane)),
    st.booleans(),
    st.none() | st.floats(allow_nan=False),
)
def test_a_retry_is_never_in_the_past_nor_past_its_deadline(
    spent: int,
    random: float,
    lane: Lane,
    spends: bool,
    wish: float | None,
) -> None:
    """Above all a live call: late, it must never be dialled."""
    verdict = Deferred(Reason.PROVIDER_FAULT, "x", wish, spends)
    stood = standing(lane, spent, left=timedelta(seconds=30))

    found = follow(verdict, stood, random)

    assert (found.to is DeliveryStatus.PENDING) == (found.due_at is not None)
    assert found.due_at is None or NOW <= found.due_at < stood.deadline_at


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_no_delay_is_longer_than_the_cap(spent: int, random: float) -> None:
    """However often it was tried."""
    found = backoff(Policy(), spent, lambda: random)

    assert timedelta(0) <= found <= timedelta(seconds=600)


OUTAGES = (Reason.UNREACHABLE, Reason.PROVIDER_FAULT, Reason.CREDENTIALS, Reason.BUSY_PROVIDER)


@given(
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(list(Lane)),
    st.sampled_from(OUTAGES),
    st.none() | st.floats(0, 1e6),
)
def test_an_outage_spends_nobodys_attempts_however_long_it_lasts(
    spent: int, random: float, lane: Lane, reason: Reason, wish: float | None
) -> None:
    """It may end a delivery by its deadline, and never by its attempts."""
    verdict = Deferred(reason, "x", wish, spends_attempt=False)

    found = follow(verdict, standing(lane, spent), random)

    assert not found.spends_attempt
    assert found.reason in {reason, Reason.DEADLINE}
    assert found.to in {DeliveryStatus.PENDING, DeliveryStatus.EXPIRED}


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.sampled_from([*OUTAGES[:3]]))
def test_the_delay_after_an_outage_does_not_grow(spent: int, random: float, reason: Reason) -> None:
    """What a delivery has spent before says nothing about when the provider is back."""
    verdict = Deferred(reason, "x", spends_attempt=False)

    found = follow(verdict, standing(spent=spent), random)

    assert found.due_at is not None
    assert Policy.base_seconds <= (found.due_at - NOW).total_seconds() <= 2 * Policy.base_seconds


@given(
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from([FAULT, Deferred(Reason.UNREACHABLE, "x", spends_attempt=False)]),
    st.floats(0, 120),
)
def test_a_live_call_is_never_tried_again_past_its_time(
    spent: int, random: float, verdict: Deferred, seconds: float
) -> None:
    """After `not_after` nobody is there to be put through; its message goes out instead."""
    stood = standing(Lane.LIVE, spent, left=timedelta(seconds=seconds))

    found = follow(verdict, stood, random)

    if found.to is DeliveryStatus.PENDING:
        assert found.due_at is not None
        assert found.due_at < stood.deadline_at
    else:
        assert found.advance
