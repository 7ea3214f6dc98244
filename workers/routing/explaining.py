"""What would be sent on an event, and why; and what would not, and what stops it?

Pure, and no planner of its own: the plan is the real one (`workers.routing.planning`), and beside
it stands how the rules were gone through to come to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from contracts.planning import (
    Customer,
    LanePolicy,
    NonSend,
    Plan,
    PlannedDelivery,
    PostInstruction,
    Routable,
)
from contracts.rule_words import Timing
from contracts.rules import RuleSet
from contracts.vocabulary import Channel, Lane, Mode, Purpose, Reason
from workers.routing.case import Case
from workers.routing.facts import facts_of
from workers.routing.matching import MATCHABLE, Condition, first_unmet
from workers.routing.own_way import BILLING_WAY, OFFERS_WAY, POLICY_WAY
from workers.routing.planning import next_step, plan
from workers.routing.sending import SPOKEN, refusal_of
from workers.routing.services import awaited, is_served

# By destination and purpose: what a send there would be stopped for when it is taken up.
Barred = Mapping[tuple[str, Purpose], Reason]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that did not match, and its first condition that the event does not meet."""

    rule_id: str
    unmet: Condition


@dataclass(frozen=True, slots=True)
class Search:
    """How the rules were gone through for one type; ``matched`` is the rule that won."""

    event_type: str
    passed: tuple[PassedOver, ...]
    matched: str | None


@dataclass(frozen=True, slots=True)
class Send:
    """One planned delivery, where it goes, and what would go out if it did not reach.

    ``together`` are the other numbers that ring with it. ``barred`` says what would stop it when a
    worker takes it up: a STOP, a dead address.
    """

    delivery: PlannedDelivery
    masked: str
    together: tuple[str, ...]
    why: str
    barred: Reason | None
    then: tuple["Send", ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """One thing that is not sent, and what stopped it."""

    non_send: NonSend
    masked: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that follows from an event for a customer at an instant, and why.

    ``plan`` is what the planner gave, of which ``sends`` and ``withheld`` tell. ``waits_for`` is
    what must appear before the event is planned at all: what is told is as if it were there. A
    call that goes ``back_to_the_agent`` has no plan.
    """

    customer_ref: str
    event_type: str
    at: datetime
    rules_version: int
    waits_for: str | None
    back_to_the_agent: bool
    searches: tuple[Search, ...]
    plan: Plan
    sends: tuple[Send, ...]
    withheld: tuple[Withheld, ...]
    post: PostInstruction | None


def explain(
    event: Routable,
    customer: Customer,
    now: datetime,
    policy: LanePolicy,
    barred: Barred = MappingProxyType({}),
) -> Explanation:
    """What would be sent on this event to this customer at this instant, and why."""
    unserved_call = event.type == "call.waiting" and not is_served(event.type, customer)
    found = Plan() if unserved_call else plan(event, customer, now, policy)
    asking = _Asking(event, customer, now, policy, barred)
    return Explanation(
        customer_ref=customer.ref,
        event_type=event.type,
        at=now,
        rules_version=customer.rules_version,
        waits_for=awaited(event.type, customer),
        back_to_the_agent=unserved_call,
        searches=() if unserved_call else tuple(_searches(event, customer, now, policy, found)),
        plan=found,
        sends=tuple(asking.send(delivery) for delivery in found.deliveries),
        withheld=tuple(asking.withheld(non_send) for non_send in found.non_sends),
        post=found.post,
    )


def why(reason: Reason) -> str:
    """What a reason of the planner's means, in a sentence's end."""
    return _WHY.get(reason, reason.replace("_", " "))


@dataclass(frozen=True, slots=True)
class _Asking:
    """What one explanation was asked of."""

    event: Routable
    customer: Customer
    now: datetime
    policy: LanePolicy
    barred: Barred

    def send(self, delivery: PlannedDelivery) -> Send:
        return Send(
            delivery=delivery,
            masked=self._masked(delivery.destination_id) or "",
            together=tuple(self._together(delivery)),
            why=self._why(delivery),
            barred=self.barred.get((delivery.destination_id, delivery.purpose)),
            then=tuple(self.send(after) for after in self._next(delivery)),
        )

    def _why(self, delivery: PlannedDelivery) -> str:
        rules, facts = self.customer.rules, facts_of(self.event)
        rule = rules.rule(delivery.rule_id) if rules is not None else None
        if rule is None or facts is None or delivery.reason is not Reason.PLANNED:
            return _OWN_WAYS.get(delivery.rule_id, why(delivery.reason))
        case = Case(facts, self.customer, self.now, self.policy)
        put_off = rule.action.timing not in {Timing.NOW, Timing.HOLD}
        return _BREAKS_THROUGH if put_off and case.breaks_through(rule) else why(delivery.reason)

    def withheld(self, non_send: NonSend) -> Withheld:
        return Withheld(non_send, self._masked(non_send.destination_id), why(non_send.reason))

    def _masked(self, destination_id: str | None) -> str | None:
        found = self.customer.destinations.get(destination_id or "")
        return None if found is None else found.masked

    def _together(self, delivery: PlannedDelivery) -> Iterator[str]:
        """The other numbers of a rule whose numbers all ring at the same time."""
        rules = self.customer.rules
        rule = rules.rule(delivery.rule_id) if rules is not None else None
        if rule is None or delivery.channel is not Channel.CALL or not rule.rings_all:
            return
        for name in dict.fromkeys(step.destination for step in rule.action.steps):
            found = self.customer.destinations.get(name)
            usable = found is not None and found.kind in SPOKEN and refusal_of(found) is None
            if found is not None and usable and name != delivery.destination_id:
                yield found.masked

    def _next(self, delivery: PlannedDelivery) -> Iterator[PlannedDelivery]:
        """The rule's next step, where its steps go out in turn."""
        rules = self.customer.rules
        rule = rules.rule(delivery.rule_id) if rules is not None else None
        if rule is None or delivery.mode is Mode.ALL:
            return
        found = next_step(
            rule,
            delivery.step,
            self.event,
            self.customer,
            self.now,
            self.policy,
            delivery.purpose,
        )
        if isinstance(found, PlannedDelivery):
            yield found


def _searches(
    event: Routable, customer: Customer, now: datetime, policy: LanePolicy, found: Plan
) -> Iterator[Search]:
    """A search for each time that the planner looked: a call that is told of has two."""
    facts = facts_of(event)
    if facts is None or facts.matched_as not in MATCHABLE:
        return
    case = Case(facts, customer, now, policy)
    if case.is_terminated and facts.lane is not Lane.LIVE:
        return  # what has ended asks no rules; a call's are asked first
    yield _search(case)
    told = found.deliveries + found.non_sends
    if facts.lane is Lane.LIVE and any(each.purpose is Purpose.MESSAGES for each in told):
        yield _search(case.as_message())


def _search(case: Case) -> Search:
    passed: list[PassedOver] = []
    rules = case.customer.rules or RuleSet(version=0)
    for rule in rules.rules:
        unmet = first_unmet(rule, rules.callers, case.facts, case.moment)
        if unmet is None:
            return Search(case.facts.type, tuple(passed), rule.rule_id)
        passed.append(PassedOver(rule.rule_id, unmet))
    return Search(case.facts.type, tuple(passed), None)


_BREAKS_THROUGH = "urgent: it waits for no hour but by a rule that is for urgent messages alone"
_OWN_WAYS: Mapping[str, str] = MappingProxyType(
    {
        BILLING_WAY: "what concerns money goes to the invoice email, whatever the rules say",
        POLICY_WAY: "a changed policy goes to every customer, whatever the rules say",
        OFFERS_WAY: "the customer agreed to offers by email",
    }
)
_WHY: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.PLANNED: "as the rule says",
        Reason.WINDOW: "waits for the rule's window to open",
        Reason.DIGEST: "waits for its digest, and goes out with what else is gathered for it",
        Reason.NEXT_STEP: "goes out if the step before it does not reach",
        Reason.NO_RULE: "no rule matches",
        Reason.RULE_SENDS_NOTHING: "the rule says to send nothing",
        Reason.HELD: "kept until the customer asks for it",
        Reason.SCAN_FOLLOWS: "the scan of this item will be sent instead",
        Reason.NO_CONSENT: "offers go only to those who agreed to them (the policy, and the law)",
        Reason.OPTED_OUT: "who used it asked for no more",
        Reason.BOUNCED: "its mail server says that there is no such address",
        Reason.SERVICE_TERMINATED: "the service has ended: only the final account goes out",
        Reason.RESTRICTED: "they asked that nothing be done with what we hold of them",
        Reason.NO_ADDRESS: "the customer specified no address for it",
        Reason.DESTINATION_REMOVED: "the customer removed this destination",
        Reason.DESTINATION_UNVERIFIED: "kept until the destination is verified",
        Reason.DESTINATION_CONTESTED: "the customer says that it is wrong: kept until settled",
        Reason.DESTINATION_UNFIT: "the destination is of a kind that cannot carry it",
        Reason.LATE_CALL: "the caller could wait no longer: such a call is never dialled",
        Reason.DEADLINE: "it is over",
    }
)
