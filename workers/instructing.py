"""How does an instruction for post come into force: letters, mailroom and customer at once?

For what the customer says of items, and for what time and changed addresses make of them; what
follows from an arrival is written with its event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from contracts.events import load_data
from contracts.planning import Customer, LanePolicy, PlannedDelivery, PostInstruction, Routable
from contracts.vocabulary import Channel, PostAction, Reason
from store import inbox
from store.deliveries import adding, ending
from store.deliveries.adding import Due, Following
from store.engine import Transaction
from store.office import custody, items
from store.office.items import Instructed, Item
from store.tables import events
from workers.routing.planning import wish_for_item
from workers.routing.post_items import Wish, by_customer, carry_out, told_why
from workers.routing.services import post_service


@dataclass(frozen=True, slots=True)
class Asked:
    """An item, and what is wanted done with it."""

    item: Item
    wish: Wish


def instruct(
    tx: Transaction,
    customer: Customer,
    policy: LanePolicy,
    event_id: UUID,
    asked: Sequence[Asked],
    *,
    letters_of: Following | None = None,
) -> list[Due]:
    """Put wishes in force in place of what was to be done; give what tells the customer why not.

    ``event_id`` is the event that brought it about. A letter that was planned is called off; a new
    one follows from ``letters_of``, else from its item's arrival.
    """
    given, due = [], []
    for one in asked:
        instruction, letters = carry_out(one.wish, customer, tx.now, policy)
        call_off(tx, one.item, Reason.RULES_CHANGED)
        letter = None
        if letters:
            after = _following(tx, one.item, customer)
            if letters_of is not None:
                after = replace(letters_of, service=after.service)
            (letter,), _ = _add(tx, after, letters)
        given.append(Instructed(one.item, instruction, letter))
        why = told_why(instruction, customer, tx.now, policy)
        due += tell(tx, one.item, customer, why)
    items.instruct(tx, customer.ref, event_id, given)
    return due


def hold(
    tx: Transaction,
    customer: Customer,
    policy: LanePolicy,
    event_id: UUID,
    some: Sequence[Item],
    why: Reason,
) -> list[Due]:
    """Have items held that were to be sent on, remembering where to; give what tells why."""
    given, due = [], []
    for item in some:
        instruction = PostInstruction(
            do=PostAction.HOLD,
            why=why,
            rule_id=item.rule_id,
            destination_id=item.destination_id,
            consolidate=item.consolidate or "now",
            authority=item.authority,
            may_shred=item.may_shred,
        )
        call_off(tx, item, why)
        given.append(Instructed(item, instruction))
        due += tell(tx, item, customer, told_why(instruction, customer, tx.now, policy))
    items.instruct(tx, customer.ref, event_id, given)
    return due


def instruct_anew(
    tx: Transaction, customer: Customer, policy: LanePolicy, event_id: UUID | None
) -> list[Due]:
    """Put the rules now in force into force for what is still here; give what tells why not.

    What the customer said of single items stands, and what comes out as it was is left alone. Of a
    customer who has left, nothing changes any more; of one who is restricted, nothing until that is
    lifted. Without an ``event_id`` each item's arrival is what brought it about.
    """
    if customer.terminated_at is not None and customer.terminated_at <= tx.now:
        return []
    if customer.restricted:
        return []
    here = [
        item
        for item in items.open_of_customer(tx, customer.ref)
        if item.revision and not by_customer(item.rule_id)
    ]
    told_by = custody.told_by(tx, [item.item_id for item in here])
    told_of = {kept.id: kept for kept in inbox.load(tx, set(told_by.values()))}
    asked = []
    for item in here:
        kept = told_of.get(told_by.get(item.item_id, item.arrival_id))
        if kept is None:
            continue
        event = Routable(kept.id, kept.type, kept.received_at, load_data(kept.type, kept.data))
        wish = wish_for_item(event, customer, tx.now, policy)
        if wish is not None and not _stands(item, wish, customer, tx.now, policy):
            asked.append(Asked(item, wish))
    if event_id is not None:
        return instruct(tx, customer, policy, event_id, asked)
    return [
        due for one in asked for due in instruct(tx, customer, policy, one.item.arrival_id, [one])
    ]


def _stands(item: Item, wish: Wish, customer: Customer, now: datetime, policy: LanePolicy) -> bool:
    """Whether an item is to be dealt with already as a wish would have it."""
    instruction, _ = carry_out(wish, customer, now, policy)
    before = (item.do, item.destination_id, item.may_shred)
    if before != (instruction.do, instruction.destination_id, instruction.may_shred):
        return False
    return instruction.do is not PostAction.FORWARD or item.consolidate == instruction.consolidate


def wanted_before(item: Item) -> Wish:
    """What was wanted of an item that is held because it could not be sent on."""
    return Wish(
        do=PostAction.FORWARD,
        rule_id=item.rule_id or "",
        authority=item.authority or "",
        kinds=item.kinds,
        postal_destination=item.destination_id,
        consolidate=item.consolidate or "now",
        may_shred=item.may_shred,
    )


def call_off(tx: Transaction, item: Item, why: Reason) -> None:
    """Call off the letter that was planned for an item, if it has not been sent."""
    if item.delivery_id is not None:
        ending.cancel(tx, [item.delivery_id], why)


def tell(
    tx: Transaction, item: Item, customer: Customer, told: Sequence[PlannedDelivery]
) -> list[Due]:
    """Plan what tells a customer of an item; give what is due."""
    if not told:
        return []
    after = _following(tx, item, customer)
    return _add(tx, after, told)[1]


def _following(tx: Transaction, item: Item, customer: Customer) -> Following:
    publisher = tx.connection.execute(
        select(events.c.publisher).where(events.c.id == item.arrival_id)
    ).scalar_one()
    service = post_service(customer, item.kinds)
    return Following(item.arrival_id, publisher, customer.ref, service)


def _add(
    tx: Transaction, after: Following, planned: Sequence[PlannedDelivery]
) -> tuple[list[UUID], list[Due]]:
    """Add deliveries beside what was planned from the same event in the same way before."""
    step = adding.next_step(tx, after, planned[0].rule_id)
    rows = [adding.delivery_row(tx, after, replace(one, step=step)) for one in planned]
    for row in rows:
        if row["channel"] is Channel.POST:
            row["due_at"] = None  # due when the mailroom reports it, never claimed
    due = adding.add(tx, rows)
    return [row["id"] for row in rows], due
