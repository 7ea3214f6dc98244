"""Which services produce an event, has one of them started, and for which was it reported?"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

from contracts.events.post import PostReceived
from contracts.planning import Customer, Routable
from contracts.rule_words import Matchable
from contracts.vocabulary import POST_SERVICES, TELEPHONE_SERVICES, Service

CALLS: Final = (Matchable.CALL_WAITING, Matchable.CALL_MESSAGE_TAKEN)
POST: Final = (Matchable.POST_RECEIVED, Matchable.POST_SCANNED)
BILLING: Final = (Matchable.INVOICE_ISSUED, Matchable.INVOICE_OVERDUE, Matchable.PAYMENT_FAILED)

_SERVICES: Final[Mapping[str, frozenset[Service]]] = MappingProxyType(
    {kind.value: TELEPHONE_SERVICES for kind in CALLS}
    | {kind.value: POST_SERVICES for kind in POST}
)
# Whose post a registered office is there to take in.
_OFFICIAL: Final = frozenset({"official", "court"})
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


def service_of(
    event: Routable, customer: Customer, assigned: Service | None = None
) -> Service | None:
    """For which of the customer's services an event was reported; none for what is for all.

    ``assigned`` is what the number that was dialled serves, where that is one of the customer's.
    """
    match event.data:
        case PostReceived(kinds=kinds):
            return post_service(customer, kinds | event.kinds)
        case _ if _SERVICES.get(event.type) is TELEPHONE_SERVICES:
            return _one_of(TELEPHONE_SERVICES, customer, assigned or Service.PHONE_ANSWERING)
        case _:
            return None


def post_service(customer: Customer, kinds: Collection[str]) -> Service | None:
    """For which of the customer's services an item came, by all that is known of its kinds.

    A registered office is there for what authorities and courts send.
    """
    official = not _OFFICIAL.isdisjoint(kinds)
    likely = Service.REGISTERED_OFFICE if official else Service.MAIL_FORWARDING
    return _one_of(POST_SERVICES, customer, likely)


def _one_of(services: frozenset[Service], customer: Customer, likely: Service) -> Service | None:
    """The customer's only one of some services; of several the likely one, else the first."""
    theirs = services & (customer.started or customer.contracted)
    return likely if likely in theirs else min(theirs, default=None)
