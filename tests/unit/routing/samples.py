"""Valid customers, rules and events, of which a test names only what matters to it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from config.bank_holidays import bank_holidays
from contracts.events import EventData
from contracts.events.billing import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceOverdue,
    PaymentFailed,
    PaymentReceived,
)
from contracts.events.calls import CallEnded, CallWaiting, MessageTaken
from contracts.events.notices import OfferPublished, PolicyChanged
from contracts.events.post import PostReceived, PostScanned
from contracts.planning import INVOICE_EMAIL, Customer, Destination, LanePolicy, Routable
from contracts.rules import Rule, RuleSet
from contracts.vocabulary import DestinationKind, Lane, Service

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday, in winter time
POLICY = LanePolicy(
    {Lane.LIVE: 30, Lane.URGENT: 3600, Lane.ROUTINE: 86_400, Lane.BULK: 259_200},
    bank_holidays("england"),
)
VERSION = 7
DIGEST = "ab" * 32
SCAN = {
    "uri": f"blob:{DIGEST}",
    "sha256": DIGEST,
    "media_type": "application/pdf",
    "bytes": 1200,
}
MONEY = {"currency": "GBP"}

DATA: dict[str, tuple[type[EventData], dict[str, Any]]] = {
    "call.message_taken": (
        MessageTaken,
        {"call_id": "call-1", "taken_at": "2026-11-24T09:58:00Z", "text": "Please ring back"},
    ),
    "call.waiting": (
        CallWaiting,
        {
            "call_id": "call-1",
            "provider_call_id": "CA" + "0" * 32,
            "not_after": "2026-11-24T10:00:20Z",
        },
    ),
    "call.ended": (
        CallEnded,
        {"call_id": "call-1", "outcome": "answered", "ended_at": "2026-11-24T09:59:00Z"},
    ),
    "post.received": (
        PostReceived,
        {"item_id": "item-1", "received_at": "2026-11-24T09:00:00Z", "class": "letter"},
    ),
    "post.scanned": (
        PostScanned,
        {
            "item_id": "item-1",
            "received_at": "2026-11-24T09:00:00Z",
            "class": "letter",
            "scan": SCAN,
            "pages": 2,
        },
    ),
    "invoice.issued": (
        InvoiceIssued,
        {
            "invoice_number": "INV-1",
            "issued_on": "2026-11-24",
            "due_on": "2026-12-24",
            "net": "100.00",
            "vat": "20.00",
            "gross": "120.00",
            "document": SCAN,
            **MONEY,
        },
    ),
    "invoice.overdue": (
        InvoiceOverdue,
        {"invoice_number": "INV-1", "due_on": "2026-11-01", "gross": "120.00", **MONEY},
    ),
    "invoice.cancelled": (InvoiceCancelled, {"invoice_number": "INV-1", "reason": "in error"}),
    "payment.failed": (
        PaymentFailed,
        {"payment_id": "pay-1", "amount": "120.00", "reason": "declined", **MONEY},
    ),
    "payment.received": (
        PaymentReceived,
        {
            "payment_id": "pay-1",
            "amount": "120.00",
            "received_at": "2026-11-24T09:00:00Z",
            **MONEY,
        },
    ),
    "policy.changed": (
        PolicyChanged,
        {
            "version": "3",
            "major": False,
            "published_at": "2026-11-24T09:00:00Z",
            "effective_at": "2026-12-25T09:00:00Z",
            "url": "https://office.example/policy",
            "sha256": DIGEST,
            "summary": "Clearer words",
        },
    ),
    "offer.published": (
        OfferPublished,
        {"campaign_id": "winter", "headline": "Half price", "body": "Until spring"},
    ),
}

DESTINATIONS = {
    "d-mobile": DestinationKind.MOBILE,
    "d-email": DestinationKind.EMAIL,
    "d-voice": DestinationKind.VOICE,
    "d-postal": DestinationKind.POSTAL,
    INVOICE_EMAIL: DestinationKind.EMAIL,
}


def event(event_type: str = "call.message_taken", **changes: Any) -> Routable:
    """An event of this type; ``changes`` are fields of its data, by their JSON names.

    A name that Python keeps is written with an underscore behind it.
    """
    model, fields = DATA[event_type]
    given = {name.removesuffix("_"): value for name, value in changes.items()}
    return Routable(UUID(int=1), event_type, NOW, model.model_validate(fields | given))


def destination(name: str, kind: DestinationKind, *, verified: bool = True) -> Destination:
    """A destination of this kind, in its third version."""
    return Destination(name, kind, version=3, verified=verified, masked="***")


def customer(*rules: Rule, unverified: Iterable[str] = (), **changes: Any) -> Customer:
    """A customer with these rules and one verified destination of each kind."""
    known = {
        name: destination(name, kind, verified=name not in set(unverified))
        for name, kind in DESTINATIONS.items()
    }
    callers = changes.pop("callers", {})
    fields: dict[str, Any] = {
        "ref": "C-1042",
        "revision": 1,
        "contracted": frozenset(Service),
        "started": frozenset(Service),
        "rules": RuleSet.model_validate({"version": VERSION, "rules": rules, "callers": callers}),
        "rules_version": VERSION,
        "destinations": known,
    }
    return Customer(**(fields | changes))


def rule(
    *destinations: str, match: dict[str, Any] | None = None, rule_id: str = "r1", **action: Any
) -> Rule:
    """A rule with a step for each destination."""
    steps = [{"destination": name} for name in destinations]
    return Rule.model_validate(
        {"rule_id": rule_id, "match": match or {}, "action": {"steps": steps} | action}
    )


def later(**span: float) -> datetime:
    """So long after `NOW`."""
    return NOW + timedelta(**span)
