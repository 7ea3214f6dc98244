"""What do the day's scans and invoices look like? Real PDFs, made with fpdf2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

MEDIA_TYPE = "application/pdf"
_MARGIN, _LINE = 20, 8


@dataclass(frozen=True, slots=True)
class Paper:
    """One file, and how events refer to it."""

    name: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return sha256(self.content).hexdigest()

    def reference(self) -> dict[str, Any]:
        """Refer to the file as an event does, once it is uploaded."""
        return {
            "uri": f"blob:{self.digest}",
            "sha256": self.digest,
            "media_type": MEDIA_TYPE,
            "bytes": len(self.content),
        }


def papers(now: datetime) -> Mapping[str, Paper]:
    """Make every document of the day, by its name."""
    issued = f"{now:%d %B %Y}"
    made = [
        _paper(
            "letter",
            now,
            [
                "HM Example Registry",
                issued,
                "",
                "To: Fenwick & Daughters Solicitors",
                "",
                "Your annual statement is due. This is a sample letter.",
            ],
        ),
        _paper(
            "summons",
            now,
            [
                "Exampleton County Court",
                issued,
                "",
                "To: Moira Fenwick",
                "",
                "Notice of a hearing. This is a sample letter.",
            ],
        ),
        _invoice("INV-3001", "Marlowe Joinery", "84.00", now),
        _invoice("INV-3002", "Fenwick & Daughters Solicitors", "156.00", now),
        _invoice("INV-3003", "Saltmarsh Pottery", "60.00", now),
        _invoice("INV-3004", "Lantern Events", "48.00", now),
        _invoice("INV-3005", "Copperfield Tutors", "36.00", now),
        _paper("CN-3003", now, ["Brindle & Hart", "", "Credit note for invoice INV-3003", issued]),
    ]
    return {paper.name: paper for paper in made}


def _invoice(number: str, business: str, gross: str, now: datetime) -> Paper:
    lines = [
        "Brindle & Hart Virtual Offices Ltd",
        "",
        f"Invoice {number}",
        f"{now:%d %B %Y}",
        "",
        f"To: {business}",
        f"Services of this month, VAT included: GBP {gross}",
    ]
    return _paper(number, now, lines)


def _paper(name: str, now: datetime, lines: Sequence[str]) -> Paper:
    from fpdf import FPDF  # noqa: PLC0415 - an extra: day.play says plainly where it is missing

    page = FPDF(format="A4")
    page.set_creation_date(now)
    page.set_title(name)
    page.set_margin(_MARGIN)
    page.add_page()
    page.set_font("Helvetica", size=12)
    for line in lines:
        page.cell(0, _LINE, line, new_x="LMARGIN", new_y="NEXT")
    return Paper(name, bytes(page.output()))
