"""How is one event of the day written down, with no more words than matter?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from workers.demo.documents import Paper
from workers.demo.office import Business
from workers.demo.telling import BILLING, CALL_CENTRE, MAILROOM, REGISTRATION, Told

# what becomes of most
SMS = "sms d-mobile delivered"
EMAIL = "email d-email accepted"
INVOICED = "email @invoice accepted"

CARD = "4111 1111 1111 1111"
PUT_THROUGH, RUNG_OUT, TOO_LATE, ASTRAY = (f"CA{n:032x}" for n in range(0xA1, 0xA5))
LEAVES = "C-2013"

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes events with sensible defaults; ``now`` is when the day is played."""

    now: datetime
    papers: Mapping[str, Paper]
    office: Mapping[str, Business]

    def at(self, hours: float = 0) -> str:
        """Give an instant so many hours from now."""
        return (self.now + timedelta(hours=hours)).isoformat()

    def day(self, days: int) -> str:
        """Give a date so many days from now."""
        return (self.now + timedelta(days=days)).date().isoformat()

    def message(
        self,
        name: str,
        ref: str | None,
        shows: str,
        *,
        ends: Lines = (),
        meanwhile: Lines | None = None,
        answer: str = "accepted",
        again: bool = False,
        through: str | None = None,
        **data: object,
    ) -> Told:
        """A caller left word; ``person`` and ``department`` say for whom."""
        wanted = {k: data.pop(k) for k in ("person", "department") if k in data}
        taken = {
            "call_id": name,
            "taken_at": self.at(),
            "text": "Please ring back about the order.",
            "caller": {"name": "Priya Nair", "number": "07700 900400"},
            **({"for": wanted} if wanted else {}),
            **data,
        }
        return Told(
            name,
            CALL_CENTRE,
            "call.message_taken",
            taken,
            ref,
            shows,
            ends,
            meanwhile,
            answer,
            again,
            through,
        )

    def call(
        self, name: str, sid: str, dialled: str, shows: str, told_back: str, ends: Lines = ()
    ) -> Told:
        """A caller is on the line; one whose end is `expired` has waited too long already."""
        patience = timedelta(seconds=-30 if told_back == "expired" else 600)
        data = {
            "call_id": name,
            "provider_call_id": sid,
            "not_after": (self.now + patience).isoformat(),
            "dialled_number": dialled,
            "caller": {"number": "07700 900301"},
            "reason": "Wants to speak to somebody now.",
        }
        return Told(
            name, CALL_CENTRE, "call.waiting", data, shows=shows, ends=ends, told_back=told_back
        )

    def item(
        self,
        name: str,
        item: str,
        ref: str | None,
        shows: str,
        *,
        ends: Lines,
        meanwhile: Lines | None = None,
        answer: str = "accepted",
        size: str = "letter",
        **data: object,
    ) -> Told:
        """An item came by post."""
        found = {"item_id": item, "received_at": self.at(), "class": size, **data}
        return Told(name, MAILROOM, "post.received", found, ref, shows, ends, meanwhile, answer)

    def scan(self, name: str, item: str, paper: str, ref: str, shows: str) -> Told:
        """It was opened and scanned."""
        data = {
            "item_id": item,
            "received_at": self.at(),
            "class": "letter",
            "scan": self.papers[paper].reference(),
            "pages": 1,
            "opened_by": "Tam",
            "open_authority": "the customer's rules",
        }
        return Told(name, MAILROOM, "post.scanned", data, ref, shows, (EMAIL,))

    def invoice(
        self,
        name: str,
        number: str,
        ref: str,
        gross: str,
        shows: str = "An invoice goes by email, its PDF with it",
        *,
        ends: Lines,
    ) -> Told:
        """An invoice, with its PDF; ``gross`` holds VAT of a fifth of the rest."""
        vat = (Decimal(gross) / 6).quantize(Decimal("0.01"))
        data = {
            "invoice_number": number,
            "issued_on": self.day(0),
            "due_on": self.day(14),
            "currency": "GBP",
            "net": str(Decimal(gross) - vat),
            "vat": str(vat),
            "gross": gross,
            "document": self.papers[number].reference(),
        }
        return self.bill(name, "invoice.issued", ref, shows, data, ends)

    def bill(
        self,
        name: str,
        kind: str,
        ref: str,
        shows: str,
        data: Mapping[str, Any],
        ends: Lines = (),
    ) -> Told:
        """Anything else that billing reports."""
        return Told(name, BILLING, kind, data, ref, shows, ends)

    def of(
        self,
        name: str,
        kind: str,
        ref: str,
        data: Mapping[str, Any],
        shows: str = "",
        ends: Lines = (),
        answer: str = "accepted",
    ) -> Told:
        """Whatever the registration reports of a customer."""
        return Told(name, REGISTRATION, kind, data, ref, shows, ends, answer=answer)
