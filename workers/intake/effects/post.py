"""What events about post items change: instructions, dispatches, disposals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from contracts.events.post import (
    ItemInstructed,
    PostDispatched,
    PostDisposed,
    PostReceived,
    PostScanned,
)
from contracts.planning import Plan
from contracts.vocabulary import (
    Channel,
    Contradiction,
    Custody,
    DeliveryStatus,
    Lane,
    PostAction,
    Purpose,
    Reason,
)
from store.customers.known import reach
from store.deliveries import ending
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.office import contradictions, custody, items
from store.office.custody import Line
from store.office.items import Arrival, Item
from store.record import ledger
from store.record.ledger import NOWHERE, Entry, Where
from workers.instructing import Asked, call_off, instruct
from workers.intake.effects.scene import Effect, Scene, impossible
from workers.intake.submission import Incoming
from workers.intake.whose import Awaited, item_name
from workers.routing.post_items import NEVER_SHREDDED, WRITTEN_AS, by_customer, wish_of_customer
from workers.routing.services import post_service

MAILROOM: Final = "mailroom"
_FOR = {
    "returned": PostAction.RETURN,
    "collected": PostAction.COLLECT,
    "shredded": PostAction.SHRED,
}
_AGAINST = {
    "returned": Contradiction.NOT_TO_BE_RETURNED,
    "collected": Contradiction.NOT_TO_BE_COLLECTED,
    "shredded": Contradiction.NOT_TO_BE_SHREDDED,
}


def arrived(tx: Transaction, event: Incoming) -> bool:
    """Note that an item is here, or was scanned, whosever it is; give whether it is new."""
    if not isinstance(event.data, PostReceived):
        raise TypeError(f"{event.type} tells of no item that is here")
    data = event.data
    arrival = Arrival(data.item_id, data.class_, data.kinds, data.received_at, event.id)
    is_new = items.arrived(tx, arrival)
    lines = [
        Line(item_id=data.item_id, at=data.received_at, what=Custody.RECEIVED, event_id=event.id)
    ] * is_new
    if isinstance(data, PostScanned):
        lines.append(
            Line(
                item_id=data.item_id,
                at=event.received_at,
                what=Custody.SCANNED,
                event_id=event.id,
                by=data.opened_by,
                authority=data.open_authority,
            )
        )
    custody.add(tx, None, lines)
    return is_new


def beside_what_stands(tx: Transaction, event: Incoming, plan: Plan) -> Plan:
    """What is left of an arrival's plan beside what is to be done with its item already.

    What the customer said of the item stands above the rules until it is done; what has left us
    is instructed no more; and what is on its way to the same place stays so.
    """
    if plan.post is None or not isinstance(event.data, PostReceived):
        return plan
    item = items.find(tx, [event.data.item_id]).get(event.data.item_id)
    if item is None or item.revision == 0:
        return plan
    stands = item.done_at is not None or (
        by_customer(item.rule_id) and item.do is not PostAction.SCAN
    )
    wanted = plan.post
    same = (wanted.do, wanted.destination_id) == (item.do, item.destination_id)
    if stands or (same and wanted.do is PostAction.FORWARD):
        told = tuple(
            one
            for one in plan.deliveries
            if one.channel is not Channel.POST and one.rule_id not in WRITTEN_AS
        )
        return replace(plan, deliveries=told, post=None)
    call_off(tx, item, Reason.REPLACED)
    return plan


def instructed(scene: Scene) -> Effect:
    """Carry out what a customer said about single items, over what the rules say."""
    data = scene.data(ItemInstructed)
    known = _items(scene, data.items)
    if isinstance(known, Effect):
        return known
    gone = [item_id for item_id, item in known.items() if item.done_at is not None]
    if gone:
        return impossible("data.items", "names an item that has left us; ask onward item for it")
    asked = []
    for item_id in data.items:
        item = known[item_id]
        wish = wish_of_customer(data, item_id, item.kinds)
        if wish.postal_destination is None:
            wish = replace(wish, postal_destination=item.destination_id)
        asked.append(Asked(item, wish))
    due = instruct(
        scene.tx,
        scene.known,
        scene.policies.lanes,
        scene.event.id,
        asked,
        letters_of=scene.following(),
    )
    return Effect(due=tuple(due))


def dispatched(scene: Scene) -> Effect:
    """Record letters as sent on, whatever was asked for; a contradiction is raised."""
    data = scene.data(PostDispatched)
    known = _items(scene, data.items)
    if isinstance(known, Effect):
        return known
    against: list[tuple[str, Contradiction]] = []
    for item_id, item in known.items():
        found = _against_dispatch(scene, item, data)
        if found is not None:
            call_off(scene.tx, item, Reason.REPLACED)
            _record_contradiction(scene, data, item)
            against.append((item_id, found))
    contradictions.put(scene.tx, scene.ref, scene.event.id, against)
    of = dict(against)
    lines = [
        Line(
            item_id=item_id,
            at=data.handed_over_at,
            what=Custody.HANDED_OVER,
            contradiction=of.get(item_id),
            destination_id=data.destination_id,
            reference=data.tracking_reference or data.dispatch_id,
            event_id=scene.event.id,
            by=data.operator,
            carrier=data.carrier,
        )
        for item_id in data.items
    ]
    custody.add(scene.tx, scene.ref, lines)
    items.done(scene.tx, data.items, "dispatched", data.handed_over_at)
    return Effect()


def _against_dispatch(scene: Scene, item: Item, data: PostDispatched) -> Contradiction | None:
    """Settle the letter that was asked for; else say what a dispatch goes against."""
    if item.done_at is not None:
        return Contradiction.GONE_ALREADY
    if item.do is not PostAction.FORWARD:
        return Contradiction.NOT_TO_BE_SENT
    if item.destination_id != data.destination_id:
        return Contradiction.ANOTHER_PLACE
    if item.delivery_id is not None and _accept(scene, item.delivery_id, data):
        return None
    return Contradiction.CALLED_OFF


def _items(scene: Scene, item_ids: Sequence[str]) -> dict[str, Item] | Effect:
    """The items that an event names, all of them known and this customer's; or what follows."""
    known = items.find(scene.tx, item_ids)
    for item_id in item_ids:
        item = known.get(item_id)
        if item is None or item.customer_ref is None:
            return Effect(awaits=Awaited("item", item_name(item_id)))
        if item.customer_ref != scene.ref:
            return impossible("data.items", "names an item that is another customer's")
    return known


def _accept(scene: Scene, delivery_id: UUID, data: PostDispatched) -> bool:
    """Settle the letter that was asked for; false where it was no longer wanted."""
    accepted = Move(
        delivery_id=delivery_id,
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.POST_DISPATCHED,
        detail=data.carrier,
        provider=MAILROOM,
        reference=data.tracking_reference or data.dispatch_id,
        attempted_at=data.handed_over_at,
    )
    return bool(move(scene.tx, [accepted], [DeliveryStatus.PENDING]))


def _record_contradiction(scene: Scene, data: PostDispatched, item: Item) -> None:
    """The letter went, so it is on record; that nobody asked for it is on record too."""
    place = reach(scene.tx, scene.ref, data.destination_id)
    where = Where(place.value, place.masked) if place is not None else NOWHERE
    entry = Entry(
        customer_ref=scene.ref,
        event_id=scene.event.id,
        rule_id=f"@item/{item.item_id}",
        channel=Channel.POST,
        lane=Lane.ROUTINE,
        purpose=Purpose.POST,
        service=post_service(scene.known, item.kinds),
        destination_id=data.destination_id,
        outcome=DeliveryStatus.ACCEPTED.value,
        reason=Reason.POST_DISPATCHED,
        detail="contradicts its instruction",
        provider=MAILROOM,
        reference=data.tracking_reference or data.dispatch_id,
        attempted_at=data.handed_over_at,
        settled_at=scene.now,
        policy_version=scene.tx.policy_version,
    )
    ledger.append(scene.tx, [(entry, where)])


def disposed(scene: Scene) -> Effect:
    """Note how items left us otherwise; a letter asked for is then not sent on."""
    data = scene.data(PostDisposed)
    known = _items(scene, data.items)
    if isinstance(known, Effect):
        return known
    letters = [item.delivery_id for item in known.values() if item.delivery_id]
    ending.cancel(scene.tx, letters, Reason.REPLACED)
    against = [
        (item_id, found)
        for item_id, item in known.items()
        if (found := _against_disposal(item, data)) is not None
    ]
    contradictions.put(scene.tx, scene.ref, scene.event.id, against)
    of = dict(against)
    lines = [
        Line(
            item_id=item_id,
            at=data.at,
            what=Custody.DISPOSED,
            contradiction=of.get(item_id),
            event_id=scene.event.id,
            by=data.by,
            authority=data.authority,
            how=data.how,
        )
        for item_id in data.items
    ]
    custody.add(scene.tx, scene.ref, lines)
    items.done(scene.tx, data.items, data.how, data.at)
    return Effect()


def _against_disposal(item: Item, data: PostDisposed) -> Contradiction | None:
    """What a disposal goes against; an item may be fetched on any authority that the desk names."""
    if item.done_at is not None:
        return Contradiction.GONE_ALREADY
    if data.how == "shredded" and not item.kinds.isdisjoint(NEVER_SHREDDED):
        return Contradiction.MUST_BE_KEPT
    if item.do is _FOR[data.how] or (data.how == "collected" and data.authority is not None):
        return None
    return _AGAINST[data.how]
