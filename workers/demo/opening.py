"""How does a business become a customer? The events of its registration, in their order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from workers.demo.office import POST, Business
from workers.demo.telling import REGISTRATION, Told

JOINS_LATER = "C-2012"
_POST_SERVICES = frozenset({*POST, "registered_office"})


def joining(business: Business, now: datetime, shows: str = "") -> tuple[Told, ...]:
    """Give all that is told about a business until its services start."""
    return tuple(
        Told(
            f"{business.ref}-{number}-{kind.rpartition('.')[2]}",
            REGISTRATION,
            kind,
            data,
            business.ref,
            shows if kind == "customer.registered" else "",
        )
        for number, (kind, data) in enumerate(_steps(business, now.isoformat()), 1)
    )


def _steps(business: Business, now: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "customer.registered", _registration(business)
    for place in business.places:
        yield (
            "destination.added",
            {"destination_id": place.id, "kind": place.kind, "value": place.value},
        )
        yield (
            "destination.verified",
            {"destination_id": place.id, "how": "code sent and read back", "verified_at": now},
        )
    if business.number is not None:
        yield "number.assigned", {"number": business.number, "service": business.services[-1]}
    callers = {"callers": business.callers} if business.callers is not None else {}
    yield (
        "preferences.set",
        {"rules": business.rules, "told_us_by": "web", "set_by": business.person, **callers},
    )
    yield "service.started", {"services": business.services, "started_at": now}
    if business.consents:
        yield (
            "consent.given",
            {
                "purpose": "offers",
                "channel": "email",
                "method": "web form",
                "at": now,
                "wording_version": "3",
            },
        )


def _registration(business: Business) -> dict[str, Any]:
    contact = {"name": business.person}
    if business.email is not None:
        contact["email"] = business.email
    found: dict[str, Any] = {
        "legal_name": business.name,
        "services": business.services,
        "contact": contact,
        "time_zone": business.time_zone,
    }
    if business.invoice_email is not None:
        found["invoice_email"] = business.invoice_email
    if not _POST_SERVICES.isdisjoint(business.services):
        found["addresses"] = {"business": "1 Example Row, Exampleton"}
    return found
