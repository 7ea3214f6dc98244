"""What events about post items change: arrivals, instructions, dispatches, disposals."""

from uuid import UUID

from contracts.events.post import ItemInstructed, PostDispatched, PostDisposed, PostReceived
from contracts.vocabulary import Channel, DeliveryStatus, PostAction, Purpose, Reason
from store import items, ledger
from store.customers import reach
from store.deliveries import adding, ending
from store.deliveries.transitions import Move, move
from store.ledger import NOWHERE, Entry, Where
from workers.intake.effects.scene import Effect, Scene
from workers.intake.whose import item_name
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
    for item_id, item in items.find(scene.tx, data.items).items():
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
    known = items.find(scene.tx, data.items)
    accepted: list[Move] = []
    for item_id in data.items:
        item = known[item_id]
        asked = item.do is PostAction.FORWARD and item.destination_id == data.destination_id
        if asked and item.delivery_id is not None and item.done_at is None:
            accepted.append(_accepted(item.delivery_id, data))
        else:
            _record_contradiction(scene, data, item_id)
    move(scene.tx, accepted, [DeliveryStatus.PENDING])
    items.done(scene.tx, data.items, "dispatched", data.handed_over_at)
    return Effect()


def _accepted(delivery_id: UUID, data: PostDispatched) -> Move:
    return Move(
        delivery_id=delivery_id,
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.POST_DISPATCHED,
        detail=data.carrier,
        provider=MAILROOM,
        reference=data.tracking_reference or data.dispatch_id,
        attempted_at=data.handed_over_at,
    )


def _record_contradiction(scene: Scene, data: PostDispatched, item_id: str) -> None:
    """The letter went, so it is on record; that nobody asked for it is on record too."""
    place = reach(scene.tx, scene.ref, data.destination_id)
    where = Where(place.value, place.masked) if place is not None else NOWHERE
    entry = Entry(
        customer_ref=scene.ref,
        event_id=scene.event.id,
        rule_id=f"@item/{item_id}",
        channel=Channel.POST,
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
    letters = [i.delivery_id for i in items.find(scene.tx, data.items).values() if i.delivery_id]
    ending.cancel(scene.tx, letters, Reason.REPLACED)
    items.done(scene.tx, data.items, data.how, data.at)
    return Effect()
