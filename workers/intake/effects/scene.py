"""What an effect is given, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from config.policies import Policies
from contracts.events import EventData
from contracts.planning import Customer, Routable
from contracts.problems import Problem
from contracts.vocabulary import ErrorCode
from store.customers.known import Readings
from store.deliveries.adding import Due, Following
from store.engine import Transaction
from store.outbox import Outcome
from workers.intake.submission import Incoming
from workers.intake.whose import Awaited

D = TypeVar("D", bound=EventData)


@dataclass(frozen=True, slots=True)
class Scene:
    """One event, its customer as this transaction sees it, and what to write to."""

    tx: Transaction
    event: Incoming
    customer: Customer | None
    readings: Readings
    policies: Policies

    def data(self, kind: type[D]) -> D:
        """Give the event's data as what its type says they are."""
        if not isinstance(self.event.data, kind):
            raise TypeError(f"{self.event.type} does not hold {kind.__name__}")
        return self.event.data

    @property
    def known(self) -> Customer:
        """The customer, where the type cannot be taken up without one."""
        if self.customer is None:
            raise TypeError(f"{self.event.type} was taken up without its customer")
        return self.customer

    @property
    def ref(self) -> str:
        """The customer's reference."""
        return self.known.ref

    @property
    def now(self) -> datetime:
        """The transaction's moment."""
        return self.tx.now

    def reread(self) -> Customer:
        """Give the customer as it is after what this effect has changed."""
        return self.readings.load(self.tx, [self.ref])[self.ref]

    def routable(self) -> Routable:
        """Give the event as planning reads it."""
        event = self.event
        return Routable(event.id, event.type, event.received_at, event.data)

    def following(self) -> Following:
        """Say what deliveries planned now follow from; the service is theirs to say."""
        return Following(self.event.id, self.event.publisher.name, self.ref, None)


@dataclass(frozen=True, slots=True)
class Effect:
    """What followed from one event's facts.

    ``changed`` names what others may have waited for; ``due`` may be hinted after the commit.
    With ``awaits`` or ``problems`` nothing was changed.
    """

    changed: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    due: tuple[Due, ...] = ()
    awaits: Awaited | None = None
    told: str | None = None
    problems: tuple[Problem, ...] = ()
    facts: tuple[tuple[str, object], ...] = ()


NOTHING = Effect()


def impossible(path: str, text: str, code: ErrorCode = ErrorCode.IMPOSSIBLE) -> Effect:
    """Refuse an event that contradicts what is on record."""
    return Effect(problems=(Problem(path, code, text),))


def refused(problems: Sequence[Problem]) -> Effect:
    """Refuse an event for all of several reasons."""
    return Effect(problems=tuple(problems))
