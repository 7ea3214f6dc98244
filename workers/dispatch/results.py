"""What does an answer make of the delivery it is about? The provider's, or none at all."""

import random
from datetime import datetime, timedelta

from config.policies import Policies
from contracts.vocabulary import DeliveryStatus, Reason
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result
from workers.dispatch.preparing import Ready, Unsendable
from workers.providers.base import Accepted, Deferred, Rejected, Verdict
from workers.routing.following import Standing, Transition, after

_MAY_COME = frozenset({"missing", "unreachable"})


def of_verdict(
    ready: Ready, verdict: Verdict, provider: str, policies: Policies, now: datetime
) -> Result:
    """What the provider's verdict makes of a delivery that was sent, or tried."""
    return _result(
        ready.claimed,
        verdict,
        policies,
        now,
        provider=provider,
        content_digest=ready.content_digest,
        template_version=ready.template_version,
    )


def of_unsendable(one: Unsendable, policies: Policies, now: datetime) -> Result:
    """What becomes of a delivery that could not be made into anything to send.

    A document that is not here yet may still come; anything else is for an operator.
    """
    verdict: Verdict
    if one.reason is Reason.UNUSABLE_DOCUMENT and one.code in _MAY_COME:
        verdict = Deferred(one.reason, one.code)
    else:
        verdict = Rejected(one.reason, one.code)
    return _result(one.claimed, verdict, policies, now)


def of_not_begun(claimed: Claimed, now: datetime) -> Result:
    """A claim given back: nothing of it left us, so it is due at once and has spent nothing."""
    return Result(
        claimed=claimed,
        verdict="not_begun",
        to=DeliveryStatus.PENDING,
        reason=Reason.PLANNED,
        due_at=now,
        spends_attempt=False,
    )


def _result(
    claimed: Claimed,
    verdict: Verdict,
    policies: Policies,
    now: datetime,
    *,
    provider: str | None = None,
    content_digest: str = "",
    template_version: str | None = None,
) -> Result:
    standing = Standing(claimed.lane, claimed.tries - 1, claimed.deadline_at)
    retries = policies.retries[claimed.lane]
    transition = after(verdict, standing, retries, now, random.random)
    due_at = transition.due_at
    if transition.to is DeliveryStatus.UNCERTAIN:
        settle = policies.uncertain_after_seconds[claimed.channel]
        due_at = now + timedelta(seconds=settle)
    return Result(
        claimed=claimed,
        verdict=type(verdict).__name__.lower(),
        to=transition.to,
        reason=transition.reason,
        code=transition.code,
        provider=provider,
        reference=verdict.reference if isinstance(verdict, Accepted) else None,
        due_at=due_at,
        spends_attempt=transition.spends_attempt,
        content_digest=content_digest,
        template_version=template_version,
        advance=_advances(transition),
    )


def _advances(transition: Transition) -> bool:
    """Whether the rule's next step, or the message of a call not put through, goes out now."""
    return transition.advance or transition.to is DeliveryStatus.EXPIRED
