"""What does one step of a rule send, by which channel and when; or why does it send nothing?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.planning import Destination, NonSend, PlannedDelivery
from contracts.rule_words import Timing
from contracts.rules import Action, Digested, Rule, Step
from contracts.vocabulary import Channel, Content, DestinationKind, Lane, Mode, Reason
from workers.routing.case import Case
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


def sends_of(rule: Rule, case: Case) -> Sends:
    """What the rule sends at once: every step, or the first that can be used.

    A call is put through to one number at a time, so its rules count as `first`.
    """
    match mode_of(rule, case.facts):
        case Mode.ALL:
            return _every(rule, case)
        case Mode.FIRST:
            return first_usable(rule, case, 0, Reason.PLANNED)
        case Mode.ESCALATE:
            raise _unoffered("mode escalate")


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


def due_of(rule: Rule, case: Case) -> datetime:
    """When the rule's sends are first due: now, or when its window opens."""
    action = rule.action
    match action.timing:
        case Timing.NOW | Timing.NONE:
            return case.now
        case Timing.NEXT_WINDOW if case.breaks_through(rule):
            return case.now
        case Timing.NEXT_WINDOW if action.window is not None:
            return next_opening(action.window, case.now, case.tz, case.policy.is_bank_holiday)
        case Timing.NEXT_WINDOW:
            raise _unoffered("next_window without a window")
        case Timing.HOLD | Digested():
            raise _unoffered("timings hold and digest")


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
    due_at = due_of(rule, case)
    for number in range(start, len(steps)):
        step = steps[number]
        if step.destination not in seen:
            seen.add(step.destination)
            yield _outcome(rule, number, step, case, due_at, reason)


def _outcome(
    rule: Rule, number: int, step: Step, case: Case, due_at: datetime, reason: Reason
) -> PlannedDelivery | NonSend:
    facts, customer = case.facts, case.customer
    destination = customer.destinations.get(step.destination)
    channel = channel_to(destination, facts) if destination is not None else None
    refusal = refusal_of(destination)
    # A written send is held until its destination is verified; a caller cannot wait for that.
    held = refusal is Reason.DESTINATION_UNVERIFIED and channel not in {None, Channel.CALL}
    if destination is None or channel is None or (refusal is not None and not held):
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
    waits = due_at > case.now and reason is Reason.PLANNED
    return PlannedDelivery(
        channel=channel,
        destination_id=step.destination,
        destination_version=destination.version,
        rule_id=rule.rule_id,
        rule_version=customer.rules_version,
        step=number,
        mode=mode_of(rule, facts),
        content=content,
        lane=facts.lane,
        purpose=facts.purpose,
        due_at=due_at,
        deadline_at=case.deadline(due_at),
        attach=_attaches(rule.action, facts, channel, content),
        reason=_reason(reason, held=held, waits=waits),
    )


def _reason(reason: Reason, *, held: bool, waits: bool) -> Reason:
    if held:
        return Reason.DESTINATION_UNVERIFIED
    return Reason.WINDOW if waits else reason


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


def _attaches(action: Action, facts: Facts, channel: Channel, content: Content) -> bool:
    return (
        action.attach_scan
        and facts.has_document
        and channel is Channel.EMAIL
        and content is not Content.NOTICE
    )


def _unoffered(what: str) -> UnofferedError:
    return UnofferedError(f"not offered yet, and yet in force: {what}")
