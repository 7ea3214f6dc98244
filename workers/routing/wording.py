"""What may a template say of an event, at this content?

Each event becomes plain words and lines, ready to show; templates see nothing else. So what a
`notice` or a `summary` must not tell never reaches a template, what a caller wrote is a string
and never anything that could run, and no template fails over a field that was left out.

`full` tells all; `summary` who, when and how urgent, without what was said or is inside; `notice`
only that something came.
"""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from contracts.events import EventData
from contracts.events.base import Caller, Concerning
from contracts.events.billing import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceOverdue,
    PaymentFailed,
)
from contracts.events.calls import CallWaiting, MessageTaken
from contracts.events.customers import RightsRequested
from contracts.events.notices import OfferPublished, PolicyChanged
from contracts.events.post import PostReceived, PostScanned
from contracts.vocabulary import Content, Urgency
from workers.routing.display import day, moment, money, one_line, prose

Words = dict[str, str]

URGENT: Final = {
    Urgency.ROUTINE: "",
    Urgency.URGENT: "URGENT",
    Urgency.EMERGENCY: "URGENT EMERGENCY",
}
TRANSFERS: Final = {
    None: "",
    "none": "",
    "declined": "The call was declined.",
    "no_answer": "We tried to put the call through and nobody answered.",
    "busy": "We tried to put the call through and the line was busy.",
    "failed": "We tried to put the call through and it failed.",
}
INSIDE: Final = {
    "cheque": "a cheque",
    "card": "a card",
    "identity_document": "an identity document",
    "legal": "a legal document",
}
SENDERS: Final = {
    None: "",
    "unknown": "",
    "official": "official",
    "bank": "from a bank",
    "court": "from a court",
    "business": "from a business",
}
NOT_PAID: Final = {
    "card_expired": "the card has expired",
    "insufficient_funds": "there were insufficient funds",
    "declined": "it was declined",
    "other": "it did not go through",
}


TO_DO: Final = {
    "card_expired": "Please give us the details of a card that has not expired.",
    "insufficient_funds": "Please see that there is enough in the account, or name another way.",
    "declined": "Please ask your bank why it declined, or name another way to pay.",
    "other": "Please call us, so that we can find another way.",
}


def words_of(event: EventData, content: Content, zone: ZoneInfo) -> Words:
    """The words for one event, every one of them set; empty where there is nothing to say.

    Raises:
        LookupError: nothing is ever written to a customer about this type of event.
    """
    return WORDS[type(event)](event, content, zone)


def _message_taken(event: MessageTaken, content: Content, zone: ZoneInfo) -> Words:
    told = content is not Content.NOTICE
    return {
        "urgent": URGENT[event.urgency],
        "at": moment(event.taken_at, zone),
        "category": one_line(event.category) if told else "",
        "call_back_by": moment(event.callback_by, zone) if told else "",
        "transfer": TRANSFERS[event.transfer_outcome],
        "text": prose(event.text) if content is Content.FULL else "",
    } | _people(event.caller, event.for_, told=told)


def _call_waiting(event: CallWaiting, content: Content, zone: ZoneInfo) -> Words:
    return {
        "at": moment(event.not_after, zone),
        "text": prose(event.reason) if content is Content.FULL else "",
    } | _people(event.caller, event.for_, told=content is not Content.NOTICE)


def _people(caller: Caller | None, wanted: Concerning | None, *, told: bool) -> Words:
    """Who called and for whom. A withheld number is said; of an unknown one nothing is."""
    if not told:
        return {"caller": "", "number": "", "who": "", "wanted": ""}
    names = (caller.name, caller.company) if caller else ()
    number = caller.number if caller else None
    if caller and caller.withheld:
        number = "number withheld"
    whom = (wanted.person, wanted.department) if wanted else ()
    called = ", ".join(one_line(name) for name in names if name)
    return {
        "caller": called,
        "number": number or "",
        "who": ", ".join(filter(None, (called, number))),
        "wanted": ", ".join(one_line(name) for name in whom if name),
    }


def _post_received(event: PostReceived, content: Content, zone: ZoneInfo) -> Words:
    told, full = content is not Content.NOTICE, content is Content.FULL
    sender = event.sender
    return {
        "at": moment(event.received_at, zone),
        "item": event.class_.replace("_", " "),
        "item_id": event.item_id,
        "kind": SENDERS[sender.class_] if sender and told else "",
        "sender": one_line(sender.name) if sender and told else "",
        "addressee": one_line(event.addressee) if full else "",
        "inside": ", ".join(INSIDE[one] for one in event.contains or ()) if full else "",
    }


def _post_scanned(event: PostScanned, content: Content, zone: ZoneInfo) -> Words:
    pages = f"{event.pages} page{'' if event.pages == 1 else 's'}"
    return _post_received(event, content, zone) | {
        "pages": pages if content is not Content.NOTICE else ""
    }


def _invoice_issued(event: InvoiceIssued, content: Content, _: ZoneInfo) -> Words:
    told, full = content is not Content.NOTICE, content is Content.FULL
    period = event.period
    return {
        "invoice": event.invoice_number,
        "issued": day(event.issued_on),
        "due": day(event.due_on),
        "net": money(event.net, event.currency) if full else "",
        "vat": money(event.vat, event.currency) if full else "",
        "gross": money(event.gross, event.currency) if told else "",
        "period": f"{day(period.from_)} to {day(period.to)}" if period and full else "",
    }


def _invoice_overdue(event: InvoiceOverdue, content: Content, _: ZoneInfo) -> Words:
    told = content is not Content.NOTICE
    return {
        "invoice": event.invoice_number,
        "due": day(event.due_on),
        "gross": money(event.gross, event.currency) if told else "",
    }


def _invoice_cancelled(event: InvoiceCancelled, content: Content, _: ZoneInfo) -> Words:
    return {
        "invoice": event.invoice_number,
        "text": prose(event.reason) if content is Content.FULL else "",
    }


def _payment_failed(event: PaymentFailed, content: Content, zone: ZoneInfo) -> Words:
    told = content is not Content.NOTICE
    return {
        "invoice": one_line(event.invoice_number),
        "amount": money(event.amount, event.currency) if told else "",
        "why": NOT_PAID[event.reason] if told else "",
        "to_do": TO_DO[event.reason] if told else "",
        "again": moment(event.next_retry_at, zone),
    }


def _policy_changed(event: PolicyChanged, content: Content, zone: ZoneInfo) -> Words:
    return {
        "version": one_line(event.version),
        "effective": moment(event.effective_at, zone),
        "url": one_line(event.url),
        "text": prose(event.summary) if content is not Content.NOTICE else "",
    }


def _rights_requested(event: RightsRequested, _: Content, zone: ZoneInfo) -> Words:
    asked_on = event.received_at.astimezone(zone).date()
    return {"at": day(asked_on), "link": "", "until": ""}  # these are its delivery's


def _offer_published(event: OfferPublished, _: Content, zone: ZoneInfo) -> Words:
    return {
        "headline": one_line(event.headline),
        "until": moment(event.valid_until, zone),
        "text": prose(event.body),
    }


WORDS: Final[dict[type[EventData], Callable[..., Words]]] = {
    MessageTaken: _message_taken,
    CallWaiting: _call_waiting,
    PostReceived: _post_received,
    PostScanned: _post_scanned,
    InvoiceIssued: _invoice_issued,
    InvoiceOverdue: _invoice_overdue,
    InvoiceCancelled: _invoice_cancelled,
    PaymentFailed: _payment_failed,
    PolicyChanged: _policy_changed,
    OfferPublished: _offer_published,
    RightsRequested: _rights_requested,
}
