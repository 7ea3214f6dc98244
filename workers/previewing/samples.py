"""What does one of each event that customers are written about look like? Every field filled in."""

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final

from contracts.events import TYPES, EventData

_PDF_BYTES: Final = 1_234_567  # what the sample says of its document; its page is smaller
_CALLER: Final = {
    "name": "Ada Quill",
    "company": "Quill & Sons",
    "number": "+441632960111",
}
_FILE: Final = {
    "uri": f"blob:{sha256(b'sample').hexdigest()}",
    "sha256": sha256(b"sample").hexdigest(),
    "media_type": "application/pdf",
    "bytes": _PDF_BYTES,
}
_ITEM: Final = {
    "item_id": "item-2041",
    "received_at": "2026-11-20T08:15:00Z",
    "class": "large_letter",
    "addressee": "Harbour Lane Joinery",
    "sender": {"name": "Northfield Bank", "class": "bank"},
    "contains": ["cheque"],
}
_INVOICE: Final = {
    "invoice_number": "INV-2026-0107",
    "due_on": "2026-12-01",
    "currency": "GBP",
    "gross": "120.00",
}

SAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "call.message_taken": {
            "call_id": "call-7731",
            "taken_at": "2026-11-20T09:58:30Z",
            "text": "Please ring back about the lease before noon.\nIt is about the north wall.",
            "caller": _CALLER,
            "for": {"person": "Tom Ash", "department": "sales"},
            "urgency": "urgent",
            "category": "enquiry",
            "callback_by": "2026-11-20T12:00:00Z",
            "transfer_outcome": "no_answer",
        },
        "call.waiting": {
            "call_id": "call-7732",
            "provider_call_id": "CA" + "0" * 32,
            "not_after": "2026-11-20T10:00:20Z",
            "caller": _CALLER,
            "for": {"person": "Tom Ash"},
            "reason": "Wants to speak to someone about the lease.",
        },
        "post.received": _ITEM,
        "post.scanned": {**_ITEM, "scan": _FILE, "pages": 3},
        "invoice.issued": {
            **_INVOICE,
            "issued_on": "2026-11-01",
            "net": "100.00",
            "vat": "20.00",
            "document": _FILE,
            "period": {"from": "2026-11-01", "to": "2026-11-30"},
        },
        "invoice.overdue": _INVOICE,
        "invoice.cancelled": {
            "invoice_number": "INV-2026-0107",
            "reason": "It was issued twice.",
            "credit_note": _FILE,
        },
        "payment.failed": {
            "payment_id": "pay-88",
            "currency": "GBP",
            "amount": "120.00",
            "reason": "card_expired",
            "invoice_number": "INV-2026-0107",
            "next_retry_at": "2026-11-23T09:00:00Z",
        },
        "policy.changed": {
            "version": "2027-01",
            "major": True,
            "published_at": "2026-11-20T10:00:00Z",
            "effective_at": "2027-01-01T00:00:00Z",
            "url": "https://www.example.com/policy",
            "sha256": sha256(b"policy").hexdigest(),
            "summary": "We now keep scans for three years.",
        },
        "offer.published": {
            "campaign_id": "winter",
            "headline": "A meeting room, free on Fridays",
            "body": "Book by telephone.\nThe offer is for all our customers.",
            "valid_until": "2027-01-31T00:00:00Z",
        },
        "rights.requested": {
            "request_id": "r-5",
            "kind": "access",
            "via": "phone",
            "received_at": "2026-11-20T09:00:00Z",
        },
    }
)


def sample(event_type: str) -> EventData:
    """Give the sample of a type. Raises ``KeyError`` where nobody is ever written about it."""
    return TYPES[event_type].model.model_validate(SAMPLES[event_type])


def sample_document() -> bytes:
    """Make a PDF of one page, to stand for any document."""
    from pypdf import PdfWriter  # noqa: PLC0415 - 12 MiB, for whoever wants to see an attachment

    writer = PdfWriter()
    writer.add_blank_page(width=595, height=842)
    written = BytesIO()
    writer.write(written)
    return written.getvalue()
