"""What goes to a customer whatever their rules say: invoices, policy notices, agreed offers.

These go by email to the pseudo-destination `INVOICE_EMAIL`, which counts as specified by the
customer. `rule_id` then names the way itself; its `@` keeps it apart from customers' rules.
"""

from datetime import datetime
from typing import Final

from contracts.planning import INVOICE_EMAIL, NonSend, Plan, PlannedDelivery
from contracts.vocabulary import Channel, Content, Mode, Purpose, Reason
from workers.routing.case import Case
from workers.routing.sending import Sends, sends_of

BILLING_WAY: Final = "@billing"
POLICY_WAY: Final = "@policy"
OFFERS_WAY: Final = "@offers"
HELD_WAY: Final = "@held"  # what goes instead of an email whose document is held back


def plan_billing(case: Case) -> Plan:
    """The invoice email, and the notice elsewhere that a matching rule adds.

    `invoice.cancelled` goes the same way, since whoever was sent the invoice must be told.
    """
    by_email = _to_invoice_email(case, BILLING_WAY)
    added = Sends() if case.is_terminated else _added(case)
    return Plan(by_email.deliveries + added.deliveries, by_email.non_sends + added.non_sends)


def plan_policy_notice(case: Case) -> Plan:
    """The notice of a changed policy, to every customer on record."""
    if not case.customer.registered:
        return Plan()
    sends = _to_invoice_email(case, POLICY_WAY)
    return Plan(sends.deliveries, sends.non_sends)


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
    return Sends(
        (
            PlannedDelivery(
                channel=Channel.EMAIL,
                destination_id=INVOICE_EMAIL,
                destination_version=destination.version,
                rule_id=way,
                rule_version=case.customer.rules_version,
                step=0,
                mode=Mode.ALL,
                content=Content.FULL,
                lane=case.facts.lane,
                purpose=case.facts.purpose,
                due_at=case.now,
                deadline_at=_deadline(case),
                attach=case.facts.has_document,
            ),
        )
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
