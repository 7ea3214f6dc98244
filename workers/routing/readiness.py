"""What is still missing before a customer's services can start?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from contracts.planning import Customer, IdentityPolicy
from contracts.rules import RuleSet
from contracts.vocabulary import Service
from workers.routing.checks import (
    lacks_catch_all,
    misfits,
    named_destinations,
    without_catch_all,
)
from workers.routing.identity import WHY, ground_of, unproven
from workers.routing.services import produced


class Lack(StrEnum):
    """The kinds of things that can be missing."""

    REGISTRATION = "registration"
    RULES = "rules"
    CATCH_ALL = "catch_all"
    DESTINATION = "destination"
    VERIFICATION = "verification"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing: its kind, what it concerns (a type or an id), how to mend it."""

    what: Lack
    about: str | None
    text: str


def missing_for_service(
    customer: Customer, services: Collection[Service], identity: IdentityPolicy
) -> tuple[Missing, ...]:
    """Everything that keeps these services from starting; empty when they can."""
    return tuple(_missing(customer, services, identity))


def _missing(
    customer: Customer, services: Collection[Service], identity: IdentityPolicy
) -> Iterator[Missing]:
    if not customer.registered:
        yield Missing(Lack.REGISTRATION, None, "customer.registered has not come")
    if identity.before_service:
        yield from _identity(customer, services, identity)
    if customer.rules is None or not customer.rules.rules:
        yield Missing(Lack.RULES, None, "preferences.set has not come, or sets no rule")
        return
    yield from _catch_alls(customer.rules, services)
    yield from _destinations(customer, customer.rules)
    yield from _misfits(customer, customer.rules)


def _identity(
    customer: Customer, services: Collection[Service], policy: IdentityPolicy
) -> Iterator[Missing]:
    why = ground_of(services, customer.kind, policy)
    if why is not None:
        for individual, text in unproven(customer):
            yield Missing(
                Lack.IDENTITY, individual, f"identity: {individual or 'nobody'}: {text}; {WHY[why]}"
            )


def _catch_alls(rules: RuleSet, services: Collection[Service]) -> Iterator[Missing]:
    for kind in without_catch_all(rules.rules, produced(services)):
        yield Missing(Lack.CATCH_ALL, kind, lacks_catch_all(kind))


def _destinations(customer: Customer, rules: RuleSet) -> Iterator[Missing]:
    for name in named_destinations(rules.rules):
        destination = customer.destinations.get(name)
        if destination is None:
            yield Missing(Lack.DESTINATION, name, "a rule names it, and it has not been added")
        elif not destination.verified:
            yield Missing(Lack.VERIFICATION, name, "a rule names it, and it is not verified")


def _misfits(customer: Customer, rules: RuleSet) -> Iterator[Missing]:
    """What fitted when the rules were set, and does no more: a place or a service has changed."""
    for rule in rules.rules:
        for field, text in misfits(rule, customer.destinations, produced(customer.contracted)):
            yield Missing(Lack.RULES, f"{rule.rule_id}: {field}", text)
