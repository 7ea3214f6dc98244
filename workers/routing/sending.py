"""What does one step of a rule send, by which channel and when; or why does it send nothing?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.planning import Destination, DigestTimes, NonSend, PlannedDelivery
from contracts.rule_words import Acknowledge, Timing
from contracts.rules import Action, Digested, Rule, Step
from contracts.vocabulary import Channel, Content, DestinationKind, Lane, Mode, Reason
from workers.routing.case import Case
from workers.routing.digests import digest_times
from workers.routing.facts import Facts
from workers.routing.schedules import next_opening

WRITTEN: Final = {DestinationKind.MOBILE: Channel.SMS, DestinationKind.EMAIL: Channel.EMAIL}
SPOKEN: Final = {DestinationKind.MOBILE: Channel.CALL, DestinationKind.VOICE: Channel.CALL}


class UnofferedError(ValueError):
    """A rule in force asks for what is not offered: `check_rules` was not asked, or is wrong."""


@dataclass(frozen=True, slots=True)
class Sends:
    """What came of the steps of a rule."""

    deliveries: tuple[PlannedDelivery, ...] = ()
    non_sends: tuple[NonSend, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """When something is first due, and what it waits for until then, if for anything.

    What is `held` is due when it is asked for.
    """

    due_at: datetime
    waits_for: Reason | None = None
    digest: DigestTimes | None = None

    @property
    def held(self) -> bool:
        """Whether nothing but the customer's word, or an operator's, makes it due."""
        return self.waits_for is Reason.HELD


def sends_of(rule: Rule, case: Case) -> Sends:
    """What the rule sends at once: every step, or the first that can be used.

    A call is put through to one number at a time, so its rules count as `first`.
    """
    match mode_of(rule, case.facts):
        case Mode.ALL:
            return _every(rule, case)
        case Mode.FIRST | Mode.ESCALATE:
            return first_usable(rule, case, 0, Reason.PLANNED)


def first_usable(rule: Rule, case: Case, start: int, reason: Reason) -> Sends:
    """The first step from `start` on that can be used, and why those before it cannot.

    Where none can be used at once, the first that waits for its destination's verification.
    """
    skipped: list[NonSend] = []
    held: PlannedDelivery | None = None
    for outcome in _outcomes(rule, case, start, reason):
        match outcome:
            case PlannedDelivery(reason=Reason.DESTINATION_UNVERIFIED):
                held = held or outcome
                skipped.append(_passed_over(outcome))
            case PlannedDelivery():
                return Sends((outcome,), tuple(skipped))
            case NonSend():
                skipped.append(outcome)
    if held is None:
        return Sends((), tuple(skipped))
    return Sends((held,), tuple(n for n in skipped if n.step != held.step))


def mode_of(rule: Rule, facts: Facts) -> Mode:
    """How the rule's steps go together for this event."""
    return Mode.FIRST if facts.lane is Lane.LIVE else rule.action.mode


def when_of(rule: Rule, case: Case, reason: Reason = Reason.PLANNED) -> When:
    """When what a rule sends is due.

    A later step goes out at once where an earlier one was gathered, or held and then asked for;
    the rule's window binds it like the first. What is urgent waits in no digest, unless the rule
    is for urgent messages alone and so says it.
    """
    timing = rule.action.timing
    match timing:
        case Timing.NOW | Timing.NONE:
            return When(case.now)
        case Timing.NEXT_WINDOW | Digested() if case.breaks_through(rule):
            return When(case.now)
        case Timing.NEXT_WINDOW if rule.action.window is not None:
            opens = next_opening(rule.action.window, case.now, case.tz, case.policy.is_bank_holiday)
            return When(opens, Reason.WINDOW if opens > case.now else None)
        case Timing.NEXT_WINDOW:
            raise UnofferedError("a rule in force has timing next_window and no window")
        case _ if reason is not Reason.PLANNED:
            return When(case.now)
        case Timing.HOLD:
            return When(case.now, Reason.HELD)
        case Digested(digest=digest):
            times = digest_times(digest, case.now, case.tz)
            return When(times.at, Reason.DIGEST, times)


def refusal_of(destination: Destination | None) -> Reason | None:
    """Why this destination cannot be used, whatever the channel."""
    if destination is None:
        return Reason.DESTINATION_REMOVED
    return None if destination.verified else Reason.DESTINATION_UNVERIFIED


def _every(rule: Rule, case: Case) -> Sends:
    outcomes = tuple(_outcomes(rule, case, 0, Reason.PLANNED))
    return Sends(
        tuple(outcome for outcome in outcomes if isinstance(outcome, PlannedDelivery)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, NonSend)),
    )


def _outcomes(
    rule: Rule, case: Case, start: int, reason: Reason
) -> Iterator[PlannedDelivery | NonSend]:
    """Each step's outcome in turn; a destination named again counts once."""
    steps = rule.action.steps
    seen = {step.destination for step in steps[:start]}
    when = when_of(rule, case, reason)
    for number in range(start, len(steps)):
        step = steps[number]
        if step.destination not in seen:
            seen.add(step.destination)
            yield _outcome(rule, number, step, case, when, reason)


def _outcome(
    rule: Rule, number: int, step: Step, case: Case, when: When, reason: Reason
) -> PlannedDelivery | NonSend:
    facts, customer = case.facts, case.customer
    destination = customer.destinations.get(step.destination)
    channel = channel_to(destination, facts) if destination is not None else None
    refusal = refusal_of(destination)
    # A written send is kept until its destination is verified; a caller cannot wait for that.
    unverified = refusal is Reason.DESTINATION_UNVERIFIED and channel not in {None, Channel.CALL}
    if destination is None or channel is None or (refusal is not None and not unverified):
        return NonSend(
            reason=refusal or Reason.DESTINATION_UNFIT,
            purpose=facts.purpose,
            rule_id=rule.rule_id,
            rule_version=customer.rules_version,
            step=number,
            channel=channel,
            destination_id=step.destination,
        )
    content = Content.NOTICE if facts.is_billing else rule.action.content
    mode = mode_of(rule, facts)
    acknowledge = step.acknowledge if mode is Mode.ESCALATE else Acknowledge.NONE
    return PlannedDelivery(
        channel=channel,
        destination_id=step.destination,
        destination_version=destination.version,
        rule_id=rule.rule_id,
        rule_version=customer.rules_version,
        step=number,
        mode=mode,
        content=content,
        lane=facts.lane,
        purpose=facts.purpose,
        due_at=when.due_at,
        deadline_at=case.deadline(when.due_at),
        attach=_attaches(rule.action, facts, when, channel, content),
        reason=_reason(reason, when, unverified=unverified),
        wait=_wait(step, mode, acknowledge, case),
        acknowledge=acknowledge,
        most_attempts=step.attempts,
        digest=when.digest,
        held=when.held,
    )


def _reason(reason: Reason, when: When, *, unverified: bool) -> Reason:
    if unverified:
        return Reason.DESTINATION_UNVERIFIED
    if reason is Reason.PLANNED and when.waits_for is not None:
        return when.waits_for
    return reason


def _wait(step: Step, mode: Mode, acknowledge: Acknowledge, case: Case) -> timedelta | None:
    """How long a step is given before the next goes out although nothing is known for certain."""
    lane = case.facts.lane
    if mode is Mode.ALL or (mode is Mode.FIRST and lane not in {Lane.LIVE, Lane.URGENT}):
        return None
    return step.wait or case.policy.wait(lane, acknowledge)


def _passed_over(held: PlannedDelivery) -> NonSend:
    return NonSend(
        reason=held.reason,
        purpose=held.purpose,
        rule_id=held.rule_id,
        rule_version=held.rule_version,
        step=held.step,
        channel=held.channel,
        destination_id=held.destination_id,
    )


def channel_to(destination: Destination, facts: Facts) -> Channel | None:
    """By which channel this event can reach the destination, if any can."""
    channels = SPOKEN if facts.lane is Lane.LIVE else WRITTEN
    return channels.get(destination.kind)


def _attaches(action: Action, facts: Facts, when: When, channel: Channel, content: Content) -> bool:
    """Whether documents go along; what is gathered later may have one, if this has none."""
    return (
        action.attach_scan
        and (facts.has_document or when.digest is not None)
        and channel is Channel.EMAIL
        and content is not Content.NOTICE
    )
