"""What does time make of post: whose day has come, and what has been held for long?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from config.policies import Policies
from contracts.planning import Customer
from contracts.vocabulary import PostAction, Reason
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.engine import Store, Transaction
from store.office import items
from store.office.items import Item
from store.rights import alone
from workers.instructing import Asked, hold, instruct, tell, wanted_before
from workers.routing.post_items import ASKED_WAY, told_of_item
from workers.routing.sending import refusal_of

_AT_ONCE = 500


def ask_for_rounds(store: Store, readings: Readings, policies: Policies) -> tuple[int, list[Due]]:
    """Ask the mailroom to send what has its day now: what goes to one place together, at once.

    An address that is not to be used any more has its items held, and their customer told why.
    """
    with store.write() as tx:
        ready = items.due_for_a_round(tx, _AT_ONCE)
        customers = _customers(tx, readings, ready)
        due: list[Due] = []
        for (ref, place, _), some in groupby(ready, key=_goes_with):
            together, customer = list(some), customers[ref]
            why = _refusal(tx, customer, place)
            if why is None:
                items.ask_to_forward(tx, together)
            else:
                due += _hold_all(tx, customer, policies, together, why)
        return len(ready), due


def see_to_held(store: Store, readings: Readings, policies: Policies) -> tuple[int, list[Due]]:
    """Ask customers about items held for long, and have shredded what may be.

    Shredded is only what was asked about before, on the authority that allowed it, and never what
    must be kept.
    """
    asked, due = _ask(store, readings, policies)
    return asked + _shred(store, readings, policies), due


def _ask(store: Store, readings: Readings, policies: Policies) -> tuple[int, list[Due]]:
    with store.write() as tx:
        since = tx.now - timedelta(days=policies.post.ask_after_days)
        held = items.to_be_asked_about(tx, since, _AT_ONCE)
        customers = _customers(tx, readings, held)
        due: list[Due] = []
        for item in held:
            customer = customers[item.customer_ref or ""]
            told = told_of_item(ASKED_WAY, customer, tx.now, policies.lanes)
            told = () if _ended(tx, customer) else told
            due += tell(tx, item, customer, told)
            items.asked(tx, item, anywhere=bool(told))
        return len(held), due


def _shred(store: Store, readings: Readings, policies: Policies) -> int:
    """Have shredded what may be; of a customer who has left, it may not be any more.

    Who was asked late, because nothing ran here, has as long to answer as anybody. Whom the
    question did not reach is asked again, and has as long from then.
    """
    post = policies.post
    with store.write() as tx:
        since = tx.now - timedelta(days=post.shred_after_days)
        to_answer = timedelta(days=max(0, post.shred_after_days - post.ask_after_days))
        asked_by = tx.now - to_answer
        refs = items.whose_may_be_shredded(tx, since, asked_by, _AT_ONCE)
        alone.hold_customers(tx, refs)
        held = items.to_be_shredded(tx, refs, since, asked_by, _AT_ONCE)
        customers = _customers(tx, readings, held)
        for item in held:
            customer = customers[item.customer_ref or ""]
            event_id = item.event_id or item.arrival_id
            if _ended(tx, customer):
                kept = replace(item, may_shred=False)
                hold(tx, customer, policies.lanes, event_id, [kept], Reason.SERVICE_TERMINATED)
                continue
            if not items.was_told(tx, item, ASKED_WAY):
                items.ask_again(tx, item)
                continue
            authority = f"{item.authority}; held for {post.shred_after_days} days"
            wish = replace(wanted_before(item), do=PostAction.SHRED, authority=authority)
            instruct(tx, customer, policies.lanes, event_id, [Asked(item, wish)])
        return len(held)


def _goes_with(item: Item) -> tuple[str, str, str]:
    return item.customer_ref or "", item.destination_id or "", item.consolidate or ""


def _customers(tx: Transaction, readings: Readings, some: Sequence[Item]) -> dict[str, Customer]:
    return readings.load(tx, {item.customer_ref for item in some if item.customer_ref})


def _refusal(tx: Transaction, customer: Customer, place: str) -> Reason | None:
    if _ended(tx, customer):
        return Reason.SERVICE_TERMINATED
    return refusal_of(customer.destinations.get(place))


def _ended(tx: Transaction, customer: Customer) -> bool:
    return customer.terminated_at is not None and customer.terminated_at <= tx.now


def _hold_all(
    tx: Transaction, customer: Customer, policies: Policies, some: Sequence[Item], why: Reason
) -> list[Due]:
    due: list[Due] = []
    for item in some:
        event_id = item.event_id or item.arrival_id
        due += hold(tx, customer, policies.lanes, event_id, [item], why)
    return due
