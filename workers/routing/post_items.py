"""What is the mailroom to do with an item, and what is the customer told of it?

An item is held wherever it is not certain that the customer wants something else done with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.events.post import ItemInstructed
from contracts.planning import Customer, NonSend, Plan, PlannedDelivery, PostInstruction
from contracts.rule_words import Matchable
from contracts.rules import PostRule, Rule
from contracts.vocabulary import (
    Channel,
    Content,
    DestinationKind,
    Lane,
    Mode,
    PostAction,
    Purpose,
    Reason,
)
from workers.routing.case import Case
from workers.routing.sending import Sends, refusal_of, sends_of

INSTRUCTED: Final = "@instructed"  # in place of a rule: the `@` keeps it apart from them
NEVER_SHREDDED: Final = frozenset(
    {"cheque", "card", "identity_document", "legal", "official", "court"}
)
POST_DEADLINE: Final = timedelta(days=30)  # paper waits for a weekly round; a lane's hours are few


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted done with items, by whom, and on whose authority."""

    do: PostAction
    rule_id: str
    authority: str
    postal_destination: str | None = None
    consolidate: str = "now"


def plan_post(case: Case) -> Plan:
    """What follows from `post.received` or `post.scanned`, by the first rule that matches."""
    if case.is_terminated:
        return _held(case, Reason.SERVICE_TERMINATED)
    rule = case.rule()
    if rule is None:
        return _held(case, Reason.NO_RULE)
    post, letters = _by_rule(rule, case)
    told = _told(rule, post, case)
    return Plan(letters + told.deliveries, told.non_sends, post)


def plan_instruction(told: ItemInstructed, customer: Customer, now: datetime) -> Plan:
    """What follows from `item.instructed`: the customer's own word on items, above any rule."""
    wish = Wish(
        do=told.do,
        rule_id=INSTRUCTED,
        authority=f"the customer's instruction, given by {told.told_us_by}",
        postal_destination=told.postal_destination,
    )
    post, letters = carry_out(wish, customer, now)
    return Plan(deliveries=letters, post=post)


def carry_out(
    wish: Wish, customer: Customer, now: datetime
) -> tuple[PostInstruction, tuple[PlannedDelivery, ...]]:
    """The instruction for a wish, and for one to forward the letter that is planned with it.

    Forwarding to an address that is not verified, or not there, becomes holding.
    """
    if wish.do is not PostAction.FORWARD:
        return PostInstruction(
            do=wish.do, why=Reason.PLANNED, rule_id=wish.rule_id, authority=wish.authority
        ), ()
    place = wish.postal_destination
    destination = customer.destinations.get(place) if place is not None else None
    refusal = refusal_of(destination) if place is not None else Reason.NO_ADDRESS
    if destination is None or refusal is not None:
        return _hold(wish, refusal or Reason.NO_ADDRESS), ()
    if destination.kind is not DestinationKind.POSTAL:
        return _hold(wish, Reason.DESTINATION_UNFIT), ()
    instruction = PostInstruction(
        do=PostAction.FORWARD,
        why=Reason.PLANNED,
        rule_id=wish.rule_id,
        destination_id=destination.destination_id,
        consolidate=wish.consolidate,
        authority=wish.authority,
    )
    letter = PlannedDelivery(
        channel=Channel.POST,
        destination_id=destination.destination_id,
        destination_version=destination.version,
        rule_id=wish.rule_id,
        rule_version=customer.rules_version,
        step=0,
        mode=Mode.ALL,
        content=Content.FULL,
        lane=Lane.ROUTINE,
        purpose=Purpose.POST,
        due_at=now,
        deadline_at=now + POST_DEADLINE,
        attach=False,
    )
    return instruction, (letter,)


def _by_rule(rule: Rule, case: Case) -> tuple[PostInstruction, tuple[PlannedDelivery, ...]]:
    wanted = rule.action.post
    authority = f"rules version {case.customer.rules_version}, rule {rule.rule_id}"
    if wanted is None:
        return PostInstruction(PostAction.HOLD, Reason.NO_RULE, rule.rule_id), ()
    wish = Wish(
        do=wanted.do,
        rule_id=rule.rule_id,
        authority=authority,
        postal_destination=wanted.postal_destination,
        consolidate=wanted.consolidate,
    )
    if _must_be_kept(wanted, case):
        return _hold(wish, Reason.HELD), ()
    return carry_out(wish, case.customer, case.now)


def _must_be_kept(wanted: PostRule, case: Case) -> bool:
    """Whether to hold instead: what must not be shredded, or has been scanned already."""
    if wanted.do is PostAction.SCAN:
        return case.facts.type == Matchable.POST_SCANNED
    kept = NEVER_SHREDDED.union(wanted.never_shred)
    about = {*case.facts.contains, case.facts.sender_class}
    return wanted.do is PostAction.SHRED and not kept.isdisjoint(about)


def _told(rule: Rule, post: PostInstruction, case: Case) -> Sends:
    """What the customer is told; of an item whose scan follows, only what a rule names."""
    scan_follows = (
        case.facts.type == Matchable.POST_RECEIVED
        and post.do is PostAction.SCAN
        and not rule.names(Matchable.POST_RECEIVED)
    )
    if scan_follows:
        return Sends(non_sends=(_not_told(case, Reason.SCAN_FOLLOWS, rule),))
    if rule.sends_nothing:
        return Sends(non_sends=(_not_told(case, Reason.RULE_SENDS_NOTHING, rule),))
    return sends_of(rule, case)


def _held(case: Case, why: Reason) -> Plan:
    return Plan(
        non_sends=(NonSend(why, case.facts.purpose),), post=PostInstruction(PostAction.HOLD, why)
    )


def _hold(wish: Wish, why: Reason) -> PostInstruction:
    return PostInstruction(do=PostAction.HOLD, why=why, rule_id=wish.rule_id)


def _not_told(case: Case, reason: Reason, rule: Rule) -> NonSend:
    return NonSend(reason, case.facts.purpose, rule.rule_id, case.customer.rules_version)
