"""What events about post items change: arrivals, instructions, dispatches, disposals."""

from collections.abc import Sequence
from uuid import UUID

from contracts.events.post import ItemInstructed, PostDispatched, PostDisposed, PostReceived
from contracts.vocabulary import Channel, DeliveryStatus, Lane, PostAction, Purpose, Reason
from store import items, ledger
from store.customers import reach
from store.deliveries import adding, ending
from store.deliveries.transitions import Move, move
from store.ledger import NOWHERE, Entry, Where
from workers.intake.effects.scene import Effect, Scene, impossible
from workers.intake.whose import Awaited, item_name
from workers.routing.post_items import Wish, carry_out

MAILROOM = "mailroom"


def received(scene: Scene) -> Effect:
    """Note that an item is here; whose it is may show later."""
    data = scene.data(PostReceived)
    items.arrived(scene.tx, data.item_id, data.class_, data.received_at)
    return Effect(changed=(item_name(data.item_id),))


def instructed(scene: Scene) -> Effect:
    """Carry out what a customer said about single items, over what the rules say."""
    data = scene.data(ItemInstructed)
    known = _items(scene, data.items)
    if isinstance(known, Effect):
        return known
    for item_id, item in known.items():
        if item.delivery_id is not None:
            ending.cancel(scene.tx, [item.delivery_id], Reason.RULES_CHANGED)
        wish = Wish(
            do=data.do,
            rule_id=f"@item/{item_id}",
            authority=f"customer, {data.told_us_by}",
            postal_destination=data.postal_destination or item.destination_id,
        )
        instruction, letters = carry_out(wish, scene.known, scene.now)
        rows = [adding.delivery_row(scene.tx, scene.following(), letter) for letter in letters]
        adding.add(scene.tx, [{**row, "due_at": None} for row in rows])
        items.instruct(
            scene.tx,
            item_id,
            scene.ref,
            scene.event.id,
            instruction,
            rows[0]["id"] if rows else None,
        )
    return Effect()


def dispatched(scene: Scene) -> Effect:
    """Record letters as sent on, whatever was asked for; a contradiction is said."""
    data = scene.data(PostDispatched)
    known = _items(scene, data.items)
    if isinstance(known, Effect):
        return known
    for item_id, item in known.items():
        asked = item.do is PostAction.FORWARD and item.destination_id == data.destination_id
        letter = item.delivery_id if item.done_at is None else None
        if asked and letter is not None and _accept(scene, letter, data):
            continue
        if letter is not None:
            ending.cancel(scene.tx, [letter], Reason.REPLACED)
        _record_contradiction(scene, data, item_id)
    items.done(scene.tx, data.items, "dispatched", data.handed_over_at)
    return Effect()


def _items(scene: Scene, item_ids: Sequence[str]) -> dict[str, items.Item] | Effect:
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


def _record_contradiction(scene: Scene, data: PostDispatched, item_id: str) -> None:
    """The letter went, so it is on record; that nobody asked for it is on record too."""
    place = reach(scene.tx, scene.ref, data.destination_id)
    where = Where(place.value, place.masked) if place is not None else NOWHERE
    entry = Entry(
        customer_ref=scene.ref,
        event_id=scene.event.id,
        rule_id=f"@item/{item_id}",
        channel=Channel.POST,
        lane=Lane.ROUTINE,
        purpose=Purpose.POST,
        destination_id=data.destination_id,
        outcome=DeliveryStatus.ACCEPTED.value,
        reason=Reason.POST_DISPATCHED,
        detail="contradicts its instruction",
        provider=MAILROOM,
        reference=data.tracking_reference or data.dispatch_id,
        attempted_at=data.handed_over_at,
        settled_at=scene.now,
        policy_version=scene.tx.store.policy_version,
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
    items.done(scene.tx, data.items, data.how, data.at)
    return Effect()
