"""How do suppliers learn of a customer? They are told, and corrected, the fields of their list."""

from typing import Literal
from uuid import UUID

from contracts.vocabulary import TELEPHONE_SERVICES, ContestedField, Role, Service
from store.customers.known import profile_of
from store.engine import Transaction
from store.outbox import Outcome
from store.rights import contests
from store.rights.supplier_disclosures import disclose

Telling = Literal["supplier.told", "supplier.corrected"]
SOURCES = frozenset({"legal_name", "trading_name", "contact"})  # of what suppliers are told


def tell_suppliers(
    tx: Transaction,
    ref: str,
    name: Telling,
    services: frozenset[Service],
    about: UUID,
    event_id: UUID | None,
) -> tuple[Outcome, ...]:
    """Tell who answers a customer's calls whom it answers for; nobody where nobody does.

    Nothing is told while any of it is contested: settling that tells it. ``about`` is what makes
    it one telling, however often it is told.
    """
    if TELEPHONE_SERVICES.isdisjoint(services) or contests.standing(tx, ref, list(ContestedField)):
        return ()
    profile = profile_of(tx, ref) or {}
    contact = profile.get("contact") or {}
    told = {
        "name": contact.get("name") or profile.get("legal_name"),
        "business_name": profile.get("trading_name") or profile.get("legal_name"),
    }
    return (disclose(tx, Role.CALL_CENTRE, name, ref, told, about, event_id),)
