"""What does an answer make of the delivery it is about? The provider's, or none at all."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.policies import Policies
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result
from workers.dispatch.batch import Made
from workers.dispatch.preparing import Overfull, Unsendable
from workers.providers.base import Accepted, Deferred, Rejected, Verdict
from workers.providers.smtp_replies import DEAD_ADDRESS, Stage
from workers.routing.following import Standing, Transition, after

_HELD = frozenset({Reason.UNUSABLE_DOCUMENT, Reason.TEMPLATE_FAILED})
_DOCUMENT_SECONDS = 3600
_MAY_COME = frozenset({"missing", "unreachable"})


@dataclass(frozen=True, slots=True)
class Content:
    """What the record keeps of what was sent; an empty digest where nobody knows."""

    digest: str = ""
    template_version: str | None = None
    segments: int | None = None


def of_verdict(
    sent: Made, verdict: Verdict, provider: str, policies: Policies, now: datetime
) -> Result:
    """What the provider's verdict makes of a delivery that was sent, or tried."""
    content = Content(sent.content_digest, sent.template_version, sent.segments)
    return _result(sent.claimed, verdict, policies, now, provider=provider, content=content)


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

    A document that is not here yet may still come, and is waited for a while, which its customer
    can bear; anything else is for an operator. What is held back for its document is sent without
    it (``withholding``); for what no template could make, the rule goes on to its next step.
    """
    if one.reason is Reason.UNUSABLE_DOCUMENT and one.code in _MAY_COME:
        waited = _result(one.claimed, Deferred(one.reason, one.code), policies, now)
        if waited.to is DeliveryStatus.PENDING and now - one.claimed.first_due_at < _wait(policies):
            return waited
    if one.reason not in _HELD:
        return _result(one.claimed, Rejected(one.reason, one.code), policies, now)
    return Result(
        claimed=one.claimed,
        verdict="rejected",
        to=DeliveryStatus.PARKED,
        reason=one.reason,
        code=one.code,
        advance=one.reason is Reason.TEMPLATE_FAILED,
    )


def of_overfull(one: Overfull, now: datetime) -> Result:
    """A digest given back, to go without what is sent by itself: it has spent nothing."""
    return replace(of_not_begun(one.claimed, now), verdict="overfull", apart=one.event_ids)


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


def _wait(policies: Policies) -> timedelta:
    return timedelta(seconds=_DOCUMENT_SECONDS * policies.scale)


def says_dead(result: Result) -> bool:
    """Whether a mail server refused the address itself, and in so many words.

    A refusal without them may be about us, and would bar everyone's address.
    """
    stage, _, said = (result.code or "").partition(" ")
    return (
        result.claimed.channel is Channel.EMAIL
        and bool(result.claimed.value_index)
        and result.reason is Reason.INVALID_DESTINATION
        and stage == Stage.RCPT
        and said.rpartition(" ")[2] in DEAD_ADDRESS
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
    standing = Standing(claimed.lane, claimed.tries - 1, claimed.deadline_at, claimed.most_attempts)
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
