"""What goes to a customer whatever their rules say: invoices, policy notices, agreed offers.

These go by email to the pseudo-destination `INVOICE_EMAIL`, which counts as specified by the
customer; a policy notice that does not arrive there goes on to their other places. `rule_id` then
names the way itself; its `@` keeps it apart from customers' rules.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from contracts.planning import (
    INVOICE_EMAIL,
    Customer,
    Destination,
    NonSend,
    Plan,
    PlannedDelivery,
)
from contracts.vocabulary import Channel, Content, DestinationKind, Mode, Purpose, Reason
from workers.routing.case import Case
from workers.routing.sending import WRITTEN, Sends, sends_of

BILLING_WAY: Final = "@billing"
POLICY_WAY: Final = "@policy"
OFFERS_WAY: Final = "@offers"
APART_WAY: Final = "@apart"  # what goes by itself, because a digest has no room for its document
HELD_WAY: Final = "@held"  # what goes instead of an email whose document is held back


def plan_billing(case: Case) -> Plan:
    """The invoice email, and the notice elsewhere that a matching rule adds.

    `invoice.cancelled` goes the same way, since whoever was sent the invoice must be told.
    """
    if case.facts.moot is not None:
        return Plan(non_sends=(_not_sent(case, BILLING_WAY, case.facts.moot),))
    by_email = _to_invoice_email(case, BILLING_WAY)
    added = Sends() if case.is_terminated else _added(case)
    return Plan(by_email.deliveries + added.deliveries, by_email.non_sends + added.non_sends)


def plan_policy_notice(case: Case) -> Plan:
    """The notice of a changed policy, to every customer on record: to one place of theirs."""
    if not case.customer.registered:
        return Plan()
    first = next_policy_step(case, -1, ())
    match first:
        case PlannedDelivery():
            return Plan((first,))
        case NonSend():
            return Plan(non_sends=(first,))


def next_policy_step(
    case: Case, after_step: int, tried: Collection[str]
) -> PlannedDelivery | NonSend:
    """Where the notice of a changed policy goes next, of the places that it was not ``tried`` at.

    To where invoices go, then to verified emails, then to verified mobiles: every customer must
    be told, and one place that does not take it is no excuse.
    """
    destination = next(
        (one for one in _policy_places(case.customer) if one.destination_id not in tried), None
    )
    if destination is None:
        return _not_sent(case, POLICY_WAY, Reason.NO_ADDRESS)
    return _own_delivery(
        case,
        POLICY_WAY,
        destination,
        step=after_step + 1,
        mode=Mode.FIRST,
        reason=Reason.PLANNED if after_step < 0 else Reason.NEXT_STEP,
    )


def _policy_places(customer: Customer) -> Iterator[Destination]:
    places = customer.destinations
    if INVOICE_EMAIL in places:
        yield places[INVOICE_EMAIL]
    for kind in (DestinationKind.EMAIL, DestinationKind.MOBILE):
        for name in sorted(places.keys() - {INVOICE_EMAIL}):
            if places[name].kind is kind and places[name].verified:
                yield places[name]


def plan_offer(case: Case) -> Plan:
    """An offer, to those who agreed to offers and whose services it is about."""
    facts, customer = case.facts, case.customer
    concerned = not facts.services or not facts.services.isdisjoint(customer.contracted)
    if not customer.registered or not concerned:
        return Plan()
    refusal = _offer_refusal(case)
    if refusal is not None:
        return Plan(non_sends=(_not_sent(case, OFFERS_WAY, refusal),))
    sends = _to_invoice_email(case, OFFERS_WAY)
    return Plan(sends.deliveries, sends.non_sends)


def capped(plan: Plan, lately: int, most: int) -> Plan:
    """What is left of an offer's plan for a customer who was sent so many offers ``lately``."""
    if lately < most or not plan.deliveries:
        return plan
    (offer,) = plan.deliveries
    not_sent = NonSend(
        reason=Reason.OFFERS_CAPPED,
        purpose=offer.purpose,
        rule_id=offer.rule_id,
        rule_version=offer.rule_version,
        channel=offer.channel,
        destination_id=offer.destination_id,
    )
    return Plan(non_sends=(*plan.non_sends, not_sent))


def _offer_refusal(case: Case) -> Reason | None:
    if case.is_terminated:
        return Reason.SERVICE_TERMINATED
    if Purpose.OFFERS not in case.customer.consents:
        return Reason.NO_CONSENT
    if case.facts.valid_until is not None and case.facts.valid_until <= case.now:
        return Reason.DEADLINE
    return None


def _added(case: Case) -> Sends:
    """What the customer's rules add; no rule and a silent rule take nothing away."""
    rule = case.rule()
    if rule is None or rule.sends_nothing:
        return Sends()
    return sends_of(rule, case)


def _to_invoice_email(case: Case, way: str) -> Sends:
    destination = case.customer.destinations.get(INVOICE_EMAIL)
    if destination is None:
        return Sends(non_sends=(_not_sent(case, way, Reason.NO_ADDRESS),))
    return Sends((_own_delivery(case, way, destination),))


def _own_delivery(
    case: Case,
    way: str,
    destination: Destination,
    *,
    step: int = 0,
    mode: Mode = Mode.ALL,
    reason: Reason = Reason.PLANNED,
) -> PlannedDelivery:
    return PlannedDelivery(
        channel=WRITTEN[destination.kind],
        destination_id=destination.destination_id,
        destination_version=destination.version,
        rule_id=way,
        rule_version=case.customer.rules_version,
        step=step,
        mode=mode,
        content=Content.FULL,
        lane=case.facts.lane,
        purpose=case.facts.purpose,
        due_at=case.now,
        deadline_at=_deadline(case),
        attach=case.facts.has_document,
        reason=reason,
    )


def _deadline(case: Case) -> datetime:
    deadline = case.deadline(case.now)
    valid_until = case.facts.valid_until
    return deadline if valid_until is None else min(deadline, valid_until)


def _not_sent(case: Case, way: str, reason: Reason) -> NonSend:
    return NonSend(
        reason=reason,
        purpose=case.facts.purpose,
        rule_id=way,
        rule_version=case.customer.rules_version,
        channel=Channel.EMAIL,
        destination_id=INVOICE_EMAIL,
    )
