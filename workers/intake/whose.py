"""Whose is an event, what does it read, and what does it change?

Everything that an event can wait for has a name: a customer, a number, an addressee, an item, an
event. Who reads a name holds it shared, who changes it holds it alone; so nothing can appear
between "it is not there" and "I wait for it".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.events import Whose
from contracts.events.billing import (
    InvoiceCancelled,
    InvoiceOverdue,
    PaymentReceived,
    SubscriptionChosen,
    SubscriptionEnded,
)
from contracts.events.calls import CallWaiting, MessageTaken
from contracts.events.customers import Corrected, ErasureConfirmed, NumberAssigned, Registered
from contracts.events.office import CorrespondenceRecorded, EventWithdrawn, NoteRecorded
from contracts.events.post import ItemInstructed, PostDispatched, PostDisposed, PostReceived
from contracts.vocabulary import Family
from store.customers.known import Assigned, normal_name, owner_of_name
from store.engine import Transaction
from store.inbox import customer_name, owner_of_event
from store.inbox import name_digest as digest
from store.office.items import find
from workers.intake.submission import Incoming

__all__ = ["Awaited", "Names", "customer_name", "digest", "names_of", "resolve"]


@dataclass(frozen=True, slots=True)
class Awaited:
    """The one thing that an event needs next."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """What an event reads and what it changes."""

    reads: frozenset[str]
    changes: frozenset[str]


def number_name(e164: str) -> str:
    """The name of a telephone number."""
    return f"number:{e164}"


def addressee_name(text: str) -> str:
    """The name of whoever post is addressed to."""
    return f"addressee:{normal_name(text)}"


def item_name(item_id: str) -> str:
    """The name of a post item."""
    return f"item:{item_id}"


def event_name(source: str, event_id: str) -> str:
    """The name of an event."""
    return f"event:{source}\0{event_id}"


def note_name(publisher: str, note_id: str) -> str:
    """The name of a publisher's note."""
    return f"note:{publisher}\0{note_id}"


def email_name(ref: str | None, message_id: str) -> str:
    """The name of an email of a customer's, however its Message-ID is bracketed."""
    return f"email:{ref}\0{message_id.strip('<> ')}"


def erasure_name(request_id: str) -> str:
    """The name of an erasure, of which the last receipt must know that it is the last."""
    return f"erasure:{request_id}"


def invoice_name(ref: str | None, number: str) -> str:
    """The name of a customer's invoice."""
    return f"invoice:{ref}\0{number}"


def subscription_name(ref: str | None, subscription_id: str) -> str:
    """The name of a customer's subscription."""
    return f"subscription:{ref}\0{subscription_id}"


def names_of(event: Incoming) -> Names:
    """What taking this event up reads and changes."""
    reads: set[str] = set()
    changes: set[str] = set()
    if event.subject is not None:
        own = customer_name(event.subject)
        (changes if event.kind.family is Family.CUSTOMERS else reads).add(own)
    match event.data:
        case NumberAssigned(number=number):
            changes.add(number_name(number))
        case Registered() | Corrected() as about:
            changes.update(addressee_name(n) for n in known_names(about))
        case PostReceived(item_id=item, addressee=addressee):
            changes.add(item_name(item))
            if event.subject is None and addressee is not None:
                reads.add(addressee_name(addressee))
        case ItemInstructed(items=items) | PostDispatched(items=items) | PostDisposed(items=items):
            changes.update(item_name(item) for item in items)
        case MessageTaken(dialled_number=str(number)) | CallWaiting(dialled_number=str(number)):
            if event.subject is None:
                reads.add(number_name(number))
        case EventWithdrawn(source=source, id=event_id):
            reads.add(event_name(source, event_id))
        case _:
            changes |= _of_what_they_name(event) | _of_the_file(event)
    return Names(frozenset(reads - changes), frozenset(changes))


def _of_what_they_name(event: Incoming) -> frozenset[str]:
    match event.data:
        case (
            InvoiceOverdue(invoice_number=str(number))
            | InvoiceCancelled(invoice_number=str(number))
            | PaymentReceived(invoice_number=str(number))
        ):
            return frozenset({invoice_name(event.subject, number)})
        case SubscriptionChosen(subscription_id=named) | SubscriptionEnded(subscription_id=named):
            return frozenset({subscription_name(event.subject, named)})
        case ErasureConfirmed(request_id=request_id):
            return frozenset({erasure_name(request_id)})
        case _:
            return frozenset()


def _of_the_file(event: Incoming) -> frozenset[str]:
    match event.data:
        case NoteRecorded(note_id=note_id, amends=amends):
            names = {note_id, amends or note_id}
            return frozenset(note_name(event.publisher.name, name) for name in names)
        case CorrespondenceRecorded(message_id=message_id):
            return frozenset({email_name(event.subject, message_id)})
        case _:
            return frozenset()


def known_names(about: Registered | Corrected) -> tuple[str, ...]:
    """Every name that post for this customer may bear."""
    contact = about.contact.name if about.contact is not None else None
    given = (about.legal_name, about.trading_name, contact, *(about.also_known_as or ()))
    return tuple(name for name in given if name)


def resolve(
    tx: Transaction, event: Incoming, numbers: Mapping[str, Assigned]
) -> str | Awaited | None:
    """Give the event's customer, what must appear before it can be known, or none."""
    if event.subject is not None:
        return event.subject
    match event.kind.whose, event.data:
        case Whose.DIALLED, MessageTaken(dialled_number=str(number)):
            found = numbers.get(number)
            return found.customer_ref if found else Awaited("number", number_name(number))
        case Whose.DIALLED, CallWaiting(dialled_number=str(number)):
            found = numbers.get(number)
            return found.customer_ref if found else None
        case Whose.ADDRESSEE, PostReceived(addressee=str(addressee)):
            owner = owner_of_name(tx, addressee)
            return owner or Awaited("addressee", addressee_name(addressee))
        case Whose.NAMED, ItemInstructed() | PostDispatched() | PostDisposed():
            return _owner_of_items(tx, event.data.items)
        case Whose.NAMED, EventWithdrawn(source=source, id=event_id):
            return owner_of_event(tx, source, event_id)
        case _:
            return None


def _owner_of_items(tx: Transaction, item_ids: tuple[str, ...]) -> str | Awaited:
    known = find(tx, item_ids)
    for item_id in item_ids:
        item = known.get(item_id)
        if item is None or item.customer_ref is None:
            return Awaited("item", item_name(item_id))
    return str(known[item_ids[0]].customer_ref)
