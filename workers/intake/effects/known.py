"""What does the store know that bears on an event, beside its customer?"""

from dataclasses import replace
from datetime import UTC, datetime, time

from contracts.events.billing import InvoiceOverdue
from contracts.events.post import PostReceived
from contracts.planning import Customer, Routable
from contracts.vocabulary import Reason
from store.billing import invoices
from store.engine import Transaction
from store.office import items
from workers.routing.schedules import zone


def with_what_is_known(tx: Transaction, event: Routable, customer: Customer) -> Routable:
    """Add what earlier events told of the same item, or that nobody need be reminded any more."""
    match event.data:
        case PostReceived(item_id=item_id):
            item = items.find(tx, [item_id]).get(item_id)
            return event if item is None else replace(event, kinds=item.kinds)
        case InvoiceOverdue(invoice_number=number):
            return replace(event, moot=_moot(tx, customer, number))
        case _:
            return event


def _moot(tx: Transaction, customer: Customer, number: str) -> Reason | None:
    settled = invoices.settled(tx, customer.ref, number)
    if settled is not None:
        return settled
    tz = zone(customer.time_zone)
    today = datetime.combine(tx.now.astimezone(tz).date(), time(), tz).astimezone(UTC)
    if invoices.reminded_since(tx, customer.ref, number, today):
        return Reason.REMINDED_TODAY
    return None
