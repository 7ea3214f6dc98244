"""What does an event say that planning asks about, and what is it for?"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.events.billing import InvoiceCancelled, InvoiceIssued, InvoiceOverdue
from contracts.events.calls import CallWaiting, MessageTaken
from contracts.events.notices import OfferPublished
from contracts.events.post import PostReceived, PostScanned
from contracts.planning import Routable
from contracts.rule_words import Matchable
from contracts.searching import folded
from contracts.vocabulary import Lane, Purpose, Reason, Service, Urgency

PURPOSES: Final = {
    "call.message_taken": Purpose.MESSAGES,
    "call.waiting": Purpose.CALLS,
    "post.received": Purpose.POST,
    "post.scanned": Purpose.POST,
    "invoice.issued": Purpose.INVOICE,
    "invoice.overdue": Purpose.INVOICE,
    "invoice.cancelled": Purpose.INVOICE,
    "payment.failed": Purpose.PAYMENT,
    "policy.changed": Purpose.POLICY_NOTICE,
    "offer.published": Purpose.OFFERS,
}
BILLING: Final = frozenset(
    {"invoice.issued", "invoice.overdue", "invoice.cancelled", "payment.failed"}
)
INVOICE_ISSUED: Final = "invoice.issued"
INVOICE_CANCELLED: Final = "invoice.cancelled"
NOTICES: Final = frozenset({"policy.changed", "offer.published"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What planning reads of an event; what the event does not say is absent.

    ``person`` and ``department`` are in the one spelling of `folded`: whom a call is for, or whom
    an item of post is addressed to. ``not_after`` is when a live call is too late, ``valid_until``
    when an offer is; ``moot`` is why nobody needs to be reminded any more.
    """

    type: str
    purpose: Purpose
    lane: Lane = Lane.ROUTINE
    person: str | None = None
    department: str | None = None
    urgency: Urgency = Urgency.ROUTINE
    caller: str | None = None
    post_class: str | None = None
    sender_class: str | None = None
    contains: tuple[str, ...] = ()
    known_kinds: frozenset[str] = frozenset()
    has_document: bool = False
    services: frozenset[Service] = frozenset()
    not_after: datetime | None = None
    valid_until: datetime | None = None
    moot: Reason | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """What an item of post holds, and who sent it, by all that is known of it."""
        sender = (self.sender_class,) if self.sender_class is not None else ()
        return self.known_kinds.union(self.contains, sender)

    @property
    def is_billing(self) -> bool:
        """Whether it goes by email in a way of its own, to which rules only add notices."""
        return self.type in BILLING

    @property
    def matched_as(self) -> str:
        """The type by which rules know it: who was told of an invoice is told that it is void."""
        return INVOICE_ISSUED if self.type == INVOICE_CANCELLED else self.type

    def as_message(self) -> "Facts":
        """The same caller, told of as a message taken: what becomes of a late call."""
        return replace(
            self,
            type=Matchable.CALL_MESSAGE_TAKEN.value,
            purpose=Purpose.MESSAGES,
            lane=Lane.ROUTINE,
            not_after=None,
        )


def facts_of(event: Routable) -> Facts | None:
    """What planning reads of this event; nothing for a type that nothing is sent about."""
    purpose = PURPOSES.get(event.type)
    if purpose is None:
        return None
    match event.data:
        case MessageTaken() as call:
            return Facts(
                event.type,
                purpose,
                lane=Lane.ROUTINE if call.urgency is Urgency.ROUTINE else Lane.URGENT,
                person=_folded(call.for_.person) if call.for_ else None,
                department=_folded(call.for_.department) if call.for_ else None,
                urgency=call.urgency,
                caller=call.caller.number if call.caller else None,
            )
        case CallWaiting() as call:
            return Facts(
                event.type,
                purpose,
                lane=Lane.LIVE,
                person=_folded(call.for_.person) if call.for_ else None,
                department=_folded(call.for_.department) if call.for_ else None,
                caller=call.caller.number if call.caller else None,
                not_after=call.not_after,
            )
        case PostReceived() as item:
            return Facts(
                event.type,
                purpose,
                person=_folded(item.addressee),
                post_class=item.class_,
                sender_class=item.sender.class_ if item.sender else None,
                contains=item.contains or (),
                known_kinds=event.kinds,
                has_document=isinstance(item, PostScanned),
            )
        case InvoiceIssued():
            return Facts(event.type, purpose, has_document=True)
        case InvoiceOverdue():
            return Facts(event.type, purpose, moot=event.moot)
        case InvoiceCancelled() as invoice:
            return Facts(event.type, purpose, has_document=invoice.credit_note is not None)
        case OfferPublished() as offer:
            return Facts(
                event.type,
                purpose,
                lane=Lane.BULK,
                services=frozenset(offer.services or ()),
                valid_until=offer.valid_until,
            )
        case _:
            return Facts(
                event.type, purpose, lane=Lane.BULK if event.type in NOTICES else Lane.ROUTINE
            )


def _folded(name: str | None) -> str | None:
    return None if name is None else folded(name)
