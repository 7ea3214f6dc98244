"""What events about a customer's destinations and rules change, and how queued sends follow."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events import load_data
from contracts.events.wishes import (
    DestinationAdded,
    DestinationRemoved,
    DestinationVerified,
    PreferencesSet,
)
from contracts.planning import Customer, NonSend, PlannedDelivery, Routable
from contracts.rules import Callers, RuleSet
from contracts.tolls import SAYS, bar_on
from contracts.vocabulary import (
    Channel,
    DeliveryStatus,
    DestinationKind,
    ErrorCode,
    PostAction,
    Purpose,
    Reason,
    Settlement,
)
from store import inbox
from store.customers import changes as change
from store.customers.known import assigned
from store.deliveries import adding, ending, putting
from store.deliveries.adding import Due, Following
from store.office import items
from store.rights import contests
from workers.following_up import follow_up
from workers.instructing import Asked, hold, instruct, instruct_anew, wanted_before
from workers.intake.effects.scene import Effect, Scene, impossible, refused
from workers.intake.whose import Awaited, customer_name
from workers.routing.checks import check_rules, unknown_destinations
from workers.routing.planning import next_step, plan, plan_late_call

_TELEPHONES = frozenset({DestinationKind.MOBILE, DestinationKind.VOICE})
_FOR_WANT_OF_ADDRESS = frozenset({Reason.DESTINATION_UNVERIFIED, Reason.DESTINATION_REMOVED})


def destination_added(scene: Scene) -> Effect:
    """Add a destination; a new value for a known one holds what was on its way to the old.

    A number that would run up a bill is refused (toll fraud), and one that calls to us come by.
    """
    data = scene.data(DestinationAdded)
    unusable = _unusable(scene, data.value) if data.kind in _TELEPHONES else None
    if unusable is not None:
        return impossible("data.value", unusable, ErrorCode.INVALID)
    version = change.put_destination(
        scene.tx,
        scene.ref,
        data.destination_id,
        data.kind,
        data.value,
        label=data.label,
        person=data.person,
    )
    due: list[Due] = []
    if version > 1:
        _settle(scene, data.destination_id, Settlement.CORRECTED)
        due = _go_round(scene, data.destination_id)
        ending.hold(scene.tx, scene.ref, data.destination_id, version)
        due += _hold_items(scene, data.destination_id, Reason.DESTINATION_UNVERIFIED)
    return Effect(changed=(customer_name(scene.ref),), due=tuple(due))


def _unusable(scene: Scene, number: str) -> str | None:
    """Why a number cannot be a destination, and the mend; none where it can."""
    countries = scene.policies.countries
    bar = bar_on(number, countries)
    if bar is not None:
        allowed = ", ".join(sorted(countries))
        return f"{SAYS[bar]}: it is neither texted nor rung; give an ordinary number of {allowed}"
    if assigned(scene.tx, [number]):
        return (
            "is a number that we answer for a customer: what is put through to it would come back"
            " to us; give the number of the customer's own telephone"
        )
    return None


def destination_verified(scene: Scene) -> Effect:
    """Open a destination for sending, and let go what was held for it."""
    data = scene.data(DestinationVerified)
    known = scene.known.destinations.get(data.destination_id)
    if known is None:
        return _awaits_destination(scene)
    change.verify_destination(scene.tx, scene.ref, data.destination_id, data.how, data.verified_at)
    released = ending.release(scene.tx, scene.ref, data.destination_id, known.version)
    due = [Due(id_, channel, lane, scene.now) for id_, channel, lane in released]
    if known.kind is DestinationKind.POSTAL:
        due += _forward_items(scene, data.destination_id)
    return Effect(changed=(customer_name(scene.ref),), due=tuple(due))


def _settle(scene: Scene, destination_id: str, settled: Settlement) -> None:
    """End a contest about a destination: what was held for it follows what becomes of that."""
    contests.settle(scene.tx, scene.ref, destination_id, settled, scene.policies.lanes)


def _go_round(scene: Scene, destination_id: str) -> list[Due]:
    """Send on to the next step what would wait for a changed destination, where one can be used.

    As what comes in from now on: only where no step can be used is the verification waited for.
    """
    customer = scene.reread()
    waiting = {
        row["id"]: row
        for row in ending.unclaimed_of_customer(scene.tx, scene.ref, destination_id)
        if row["mode"].in_turn
        and row["rule_version"] == customer.rules_version
        and not row["gathers"]
        and row["held_at"] is None
    }
    events = {
        kept.id: Routable(kept.id, kept.type, kept.received_at, load_data(kept.type, kept.data))
        for kept in inbox.load(scene.tx, {row["event_id"] for row in waiting.values()})
    }
    passed = [
        row["id"]
        for row in waiting.values()
        if _can_be_passed_over(scene, customer, row, events.get(row["event_id"]))
    ]
    gone = ending.cancel(scene.tx, passed, Reason.DESTINATION_CHANGED)
    return follow_up(scene.tx, scene.readings, scene.policies.lanes, gone)


def _can_be_passed_over(
    scene: Scene, customer: Customer, row: Mapping[str, Any], event: Routable | None
) -> bool:
    rule = customer.rules.rule(row["rule_id"]) if customer.rules is not None else None
    if rule is None or event is None:
        return False
    lanes = scene.policies.lanes
    found = next_step(rule, row["step"], event, customer, scene.now, lanes, row["purpose"])
    usable = isinstance(found, PlannedDelivery)
    return usable and found.reason is not Reason.DESTINATION_UNVERIFIED


def _hold_items(scene: Scene, destination_id: str, why: Reason) -> list[Due]:
    """Have the mailroom hold what was to go to an address that is not to be used now."""
    going = [
        item
        for item in items.open_of_customer(scene.tx, scene.ref, destination_id)
        if item.do is PostAction.FORWARD
    ]
    return hold(scene.tx, scene.reread(), scene.policies.lanes, scene.event.id, going, why)


def _forward_items(scene: Scene, destination_id: str) -> list[Due]:
    """Send on after all what was held because its address was not to be used."""
    held = [
        Asked(item, wanted_before(item))
        for item in items.open_of_customer(scene.tx, scene.ref, destination_id)
        if item.do is PostAction.HOLD and item.why in _FOR_WANT_OF_ADDRESS
    ]
    return instruct(scene.tx, scene.reread(), scene.policies.lanes, scene.event.id, held)


def destination_removed(scene: Scene) -> Effect:
    """Take a destination out of use: what is unsent to it goes to the rule's next step."""
    data = scene.data(DestinationRemoved)
    if data.destination_id not in scene.known.destinations:
        return _awaits_destination(scene)
    change.remove_destination(scene.tx, scene.ref, data.destination_id)
    _settle(scene, data.destination_id, Settlement.REMOVED)
    unsent = ending.unclaimed_of_customer(scene.tx, scene.ref, data.destination_id)
    gone = ending.cancel(scene.tx, [row["id"] for row in unsent], Reason.DESTINATION_REMOVED)
    due = follow_up(scene.tx, scene.readings, scene.policies.lanes, gone)
    due += _hold_items(scene, data.destination_id, Reason.DESTINATION_REMOVED)
    return Effect(changed=(customer_name(scene.ref),), due=tuple(due))


def preferences_set(scene: Scene) -> Effect:
    """Put new rules in force and plan anew what no worker has begun to send."""
    data = scene.data(PreferencesSet)
    customer = scene.known
    if data.based_on_version is not None and data.based_on_version != customer.rules_version:
        return impossible(
            "data.based_on_version",
            f"is not the version in force, which is {customer.rules_version};"
            " read the rules again and send the change once more",
            ErrorCode.STALE_VERSION,
        )
    callers = data.callers or Callers()
    problems = check_rules(data.rules, callers, customer, scene.policies.lanes)
    if problems:
        return refused(problems)
    if unknown_destinations(data.rules, customer.destinations):
        return _awaits_destination(scene)
    rules = RuleSet(version=customer.rules_version + 1, rules=data.rules, callers=callers)
    change.set_rules(scene.tx, scene.ref, rules, told_us_by=data.told_us_by, set_by=data.set_by)
    due = _plan_anew(scene)
    due += instruct_anew(scene.tx, scene.reread(), scene.policies.lanes, scene.event.id)
    return Effect(
        changed=(customer_name(scene.ref),),
        due=tuple(due),
        facts=(("rules_version", rules.version),),
    )


def _plan_anew(scene: Scene) -> list[Due]:
    """Cancel what was planned under the old rules and is unclaimed; plan it under the new.

    What a digest has gathered still goes out as it was planned.
    """
    customer = scene.reread()
    unsent = [
        row
        for row in ending.unclaimed_of_customer(scene.tx, scene.ref)
        if row["channel"] is not Channel.POST
        and not row["rule_id"].startswith("@")
        and row["attempts"] == 0
        and not row["gathers"]
    ]
    gone = ending.cancel(scene.tx, [row["id"] for row in unsent], Reason.RULES_CHANGED)
    due: list[Due] = []
    for kept in inbox.load(scene.tx, {row["event_id"] for row in gone}):
        tried = {
            (row["channel"], row["destination_id"])
            for row in ending.of_event(scene.tx, kept.id)
            if row["status"] is not DeliveryStatus.CANCELLED
        }
        before = [row for row in gone if row["event_id"] == kept.id]
        due += _replan(scene, customer, kept, tried, before)
    return due


def _replan(
    scene: Scene,
    customer: Customer,
    kept: inbox.Kept,
    tried: set[tuple[Channel, str]],
    before: Sequence[Mapping[str, Any]],
) -> list[Due]:
    event = Routable(kept.id, kept.type, kept.received_at, load_data(kept.type, kept.data))
    # A call that was told of as a message is not dialled after all.
    was_call = any(row["purpose"] is Purpose.CALLS for row in before)
    told = kept.type == "call.waiting" and not was_call
    found = (plan_late_call if told else plan)(event, customer, scene.now, scene.policies.lanes)
    again = any(row["follows_up"] for row in before)
    after = Following(kept.id, kept.publisher, scene.ref, kept.service, again)
    going = [
        _untried(scene, customer, event, delivery, tried)
        for delivery in found.deliveries
        if delivery.channel is not Channel.POST and not delivery.rule_id.startswith("@")
    ]
    non_sends = [*found.non_sends, *(each for each in going if isinstance(each, NonSend))]
    adding.add_non_sends(scene.tx, after, non_sends)
    planned = [each for each in going if isinstance(each, PlannedDelivery)]
    return list(putting.put(scene.tx, after, planned).due)


def _untried(
    scene: Scene,
    customer: Customer,
    event: Routable,
    delivery: PlannedDelivery,
    tried: set[tuple[Channel, str]],
) -> PlannedDelivery | NonSend | None:
    """A delivery that is not on its way yet; of steps in turn, the first that is not."""
    found: PlannedDelivery | NonSend = delivery
    while isinstance(found, PlannedDelivery) and (found.channel, found.destination_id) in tried:
        rule = customer.rules.rule(found.rule_id) if customer.rules is not None else None
        if rule is None or not found.mode.in_turn:
            return None
        lanes = scene.policies.lanes
        found = next_step(rule, found.step, event, customer, scene.now, lanes, found.purpose)
    return found


def _awaits_destination(scene: Scene) -> Effect:
    # A destination is part of its customer's record: whatever changes there is looked at again.
    return Effect(awaits=Awaited("destination", customer_name(scene.ref)))
