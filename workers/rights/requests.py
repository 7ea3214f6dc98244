"""How does a request for one's rights run: opened, its clock stopped and run on, closed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from config.policies import Policies
from contracts.events.customers import RightsRequested
from contracts.vocabulary import Gone, Reason, Refusal, RightsKind, RightsStatus, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.deliveries import ending
from store.engine import Store, Transaction
from store.rights import requests as rights
from store.rights import transfers
from store.rights.requests import Request
from workers.rights.clock import due_on, target_on


@dataclass(frozen=True, slots=True)
class Clock:
    """How days are counted here: the office's time zone, and which days are no working days."""

    policies: Policies

    def day(self, tx: Transaction) -> date:
        """Give today."""
        return self.day_of(tx.now)

    def day_of(self, instant: datetime) -> date:
        """Give the day that an instant is of."""
        return instant.astimezone(ZoneInfo(self.policies.office_time_zone)).date()

    def due(self, one: Request, stopped_days: int) -> date:
        """Give the last day to answer a request whose clock has stood still for so many days."""
        return self.due_of(one.received_at, stopped_days)

    def due_of(self, received_at: datetime, stopped_days: int = 0) -> date:
        """Give the last day to answer what was received then."""
        received = self.day_of(received_at)
        return due_on(received, stopped_days, self.policies.lanes.is_bank_holiday)

    def target(self, one: Request) -> date:
        """Give the day by which we mean to have answered."""
        return target_on(self.day_of(one.received_at), one.stopped_days)


def open_request(
    tx: Transaction, clock: Clock, event_id: UUID, ref: str, told: RightsRequested
) -> bool:
    """Open what an event asks for; its clock has run since it was received.

    One that the customer's earlier event told of already stays as it stands, with its clock.
    False where that one asked for something else under the same id.
    """
    earlier = rights.kind_of(tx, ref, told.request_id)
    if earlier is None:
        received_at = min(told.received_at, tx.now)
        rights.put(tx, event_id, ref, told, clock.due_of(received_at))
    return earlier in {None, RightsKind(told.kind)}


class Requests:
    """What operators do with requests. Each is one transaction: check, act, put on record."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def stop_clock(self, request: Request, by: By) -> Refusal | None:
        """Have the clock stand still: we asked who they are, or what they mean."""
        with self._store.write() as tx:
            request = _as_it_stands(tx, request)
            refusal = None if request.status is RightsStatus.OPEN else _why_not(request)
            if refusal is None:
                rights.stop(tx, request, self._clock.day(tx))
            self._record(tx, Verb.STOP_CLOCK, by, request, refusal)
        return refusal

    def run_clock(self, request: Request, by: By) -> Refusal | None:
        """Have the clock run on: they have answered."""
        with self._store.write() as tx:
            request = _as_it_stands(tx, request)
            stopped_on = request.stopped_on
            if stopped_on is None:
                refusal: Refusal | None = _why_not(request)
            else:
                refusal = None
                days = request.stopped_days + (self._clock.day(tx) - stopped_on).days
                rights.run(tx, request, days, self._clock.due(request, days))
            self._record(tx, Verb.RUN_CLOCK, by, request, refusal)
        return refusal

    def close(self, request: Request, status: RightsStatus, by: By) -> Refusal | None:
        """Note that it was answered: done, or refused for the reason given.

        What was refused hands nothing out any more: a copy that is on its way ends.
        """
        with self._store.write() as tx:
            request = _as_it_stands(tx, request)
            refusal = None if request.closed_at is None else Refusal.CLOSED
            if refusal is None:
                rights.close(tx, request, status, by.reason)
                if status is RightsStatus.REFUSED:
                    on_their_way = transfers.end_of(tx, request.id, Gone.REFUSED)
                    ending.cancel(tx, on_their_way, Reason.WITHDRAWN)
            self._record(tx, Verb.CLOSE_REQUEST, by, request, refusal, status.value)
        return refusal

    def corrected(self, ref: str, names: Sequence[str], by: By) -> None:
        """Put on record who corrected what of a customer, and why: the event says only what."""
        what = ", ".join(names)
        concerned = Concerned(Target.CUSTOMER, ref, detail=what, customer_ref=ref)
        with self._store.write() as tx:
            audit.put(tx, Verb.CORRECT, by, [concerned])

    def _record(
        self,
        tx: Transaction,
        verb: Verb,
        by: By,
        request: Request,
        refusal: Refusal | None,
        detail: str | None = None,
    ) -> None:
        concerned = Concerned(
            Target.REQUEST, str(request.id), refusal, detail, request.customer_ref
        )
        audit.put(tx, verb, by, [concerned])


def _as_it_stands(tx: Transaction, request: Request) -> Request:
    """Hold a request, and read it again: a link or a colleague may have closed it meanwhile."""
    (found,) = (one for one in rights.named(tx, str(request.id)) if one.id == request.id)
    return found


def _why_not(request: Request) -> Refusal:
    return Refusal.CLOSED if request.closed_at is not None else Refusal.NOT_WAITING
