"""Restriction: what is held of somebody is kept, and nothing else is done with it (Article 18).

Nothing is sent to them, or about them, nor is their post sent on, until it is lifted; and they are
told before it is.
"""

from contracts.planning import LanePolicy
from contracts.vocabulary import Refusal, RightsKind, RightsStatus, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.customers import changes as change
from store.customers.known import Readings
from store.deliveries import ending
from store.engine import Store, Transaction
from store.rights import alone, erasing
from store.rights import requests as rights
from workers.instructing import instruct_anew


class Restricting:
    """Restricts, and lifts it."""

    def __init__(self, store: Store, lanes: LanePolicy) -> None:
        self._store = store
        self._lanes = lanes

    def restrict(self, ref: str, by: By) -> Refusal | None:
        """Have nothing done with what is held of a customer, but that it is kept."""
        with self._store.write() as tx:
            alone.hold_with_cases(tx, ref)
            known, _ = erasing.standing(tx, ref)
            refusal = None if known else Refusal.UNKNOWN
            if refusal is None and change.is_restricted(tx, ref):
                refusal = Refusal.NO_CHANGE
            if refusal is None:
                change.restrict(tx, ref, tx.now)
                for one in rights.listed(tx, ref):
                    if one.kind is RightsKind.RESTRICTION:
                        rights.close(tx, one, RightsStatus.DONE, by.reason)
            _record(tx, Verb.RESTRICT, by, ref, refusal)
        return refusal

    def lift(self, ref: str, by: By) -> Refusal | None:
        """Go on with what was kept. That they were told before is for the officer to know."""
        with self._store.write() as tx:
            refusal = None if change.is_restricted(tx, ref) else Refusal.NO_CHANGE
            released = 0
            if refusal is None:
                change.restrict(tx, ref, None)
                released = ending.release_restricted(tx, ref)
                (customer,) = Readings().load(tx, [ref]).values()
                instruct_anew(tx, customer, self._lanes, None)  # upkeep hints at what it tells
            _record(tx, Verb.UNRESTRICT, by, ref, refusal, f"{released} deliveries go on")
        return refusal


def _record(
    tx: Transaction,
    verb: Verb,
    by: By,
    ref: str,
    refusal: Refusal | None,
    detail: str | None = None,
) -> None:
    concerned = Concerned(Target.CUSTOMER, ref, refusal, detail, customer_ref=ref)
    audit.put(tx, verb, by, [concerned])
