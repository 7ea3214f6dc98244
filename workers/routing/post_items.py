"""What is the mailroom to do with an item, and what is the customer told of it?

An item is held wherever it is not certain that the customer wants something else done with it, and
whatever is never shredded is held, whoever asks.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.events.post import ItemInstructed
from contracts.planning import (
    Customer,
    Destination,
    LanePolicy,
    NonSend,
    Plan,
    PlannedDelivery,
    PostInstruction,
)
from contracts.rule_words import Matchable
from contracts.rules import Rule
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
from workers.routing.rounds import next_round
from workers.routing.schedules import zone
from workers.routing.sending import WRITTEN, Sends, refusal_of, sends_of

INSTRUCTED: Final = "@instructed"  # in place of a rule: the `@` keeps it apart from them
AT_ONCE: Final = "now"
NEVER_SHREDDED: Final = frozenset(
    {"cheque", "card", "identity_document", "legal", "official", "court"}
)
POST_DEADLINE: Final = timedelta(days=30)  # paper waits for a weekly round; a lane's hours are few

# What a customer is told of an item beside its arrival: the way's name, and how it is written.
ADDRESS_WAY: Final = "@item-address"
KEPT_WAY: Final = "@item-kept"
ASKED_WAY: Final = "@item-asked"
WRITTEN_AS: Final = {
    ADDRESS_WAY: "post.held_for_address",
    KEPT_WAY: "post.kept",
    ASKED_WAY: "post.asked",
}
_NO_ADDRESS: Final = frozenset(
    {
        Reason.NO_ADDRESS,
        Reason.DESTINATION_REMOVED,
        Reason.DESTINATION_UNFIT,
        Reason.DESTINATION_UNVERIFIED,
    }
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted done with an item, by whom, and on whose authority.

    ``kinds`` are what it holds and who sent it; ``never_shred`` more kinds to be kept. With
    ``may_shred`` it may be shredded once it has been held for long.
    """

    do: PostAction
    rule_id: str
    authority: str
    kinds: frozenset[str] = frozenset()
    never_shred: frozenset[str] = frozenset()
    postal_destination: str | None = None
    consolidate: str = AT_ONCE
    may_shred: bool = False

    @property
    def must_keep(self) -> bool:
        """Whether the item is of a kind that is not to be shredded."""
        return not self.kinds.isdisjoint(NEVER_SHREDDED | self.never_shred)


def plan_post(case: Case) -> Plan:
    """What follows from `post.received` or `post.scanned`, by the first rule that matches."""
    if case.is_terminated:
        return _held(case, Reason.SERVICE_TERMINATED)
    if case.customer.restricted:
        return _held(case, Reason.RESTRICTED)
    rule = case.rule()
    if rule is None:
        return _held(case, Reason.NO_RULE)
    post, letters = _by_rule(rule, case)
    told = _told(rule, post, case)
    why = told_why(post, case.customer, case.now, case.policy, _places_of(rule))
    return Plan(letters + told.deliveries + why, told.non_sends, post)


def wish_of_customer(told: ItemInstructed, item_id: str, kinds: frozenset[str]) -> Wish:
    """What `item.instructed` asks for one item: the customer's own word, above any rule."""
    return Wish(
        do=told.do,
        rule_id=f"{INSTRUCTED}/{item_id}",
        authority=f"customer, {told.told_us_by}",
        kinds=kinds,
        postal_destination=told.postal_destination,
        may_shred=bool(told.may_shred),
    )


def wish_of_rules(case: Case) -> Wish | None:
    """What the rules in force ask for an item; none where none of them matches it."""
    rule = case.rule()
    wish = _wish(rule, case) if rule is not None else None
    if wish is not None and wish.do is PostAction.SCAN and _is_scanned(case):
        return replace(wish, do=PostAction.HOLD)
    return wish


def by_customer(rule_id: str | None) -> bool:
    """Whether an instruction in force is the customer's own word on the item."""
    return rule_id is not None and rule_id.startswith(f"{INSTRUCTED}/")


def carry_out(
    wish: Wish, customer: Customer, now: datetime, policy: LanePolicy
) -> tuple[PostInstruction, tuple[PlannedDelivery, ...]]:
    """The instruction for a wish, and for one to forward the letter that is planned with it.

    Forwarding to an address that is not verified, or not there, becomes holding; so does shredding
    what must be kept.
    """
    if wish.do is PostAction.SHRED and wish.must_keep:
        return _instead(wish, Reason.MUST_BE_KEPT), ()
    if wish.do is not PostAction.FORWARD:
        return _instruction(wish, wish.do, Reason.PLANNED), ()
    place = wish.postal_destination
    destination = customer.destinations.get(place) if place is not None else None
    refusal = refusal_of(destination) if place is not None else Reason.NO_ADDRESS
    if destination is None or refusal is not None:
        return _instead(wish, refusal or Reason.NO_ADDRESS), ()
    if destination.kind is not DestinationKind.POSTAL:
        return _instead(wish, Reason.DESTINATION_UNFIT), ()
    tz = zone(customer.time_zone)
    due_at = now
    if wish.consolidate != AT_ONCE:
        due_at = next_round(wish.consolidate, policy.post_round, now, tz, policy.is_bank_holiday)
    instruction = PostInstruction(
        do=PostAction.FORWARD,
        why=Reason.PLANNED,
        rule_id=wish.rule_id,
        destination_id=destination.destination_id,
        consolidate=wish.consolidate,
        authority=wish.authority,
        until=None if due_at == now else due_at.astimezone(tz).date(),
        round_at=None if due_at == now else due_at,
    )
    return instruction, (_letter(wish, destination, customer, due_at),)


def told_why(
    post: PostInstruction,
    customer: Customer,
    now: datetime,
    policy: LanePolicy,
    places: Collection[str] = (),
) -> tuple[PlannedDelivery, ...]:
    """What tells a customer why their item is held instead of what they wanted done with it.

    To ``places`` where one of them can be written to, else to the first that their rules name.
    """
    if post.do is not PostAction.HOLD:
        return ()
    if post.why is Reason.MUST_BE_KEPT:
        return told_of_item(KEPT_WAY, customer, now, policy, places)
    if post.why in _NO_ADDRESS:
        return told_of_item(ADDRESS_WAY, customer, now, policy, places)
    return ()


def told_of_item(
    way: str,
    customer: Customer,
    now: datetime,
    policy: LanePolicy,
    places: Collection[str] = (),
) -> tuple[PlannedDelivery, ...]:
    """What tells a customer of an item in a way of our own, beside what their rules send."""
    usable = _usable(customer, places) or _usable(customer, _named(customer))[:1]
    return tuple(
        PlannedDelivery(
            channel=WRITTEN[destination.kind],
            destination_id=destination.destination_id,
            destination_version=destination.version,
            rule_id=way,
            rule_version=customer.rules_version,
            step=0,
            mode=Mode.ALL,
            content=Content.FULL,
            lane=Lane.ROUTINE,
            purpose=Purpose.POST,
            due_at=now,
            deadline_at=now + timedelta(seconds=policy.deadline(Lane.ROUTINE)),
            attach=False,
        )
        for destination in usable
    )


def _usable(customer: Customer, places: Iterable[str]) -> list[Destination]:
    """Those of some places that can be written to, emails first; never where only invoices go."""
    known = customer.destinations
    found = [known[name] for name in dict.fromkeys(places) if name in known]
    written = [
        one
        for one in found
        if one.verified and one.kind in WRITTEN and not one.destination_id.startswith("@")
    ]
    return sorted(written, key=lambda one: one.kind is not DestinationKind.EMAIL)


def _named(customer: Customer) -> tuple[str, ...]:
    """Where any of a customer's rules sends: nothing goes anywhere that they did not name."""
    if customer.rules is None:
        return ()
    return tuple(name for rule in customer.rules.rules for name in _places_of(rule))


def _places_of(rule: Rule) -> tuple[str, ...]:
    return tuple(step.destination for step in rule.action.steps)


def _by_rule(rule: Rule, case: Case) -> tuple[PostInstruction, tuple[PlannedDelivery, ...]]:
    wish = _wish(rule, case)
    if wish is None:
        return PostInstruction(PostAction.HOLD, Reason.NO_RULE, rule.rule_id), ()
    if wish.do is PostAction.SCAN and _is_scanned(case):
        return _instruction(wish, PostAction.HOLD, Reason.HELD), ()
    return carry_out(wish, case.customer, case.now, case.policy)


def _wish(rule: Rule, case: Case) -> Wish | None:
    wanted = rule.action.post
    if wanted is None:
        return None
    return Wish(
        do=wanted.do,
        rule_id=rule.rule_id,
        authority=f"rules version {case.customer.rules_version}, rule {rule.rule_id}",
        kinds=case.facts.kinds,
        never_shred=frozenset(wanted.never_shred),
        postal_destination=wanted.postal_destination,
        consolidate=wanted.consolidate,
        may_shred=wanted.may_shred,
    )


def _is_scanned(case: Case) -> bool:
    return case.facts.type == Matchable.POST_SCANNED


def _instruction(wish: Wish, do: PostAction, why: Reason) -> PostInstruction:
    return PostInstruction(
        do=do,
        why=why,
        rule_id=wish.rule_id,
        authority=wish.authority,
        may_shred=wish.may_shred and not wish.must_keep,
    )


def _instead(wish: Wish, why: Reason) -> PostInstruction:
    """Hold it, and remember what was wanted: it may become possible."""
    return PostInstruction(
        do=PostAction.HOLD,
        why=why,
        rule_id=wish.rule_id,
        destination_id=wish.postal_destination,
        consolidate=wish.consolidate,
        authority=wish.authority,
        may_shred=wish.may_shred and not wish.must_keep,
    )


def _letter(
    wish: Wish, destination: Destination, customer: Customer, due_at: datetime
) -> PlannedDelivery:
    return PlannedDelivery(
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
        due_at=due_at,
        deadline_at=due_at + POST_DEADLINE,
        attach=False,
    )


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


def _not_told(case: Case, reason: Reason, rule: Rule) -> NonSend:
    return NonSend(reason, case.facts.purpose, rule.rule_id, case.customer.rules_version)
