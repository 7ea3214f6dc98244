"""What becomes of one event: taken up, made to wait, or refused.

The same decision is made for an event that comes in and for one that has waited.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from config.policies import Policies
from contracts.events.customers import NumberAssigned
from contracts.planning import Customer, Plan, Routable
from contracts.problems import Problem
from contracts.vocabulary import Channel, Reason, Role, Service
from store.customers.known import Assigned, Readings, assigned
from store.deliveries.adding import Due
from store.engine import Transaction
from store.outbox import Outcome, to_publisher, to_role
from workers.forwarded import End
from workers.intake.effects.known import with_what_is_known
from workers.intake.effects.post import beside_what_stands
from workers.intake.effects.scene import Effect, Scene
from workers.intake.effects.table import EFFECTS
from workers.intake.submission import Incoming
from workers.intake.whose import Awaited, customer_name, resolve
from workers.routing.facts import facts_of
from workers.routing.planning import plan as plan_event
from workers.routing.services import awaited, is_served, service_of


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of one event. One of ``awaits``, ``problems`` or a taking up."""

    customer_ref: str | None = None
    rules_version: int | None = None
    service: Service | None = None
    plan: Plan | None = None
    awaits: Awaited | None = None
    told: str | None = None
    problems: tuple[Problem, ...] = ()
    changed: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    due: tuple[Due, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Deciding:
    """Decides events of one transaction, in their order."""

    def __init__(self, tx: Transaction, readings: Readings, policies: Policies) -> None:
        self._tx = tx
        self._readings = readings
        self._policies = policies
        self._numbers: dict[str, Assigned] = {}
        self._customers: dict[str, Customer] = {}

    def preload(self, refs: set[str], numbers: set[str]) -> None:
        """Read the customers of many events at once, by their references and their numbers."""
        owners = self.look_up(numbers)
        self._customers.update(self._readings.load(self._tx, refs | owners))

    def look_up(self, numbers: Collection[str]) -> set[str]:
        """Read whose some numbers are; give the customers."""
        found = assigned(self._tx, numbers) if numbers else {}
        self._numbers.update(found)
        return {each.customer_ref for each in found.values()}

    def unknown(self, refs: set[str]) -> set[str]:
        """Give those of some customers, preloaded before, of whom nothing is on record."""
        return refs - self._customers.keys()

    def forget(self, ref: str) -> None:
        """Read a customer again when it is next asked for."""
        self._customers.pop(ref, None)

    def decide(self, event: Incoming) -> Decided:
        """Decide what becomes of an event; its effect is applied, its plan is not written."""
        found = resolve(self._tx, event, self._numbers)
        if isinstance(found, Awaited):
            return Decided(awaits=found)
        customer = self._customer(found) if found is not None else None
        awaited = _missing(event, found, customer)
        if awaited is not None:
            return Decided(customer_ref=_owner(customer), awaits=awaited)
        if event.type == "call.waiting" and not is_served(event.type, customer):
            return _back_to_the_agent(self._tx, event, customer)
        return self._take_up(event, found, customer)

    def _take_up(self, event: Incoming, ref: str | None, customer: Customer | None) -> Decided:
        effect = self._apply(event, customer)
        if effect.problems or effect.awaits is not None:
            return Decided(
                customer_ref=_owner(customer),
                awaits=effect.awaits,
                told=effect.told,
                problems=effect.problems,
                outcomes=effect.outcomes,
            )
        planned, service = None, None
        if customer is not None and facts_of(_routable(event)) is not None:
            routable = with_what_is_known(self._tx, _routable(event), customer)
            service = service_of(routable, customer, self._dialled(event, customer))
            planned = plan_event(routable, customer, self._tx.now, self._policies.lanes)
            planned = beside_what_stands(self._tx, event, planned)
        return Decided(
            customer_ref=ref,
            rules_version=customer.rules_version if customer is not None else None,
            service=service,
            plan=planned,
            changed=effect.changed,
            outcomes=effect.outcomes + _told_at_once(self._tx, event, customer, planned),
            due=effect.due,
            facts=dict(effect.facts),
        )

    def _apply(self, event: Incoming, customer: Customer | None) -> Effect:
        apply = EFFECTS.get(event.type)
        if apply is None:
            return Effect()
        effect = apply(Scene(self._tx, event, customer, self._readings, self._policies))
        if isinstance(event.data, NumberAssigned):  # or released: the number may be another's now
            self._numbers.pop(event.data.number, None)
            self.look_up([event.data.number])
        for ref in {event.subject, customer.ref if customer is not None else None}:
            if ref is not None:
                self.forget(ref)
        return effect

    def _dialled(self, event: Incoming, customer: Customer) -> Service | None:
        """What the number that was dialled serves, if it is this customer's."""
        found = self._numbers.get(event.dialled or "")
        return found.service if found and found.customer_ref == customer.ref else None

    def _customer(self, ref: str) -> Customer | None:
        if ref not in self._customers:
            self._customers.update(self._readings.load(self._tx, [ref]))
        return self._customers.get(ref)


def _routable(event: Incoming) -> Routable:
    return Routable(event.id, event.type, event.received_at, event.data)


def _owner(customer: Customer | None) -> str | None:
    """Whose key seals an event that waits: the customer's, as soon as there is one."""
    return customer.ref if customer is not None else None


def _missing(event: Incoming, ref: str | None, customer: Customer | None) -> Awaited | None:
    kind = awaited(event.type, customer) if ref is not None else None
    return Awaited(kind, customer_name(ref)) if kind is not None and ref is not None else None


def _told_at_once(
    tx: Transaction, event: Incoming, customer: Customer | None, plan: Plan | None
) -> tuple[Outcome, ...]:
    """Tell the call-centre of a waiting call that is not even dialled: nobody else will."""
    if event.type != "call.waiting" or plan is None:
        return ()
    if any(delivery.channel is Channel.CALL for delivery in plan.deliveries):
        return ()
    late = any(each.reason is Reason.LATE_CALL for each in plan.non_sends)
    return _not_put_through(tx, event, customer, "expired" if late else "failed")


def _back_to_the_agent(tx: Transaction, event: Incoming, customer: Customer | None) -> Decided:
    """A caller whose customer is unknown or not served goes back to the agent, at once."""
    told = _not_put_through(tx, event, customer, "failed")
    return Decided(customer_ref=_owner(customer), outcomes=told)


def _not_put_through(
    tx: Transaction, event: Incoming, customer: Customer | None, outcome: End
) -> tuple[Outcome, ...]:
    """Say to the call-centre's role, and to its publisher if not of that role, how a call ended."""
    told = Outcome(
        id=f"{event.id}:call.forwarded",
        audience=to_role(Role.CALL_CENTRE),
        name="call.forwarded",
        at=tx.now,
        customer_ref=_owner(customer),
        event_id=event.id,
        facts={
            "call_id": getattr(event.data, "call_id", None),
            "outcome": outcome,
            "seconds": 0,
        },
    )
    if Role.CALL_CENTRE in event.publisher.roles:
        return (told,)
    own = replace(told, id=f"{told.id}:own", audience=to_publisher(event.publisher.name))
    return (told, own)
