"""Which services produce an event, and has one of them started for its customer?"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

from contracts.planning import Customer
from contracts.rule_words import Matchable
from contracts.vocabulary import POST_SERVICES, TELEPHONE_SERVICES, Service

CALLS: Final = (Matchable.CALL_WAITING, Matchable.CALL_MESSAGE_TAKEN)
POST: Final = (Matchable.POST_RECEIVED, Matchable.POST_SCANNED)
BILLING: Final = (Matchable.INVOICE_ISSUED, Matchable.INVOICE_OVERDUE, Matchable.PAYMENT_FAILED)

_SERVICES: Final[Mapping[str, frozenset[Service]]] = MappingProxyType(
    {kind.value: TELEPHONE_SERVICES for kind in CALLS}
    | {kind.value: POST_SERVICES for kind in POST}
)
# These wait for no customer: they make one, or a caller on the line cannot wait.
_NOBODY_YET: Final = frozenset(
    {
        "call.ended",
        "call.waiting",
        "customer.enquired",
        "customer.ordered",
        "customer.registered",
    }
)

# Whoever we hold anything of may ask: not only who has registered.
_OF_PROSPECTS: Final = frozenset({"rights.requested", "correspondence.recorded", "note.recorded"})


def produced(services: Collection[Service]) -> tuple[Matchable, ...]:
    """The types, billing aside, of which these services produce events."""
    return tuple(kind for kind in CALLS + POST if not _SERVICES[kind].isdisjoint(services))


def awaited(event_type: str, customer: Customer | None) -> Literal["customer", "service"] | None:
    """What an event of a customer waits for before it is planned, if it waits."""
    if event_type in _NOBODY_YET:
        return None
    if customer is None or not (customer.registered or event_type in _OF_PROSPECTS):
        return "customer"
    if not is_served(event_type, customer) and customer.terminated_at is None:
        return "service"
    return None


def is_served(event_type: str, customer: Customer | None) -> bool:
    """Whether a service that produces this event has started for the customer.

    A waiting call without goes back to the agent at once.
    """
    wanted = _SERVICES.get(event_type)
    if wanted is None:
        return True
    return customer is not None and not wanted.isdisjoint(customer.started)
