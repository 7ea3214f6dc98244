"""What becomes of a delivery after a provider's verdict?

Pure: the caller passes the time and the randomness, and writes what is decided here. A rule's
next step, and what tells of a call that was not put through, are planned by
`workers.routing.planning`; a `Transition` only says when it is their turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from contracts.vocabulary import DeliveryStatus, Lane, Reason
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict

LAST_DOUBLING: Final = 30  # beyond it any cap is reached; 2**n must not grow without end
LONGEST_WISH: Final = 7 * 86_400.0  # seconds; no deadline is further off
ENDINGS: Final = {
    Reason.OPTED_OUT: DeliveryStatus.SUPPRESSED,
    Reason.NUMBER_BARRED: DeliveryStatus.SUPPRESSED,
    Reason.CALLER_GONE: DeliveryStatus.EXPIRED,
    Reason.LATE_CALL: DeliveryStatus.EXPIRED,
    Reason.DEADLINE: DeliveryStatus.EXPIRED,
}


class RetryPolicy(Protocol):
    """How often and how far apart one channel's deliveries are tried again."""

    @property
    def base_seconds(self) -> float:
        """The longest first delay; each later one may be twice as long."""

    @property
    def cap_seconds(self) -> float:
        """No delay is longer."""

    @property
    def attempts(self) -> int:
        """So many attempts may be spent in all."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a delivery stood when the verdict came.

    ``spent`` counts the attempts spent before this one; ``most_attempts`` is the rule step's own
    bound, if it has one.
    """

    lane: Lane
    spent: int
    deadline_at: datetime
    most_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """What to record of a delivery, and what it leads to.

    ``due_at`` is set for `pending` alone. ``advance`` says that the rule's next step goes out
    now, where its steps go in turn. Where an answer stays unknown, it goes out when the step's
    wait is over, which is in the store from the beginning.
    """

    to: DeliveryStatus
    reason: Reason
    code: str | None = None
    due_at: datetime | None = None
    advance: bool = False
    spends_attempt: bool = True


def after(
    verdict: Verdict,
    standing: Standing,
    policy: RetryPolicy,
    now: datetime,
    random: Callable[[], float],
) -> Transition:
    """What follows this verdict; ``random`` gives numbers from 0 up to 1."""
    match verdict:
        case Accepted():
            return Transition(DeliveryStatus.ACCEPTED, Reason.PROVIDER_ACCEPTED)
        case Deferred():
            return _after_deferred(verdict, standing, policy, now, random)
        case Rejected():
            return _after_rejected(verdict)
        case Unknown():
            return Transition(DeliveryStatus.UNCERTAIN, verdict.reason, verdict.code)


def backoff(policy: RetryPolicy, spent: int, random: Callable[[], float]) -> timedelta:
    """Full jitter: anything from nothing up to a bound that doubles with each attempt spent.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    bound = policy.base_seconds * 2 ** min(spent, LAST_DOUBLING)
    return timedelta(seconds=random() * min(policy.cap_seconds, bound))


def _after_deferred(
    verdict: Deferred,
    standing: Standing,
    policy: RetryPolicy,
    now: datetime,
    random: Callable[[], float],
) -> Transition:
    """Try again while attempts and time are left."""
    spends = verdict.spends_attempt
    most = min(policy.attempts, standing.most_attempts or policy.attempts)
    if spends and standing.spent + 1 >= most:
        return Transition(DeliveryStatus.FAILED, Reason.ATTEMPTS_SPENT, verdict.code, advance=True)
    due_at = now + _delay(verdict, standing, policy, random)
    if due_at >= standing.deadline_at:
        return Transition(
            DeliveryStatus.EXPIRED,
            Reason.DEADLINE,
            verdict.code,
            advance=True,
            spends_attempt=spends,
        )
    return Transition(
        DeliveryStatus.PENDING, verdict.reason, verdict.code, due_at, spends_attempt=spends
    )


def _delay(
    verdict: Deferred, standing: Standing, policy: RetryPolicy, random: Callable[[], float]
) -> timedelta:
    """As long as the provider wishes; where it does not say, by full jitter.

    What spends no attempt is not the delivery's fault, so that it does not back off further by
    what it has spent before. It waits at least the base: a fault of ours or theirs is not to be
    asked about in a tight loop before the provider's breaker opens.
    """
    if verdict.retry_after is not None:
        return timedelta(seconds=min(max(0.0, verdict.retry_after), LONGEST_WISH))
    if verdict.spends_attempt:
        return backoff(policy, standing.spent, random)
    return backoff(policy, 0, random) + timedelta(seconds=policy.base_seconds)


def _after_rejected(verdict: Rejected) -> Transition:
    to = ENDINGS.get(verdict.reason, DeliveryStatus.FAILED)
    return Transition(to, verdict.reason, verdict.code, advance=to is not DeliveryStatus.EXPIRED)
