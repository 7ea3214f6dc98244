"""Valid samples of every event: a test names only what matters to it."""

from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from itertools import count
from typing import Any

SCAN = b"%PDF-1.4 a scan for tests\n"

Sample = dict[str, Any]

_serial = count(1)


def file(content: bytes = SCAN, media_type: str = "application/pdf") -> Sample:
    """A file by reference, as it stands after `PUT /blobs/<sha256>`."""
    digest = sha256(content).hexdigest()
    return {
        "uri": f"blob:{digest}",
        "sha256": digest,
        "media_type": media_type,
        "bytes": len(content),
    }


def catch_all(*destinations: str, rule_id: str = "everything", **action: Any) -> Sample:
    """A rule without conditions, to these destinations."""
    steps = [{"destination": name} for name in destinations or ("d-mobile",)]
    return {"rule_id": rule_id, "action": {"timing": "now", "mode": "all", "steps": steps} | action}


def valid(type_: str, /, **changes: Any) -> Sample:
    """Valid data of a type, with every field that it knows; ``changes`` replace top-level fields.

    A change to `...` leaves the field out. Fields that are Python's words take an underscore
    behind: ``for_``, ``class_``, ``from_``.
    """
    return _changed(deepcopy(_SAMPLES[type_]()), changes)


def minimal(type_: str, /, **changes: Any) -> Sample:
    """Valid data of a type with its required fields alone."""
    sample = {name: deepcopy(_SAMPLES[type_]()[name]) for name in REQUIRED[type_]}
    return _changed(sample, changes)


def envelope(
    type_: str,
    /,
    *,
    subject: str | None = "C-1042",
    id: str | None = None,  # noqa: A002 - the attribute's name
    source: str = "/callcentre/doncaster",
    time: str = "2026-11-20T10:00:00Z",
    data: Sample | None = None,
    **changes: Any,
) -> Sample:
    """A structured CloudEvent of a type; ``changes`` are to its data, as in `valid`.

    Notices concern everyone and get no subject, whatever is asked. Ids never repeat in a run.
    Where data have a field named as an attribute is, pass ``data=valid(…)``.
    """
    event: Sample = {
        "specversion": "1.0",
        "id": id if id is not None else f"e-{next(_serial)}",
        "source": source,
        "type": f"onward.{type_}.v1",
        "time": time,
        "datacontenttype": "application/json",
        "data": data if data is not None else valid(type_, **changes),
    }
    if subject is not None and type_ not in {"policy.changed", "offer.published"}:
        event["subject"] = subject
    return event


def _changed(sample: Sample, changes: Sample) -> Sample:
    for name, value in changes.items():
        field = name.removesuffix("_")
        if value is ...:
            sample.pop(field, None)
        else:
            sample[field] = value
    return sample


def _caller() -> Sample:
    return {"name": "Ada Quill", "company": "Quill & Sons", "number": "+441632960111"}


def _message_taken() -> Sample:
    return {
        "call_id": "call-1",
        "taken_at": "2026-11-20T09:58:30Z",
        "text": "Please ring back about the lease before noon.",
        "caller": _caller(),
        "for": {"person": "Tom Ash", "department": "sales"},
        "urgency": "routine",
        "category": "enquiry",
        "operator": "Kim",
        "dialled_number": "+441632960200",
        "callback_by": "2026-11-20T12:00:00Z",
        "transfer_outcome": "no_answer",
    }


def _call_waiting() -> Sample:
    return {
        "call_id": "call-1",
        "provider_call_id": "CA" + "0123456789abcdef" * 2,
        "not_after": "2026-11-20T10:00:20Z",
        "provider_account": "AC" + "fedcba9876543210" * 2,
        "return_to": "sip:desk@callcentre.example",
        "dialled_number": "+441632960200",
        "caller": _caller(),
        "for": {"person": "Tom Ash"},
        "reason": "Wants to speak to someone about the lease.",
    }


def _received() -> Sample:
    return {
        "item_id": "item-1",
        "received_at": "2026-11-20T08:15:00Z",
        "class": "letter",
        "addressee": "Harbour Lane Joinery",
        "sender": {"name": "Northfield Bank", "class": "bank"},
        "contains": ["cheque"],
    }


def _enquired() -> Sample:
    return {
        "name": "Tom Ash",
        "service_type": "phone answering",
        "via": "web",
        "address": "1 Harbour Lane\nWestport\nZZ1 1AA",
        "phone": "+441632960300",
        "email": "tom@harbourlane.example",
        "preferences_note": "Rings only in the mornings.",
    }


def _invoice() -> Sample:
    return {
        "invoice_number": "INV-2026-0107",
        "issued_on": "2026-11-01",
        "due_on": "2026-11-15",
        "currency": "GBP",
        "net": "100.00",
        "vat": "20.00",
        "gross": "120.00",
        "document": file(),
        "period": {"from": "2026-11-01", "to": "2026-11-30"},
    }


def _payment() -> Sample:
    return {
        "payment_id": "pay-1",
        "currency": "GBP",
        "amount": "120.00",
        "invoice_number": "INV-2026-0107",
    }


def _registered() -> Sample:
    return {
        "legal_name": "Harbour Lane Joinery Ltd",
        "services": ["phone_answering", "mail_forwarding"],
        "trading_name": "Harbour Lane Joinery",
        "contact": {
            "name": "Tom Ash",
            "email": "tom@harbourlane.example",
            "phone": "+441632960300",
        },
        "addresses": {"home": "2 Hill Rise, Westport", "business": "1 Harbour Lane, Westport"},
        "also_known_as": ["Harbour Joinery"],
        "time_zone": "Europe/London",
        "locale": "en-GB",
        "invoice_email": "accounts@harbourlane.example",
    }


def _number() -> Sample:
    return {"number": "+441632960200", "service": "phone_answering"}


def _consent() -> Sample:
    return {
        "purpose": "offers",
        "channel": "email",
        "method": "web form",
        "at": "2026-11-20T10:00:00Z",
        "wording_version": "2020-04",
        "evidence": "Ticked the box on the order page.",
    }


_SAMPLES: dict[str, Callable[[], Sample]] = {
    "call.message_taken": _message_taken,
    "call.waiting": _call_waiting,
    "call.ended": lambda: {
        "call_id": "call-1",
        "outcome": "message_taken",
        "ended_at": "2026-11-20T09:59:00Z",
    },
    "post.received": _received,
    "post.scanned": lambda: {
        **_received(),
        "scan": file(),
        "pages": 2,
        "opened_by": "Kim",
        "open_authority": "standing instruction",
    },
    "item.instructed": lambda: {
        "items": ["item-1"],
        "do": "forward",
        "told_us_by": "phone",
        "postal_destination": "d-postal",
    },
    "post.dispatched": lambda: {
        "dispatch_id": "dispatch-1",
        "items": ["item-1", "item-2"],
        "destination_id": "d-postal",
        "carrier": "Royal Mail",
        "handed_over_at": "2026-11-20T16:30:00Z",
        "service_class": "first",
        "tracking_reference": "QX123456785GB",
        "operator": "Kim",
    },
    "post.disposed": lambda: {
        "items": ["item-1"],
        "how": "collected",
        "at": "2026-11-20T16:30:00Z",
        "by": "Kim",
        "authority": "customer at the desk",
    },
    "invoice.issued": _invoice,
    "invoice.overdue": lambda: {
        "invoice_number": "INV-2026-0107",
        "due_on": "2026-11-15",
        "currency": "GBP",
        "gross": "120.00",
    },
    "invoice.cancelled": lambda: {
        "invoice_number": "INV-2026-0107",
        "reason": "Issued twice.",
        "credit_note": file(),
    },
    "payment.received": lambda: {
        **_payment(),
        "received_at": "2026-11-14T11:00:00Z",
        "provider_reference": "ch_7Hq2",
    },
    "payment.failed": lambda: {
        **_payment(),
        "reason": "card_expired",
        "next_retry_at": "2026-11-21T09:00:00Z",
    },
    "subscription.chosen": lambda: {
        "subscription_id": "sub-1",
        "plan": "Office 50",
        "method_label": "card ending 4242",
        "provider_token": "pm_9Kd1",
        "starts_on": "2026-12-01",
        "period": "monthly",
        "currency": "GBP",
        "amount": "120.00",
    },
    "subscription.ended": lambda: {"subscription_id": "sub-1", "ended_on": "2027-03-31"},
    "customer.enquired": _enquired,
    "customer.ordered": lambda: {**_enquired(), "stage": "placed", "order_id": "order-1"},
    "customer.registered": _registered,
    "customer.corrected": lambda: {**_registered(), "told_us_by": "email"},
    "number.assigned": _number,
    "number.released": _number,
    "identity.checked": lambda: {
        "individual_id": "person-1",
        "check": "passport",
        "result": "passed",
        "date_of_birth": "1980-02-29",
        "document_number": "ZZ0000001",
        "evidence": file(),
    },
    "destination.added": lambda: {
        "destination_id": "d-mobile",
        "kind": "mobile",
        "value": "07700 900123",
        "label": "Tom's mobile",
        "person": "Tom Ash",
    },
    "destination.verified": lambda: {
        "destination_id": "d-mobile",
        "how": "code by text",
        "verified_at": "2026-11-20T10:00:00Z",
    },
    "destination.removed": lambda: {"destination_id": "d-mobile"},
    "preferences.set": lambda: {
        "rules": [catch_all()],
        "callers": {"vip": ["+441632960111"], "blocked": []},
        "based_on_version": 0,
        "told_us_by": "web",
        "set_by": "Tom Ash",
    },
    "service.started": lambda: {
        "services": ["phone_answering", "mail_forwarding"],
        "started_at": "2026-11-20T09:00:00Z",
    },
    "service.terminated": lambda: {
        "terminated_at": "2026-11-20T17:00:00Z",
        "reason": "Moved to an office of their own.",
    },
    "consent.given": _consent,
    "consent.withdrawn": _consent,
    "rights.requested": lambda: {
        "request_id": "right-1",
        "kind": "access",
        "via": "email",
        "received_at": "2026-11-20T10:00:00Z",
        "detail": "All of it, please.",
    },
    "erasure.confirmed": lambda: {
        "request_id": "right-1",
        "processor": "callcentre",
        "at": "2026-11-21T10:00:00Z",
    },
    "event.withdrawn": lambda: {
        "source": "/callcentre/doncaster",
        "id": "e-0",
        "reason": "Taken for the wrong customer.",
    },
    "note.recorded": lambda: {
        "note_id": "note-1",
        "channel": "phone",
        "author": "Kim",
        "text": "Asked us to ring the mobile first from Monday.",
        "at": "2026-11-20T10:00:00Z",
        "follow_up_by": "2026-11-23T09:00:00Z",
        "amends": "note-0",
    },
    "correspondence.recorded": lambda: {
        "message_id": "<1@harbourlane.example>",
        "direction": "in",
        "from": "tom@harbourlane.example",
        "to": ["office@onward.example"],
        "at": "2026-11-20T10:00:00Z",
        "subject": "Our new mobile",
        "text": "Please note our new number.",
        "attachments": [file()],
        "in_reply_to": "<0@onward.example>",
    },
    "policy.changed": lambda: {
        "version": "2027-01",
        "major": True,
        "published_at": "2026-11-20T10:00:00Z",
        "effective_at": "2027-01-01T00:00:00Z",
        "url": "https://www.example.com/policy",
        "sha256": sha256(b"policy").hexdigest(),
        "summary": "We now keep scans for three years.",
    },
    "offer.published": lambda: {
        "campaign_id": "winter",
        "headline": "A meeting room, free on Fridays",
        "body": "Book by telephone.",
        "valid_until": "2027-01-31T00:00:00Z",
        "services": ["phone_answering"],
    },
}

TYPES = tuple(_SAMPLES)

REQUIRED: dict[str, tuple[str, ...]] = {
    "call.message_taken": ("call_id", "taken_at", "text"),
    "call.waiting": ("call_id", "provider_call_id", "not_after"),
    "call.ended": ("call_id", "outcome", "ended_at"),
    "post.received": ("item_id", "received_at", "class"),
    "post.scanned": ("item_id", "received_at", "class", "scan", "pages"),
    "item.instructed": ("items", "do", "told_us_by"),
    "post.dispatched": ("dispatch_id", "items", "destination_id", "carrier", "handed_over_at"),
    "post.disposed": ("items", "how", "at", "by"),
    "invoice.issued": (
        "invoice_number",
        "issued_on",
        "due_on",
        "currency",
        "net",
        "vat",
        "gross",
        "document",
    ),
    "invoice.overdue": ("invoice_number", "due_on", "currency", "gross"),
    "invoice.cancelled": ("invoice_number", "reason"),
    "payment.received": ("payment_id", "currency", "amount", "received_at"),
    "payment.failed": ("payment_id", "currency", "amount", "reason"),
    "subscription.chosen": (
        "subscription_id",
        "plan",
        "method_label",
        "provider_token",
        "starts_on",
        "period",
        "currency",
        "amount",
    ),
    "subscription.ended": ("subscription_id", "ended_on"),
    "customer.enquired": ("name", "service_type", "via"),
    "customer.ordered": ("name", "service_type", "via", "stage"),
    "customer.registered": ("legal_name", "services"),
    "customer.corrected": ("told_us_by",),
    "number.assigned": ("number", "service"),
    "number.released": ("number", "service"),
    "identity.checked": ("individual_id", "check", "result"),
    "destination.added": ("destination_id", "kind", "value"),
    "destination.verified": ("destination_id", "how", "verified_at"),
    "destination.removed": ("destination_id",),
    "preferences.set": ("rules", "told_us_by", "set_by"),
    "service.started": ("services", "started_at"),
    "service.terminated": ("terminated_at",),
    "consent.given": ("purpose", "channel", "method", "at"),
    "consent.withdrawn": ("purpose", "channel", "method", "at"),
    "rights.requested": ("request_id", "kind", "via", "received_at"),
    "erasure.confirmed": ("request_id", "processor", "at"),
    "event.withdrawn": ("source", "id", "reason"),
    "note.recorded": ("note_id", "channel", "author", "text", "at"),
    "correspondence.recorded": ("message_id", "direction", "from", "to", "at"),
    "policy.changed": (
        "version",
        "major",
        "published_at",
        "effective_at",
        "url",
        "sha256",
        "summary",
    ),
    "offer.published": ("campaign_id", "headline", "body"),
}
