"""What does an answer make of the delivery it is about? The provider's, or none at all."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.policies import Policies
from contracts.vocabulary import DeliveryStatus, Reason
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result
from workers.dispatch.preparing import Ready, Unsendable
from workers.providers.base import Accepted, Deferred, Rejected, Verdict
from workers.routing.following import Standing, Transition, after

_MAY_COME = frozenset({"missing", "unreachable"})


@dataclass(frozen=True, slots=True)
class Content:
    """What the record keeps of what was sent; an empty digest where nobody knows."""

    digest: str = ""
    template_version: str | None = None
    segments: int | None = None


def of_verdict(
    ready: Ready, verdict: Verdict, provider: str, policies: Policies, now: datetime
) -> Result:
    """What the provider's verdict makes of a delivery that was sent, or tried."""
    content = Content(ready.content_digest, ready.template_version, ready.segments)
    return _result(ready.claimed, verdict, policies, now, provider=provider, content=content)


def of_journalled(
    claimed: Claimed,
    verdict: Verdict,
    provider: str,
    policies: Policies,
    now: datetime,
    content: Content,
) -> Result:
    """What a verdict makes of a delivery whose worker died before it could record it."""
    return _result(claimed, verdict, policies, now, provider=provider, content=content)


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
    content: Content = Content(),
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
        content_digest=content.digest,
        template_version=content.template_version,
        segments=content.segments,
        advance=_advances(transition),
    )


def _advances(transition: Transition) -> bool:
    """Whether the rule's next step, or the message of a call not put through, goes out now."""
    return transition.advance or transition.to is DeliveryStatus.EXPIRED
