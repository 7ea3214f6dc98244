"""Given an event, a customer and the time: what is sent, where and when, and what is not?

Pure: the same arguments always give the same plan. Nothing is planned to anywhere but the
destinations that the customer's rules name and, in billing's own way, the invoice email.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from contracts.planning import Customer, LanePolicy, NonSend, Plan, PlannedDelivery, Routable
from contracts.rules import Rule
from contracts.vocabulary import Channel, Lane, Purpose, Reason
from workers.routing.case import Case
from workers.routing.facts import facts_of
from workers.routing.own_way import (
    next_policy_step,
    plan_billing,
    plan_offer,
    plan_policy_notice,
)
from workers.routing.post_items import Wish, plan_post, wish_of_rules
from workers.routing.sending import first_usable, sends_of, when_of


def plan(event: Routable, customer: Customer, now: datetime, policy: LanePolicy) -> Plan:
    """All that follows from an event for a customer; nothing for facts that nobody is told of.

    Whether the customer's service has started is intake's to ask: until then the event waits.
    """
    facts = facts_of(event)
    if facts is None:
        return Plan()
    case = Case(facts, customer, now, policy)
    match event.type:
        case "call.message_taken":
            return _plan_message(case)
        case "call.waiting":
            return _plan_call(case)
        case "post.received" | "post.scanned":
            return plan_post(case)
        case "policy.changed":
            return plan_policy_notice(case)
        case "offer.published":
            return plan_offer(case)
        case _:
            return plan_billing(case)


def plan_late_call(event: Routable, customer: Customer, now: datetime, policy: LanePolicy) -> Plan:
    """The message that tells of a call not put through, by the `call.message_taken` rules.

    For a `call.waiting` that came too late, or that nobody answered; whatever its fallback.
    """
    facts = facts_of(event)
    if facts is None or facts.lane is not Lane.LIVE:
        raise ValueError(f"no live call: {event.type}")
    return _plan_message(Case(facts, customer, now, policy).as_message())


def wish_for_item(
    event: Routable, customer: Customer, now: datetime, policy: LanePolicy
) -> Wish | None:
    """What the rules now in force want done with an item that an event told of before."""
    facts = facts_of(event)
    return None if facts is None else wish_of_rules(Case(facts, customer, now, policy))


def next_step(
    rule: Rule,
    after_step: int,
    event: Routable,
    customer: Customer,
    now: datetime,
    policy: LanePolicy,
    purpose: Purpose | None = None,
) -> PlannedDelivery | NonSend:
    """What the rule sends next when the step `after_step` did not reach the customer.

    Steps that cannot be used are passed over. Where none is left, the answer is why the last
    one tried cannot be used, or `NO_ADDRESS` where the rule has no further step. A live call
    past its `not_after` has no next step: it is for `plan_late_call`. ``purpose`` is that of the
    delivery that failed; it tells the message of a late call from the call itself.
    """
    facts = facts_of(event)
    if facts is None:
        raise ValueError(f"nothing is sent about {event.type}")
    if facts.lane is Lane.LIVE and purpose is Purpose.MESSAGES:
        facts = facts.as_message()
    case = Case(facts, customer, now, policy)
    nothing_left = NonSend(
        Reason.NO_ADDRESS, facts.purpose, rule.rule_id, customer.rules_version, after_step
    )
    if case.is_terminated:
        return replace(nothing_left, reason=Reason.SERVICE_TERMINATED)
    if facts.not_after is not None and facts.not_after <= now:
        return replace(nothing_left, reason=Reason.LATE_CALL, channel=Channel.CALL)
    if facts.lane is Lane.LIVE and rule.rings_all:
        return nothing_left  # they have all been rung
    sends = first_usable(rule, case, after_step + 1, Reason.NEXT_STEP)
    return next(iter(sends.deliveries + sends.non_sends[-1:]), nothing_left)


def next_policy_place(
    event: Routable,
    customer: Customer,
    now: datetime,
    policy: LanePolicy,
    after_step: int,
    tried: Collection[str],
) -> PlannedDelivery | NonSend:
    """Where the notice of a changed policy goes after it did not arrive at the places ``tried``."""
    facts = facts_of(event)
    if facts is None or facts.purpose is not Purpose.POLICY_NOTICE:
        raise ValueError(f"no policy notice: {event.type}")
    return next_policy_step(Case(facts, customer, now, policy), after_step, tried)


def _plan_message(case: Case) -> Plan:
    """By the customer's rules alone: the first that matches decides."""
    if case.is_terminated:
        return Plan(non_sends=(NonSend(Reason.SERVICE_TERMINATED, case.facts.purpose),))
    rule = case.rule()
    if rule is None:
        return Plan(non_sends=(NonSend(Reason.NO_RULE, case.facts.purpose),))
    if rule.sends_nothing:
        return Plan(non_sends=(_silent(rule, case, Reason.RULE_SENDS_NOTHING),))
    sends = sends_of(rule, case)
    return Plan(sends.deliveries, sends.non_sends)


def _plan_call(case: Case) -> Plan:
    """Put the caller through while that can be done; else tell of the call as a message."""
    rule = case.rule()
    refusal = _call_refusal(rule, case)
    if rule is None or refusal is not None:
        return _told_instead(case, (_silent(rule, case, refusal or Reason.NO_RULE),))
    sends = first_usable(rule, case, 0, Reason.PLANNED)
    if not sends.deliveries:
        return _told_instead(case, sends.non_sends)
    return Plan(sends.deliveries, sends.non_sends)


def _call_refusal(rule: Rule | None, case: Case) -> Reason | None:
    """Why the caller is not put through; a caller cannot wait for a window, a digest, a word."""
    if case.is_terminated:
        return Reason.SERVICE_TERMINATED
    if case.customer.restricted:  # the caller cannot wait until that is lifted
        return Reason.RESTRICTED
    if case.facts.not_after is None or case.facts.not_after <= case.now:
        return Reason.LATE_CALL
    if rule is None:
        return Reason.NO_RULE
    if rule.sends_nothing:
        return Reason.RULE_SENDS_NOTHING
    return when_of(rule, case).waits_for


def _told_instead(case: Case, not_put_through: tuple[NonSend, ...]) -> Plan:
    if case.is_terminated:
        return Plan(non_sends=not_put_through)
    told = _plan_message(case.as_message())
    return Plan(told.deliveries, not_put_through + told.non_sends)


def _silent(rule: Rule | None, case: Case, reason: Reason) -> NonSend:
    return NonSend(
        reason=reason,
        purpose=case.facts.purpose,
        rule_id=rule.rule_id if rule is not None else None,
        rule_version=case.customer.rules_version if rule is not None else None,
        channel=Channel.CALL if case.facts.purpose is Purpose.CALLS else None,
    )
