"""How does a complaint about privacy run? Received, acknowledged within 30 days, answered, closed.

Section 103 of the Data (Use and Access) Act 2025 asks for it: whether and from when it binds an
installation is for a lawyer to confirm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from contracts.vocabulary import ComplaintStatus, Refusal, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.rights import alone, complaints, erasing
from store.rights.complaints import Complaint
from workers.rights.requests import Clock

ACKNOWLEDGE_WITHIN: Final = timedelta(days=30)
# What may be done with a complaint as it stands, and why not what may not.
STEPS: Final[Mapping[tuple[ComplaintStatus, Verb], ComplaintStatus | Refusal]] = MappingProxyType(
    {
        (ComplaintStatus.OPEN, Verb.ACKNOWLEDGE_COMPLAINT): ComplaintStatus.ACKNOWLEDGED,
        (ComplaintStatus.OPEN, Verb.CLOSE_COMPLAINT): Refusal.NOT_ACKNOWLEDGED,
        (ComplaintStatus.ACKNOWLEDGED, Verb.ACKNOWLEDGE_COMPLAINT): Refusal.NO_CHANGE,
        (ComplaintStatus.ACKNOWLEDGED, Verb.CLOSE_COMPLAINT): ComplaintStatus.CLOSED,
        (ComplaintStatus.CLOSED, Verb.ACKNOWLEDGE_COMPLAINT): Refusal.CLOSED,
        (ComplaintStatus.CLOSED, Verb.CLOSE_COMPLAINT): Refusal.CLOSED,
    }
)


@dataclass(frozen=True, slots=True)
class Came:
    """How a complaint came: from which customer if from one, by what way, and when if not now."""

    detail: str
    via: str
    customer: str | None = None
    received_at: datetime | None = None


class Complaints:
    """What officers do with complaints. Each is one transaction: check, act, put on record."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def open(self, came: Came, by: By) -> UUID | Refusal:
        """Enter one; the days to acknowledge it run from the day on which it came."""
        ref = came.customer
        with self._store.write() as tx:
            alone.hold_customers(tx, [] if ref is None else [ref])
            if ref is not None and not erasing.standing(tx, ref)[0]:
                return Refusal.UNKNOWN
            received_at = min(came.received_at or tx.now, tx.now)
            until = self._clock.day_of(received_at) + ACKNOWLEDGE_WITHIN
            made = complaints.put(tx, ref, came.via, received_at, until, came.detail)
            _record(tx, Verb.OPEN_COMPLAINT, by, made, ref, None)
        return made

    def acknowledge(self, complaint_id: UUID, by: By) -> Refusal | None:
        """Note that whoever complained was told that it came, and what happens next."""
        return self._step(complaint_id, Verb.ACKNOWLEDGE_COMPLAINT, by)

    def close(self, complaint_id: UUID, by: By) -> Refusal | None:
        """Note the answer that they were given, which is the reason of the act."""
        return self._step(complaint_id, Verb.CLOSE_COMPLAINT, by)

    def _step(self, complaint_id: UUID, verb: Verb, by: By) -> Refusal | None:
        with self._store.write() as tx:
            one = complaints.find(tx, complaint_id)
            refusal = Refusal.UNKNOWN if one is None else _take(tx, one, verb, by)
            ref = None if one is None else one.customer_ref
            _record(tx, verb, by, complaint_id, ref, refusal)
        return refusal


def _take(tx: Transaction, one: Complaint, verb: Verb, by: By) -> Refusal | None:
    match STEPS[one.status, verb]:
        case Refusal() as refusal:
            return refusal
        case ComplaintStatus.ACKNOWLEDGED:
            complaints.acknowledge(tx, one)
        case ComplaintStatus.CLOSED:
            complaints.close(tx, one, by.reason)
        case ComplaintStatus.OPEN:
            raise AssertionError
    return None


def _record(
    tx: Transaction,
    verb: Verb,
    by: By,
    complaint_id: UUID,
    ref: str | None,
    refusal: Refusal | None,
) -> None:
    concerned = Concerned(Target.COMPLAINT, str(complaint_id), refusal, customer_ref=ref)
    audit.put(tx, verb, by, [concerned])
