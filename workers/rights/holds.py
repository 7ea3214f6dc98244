"""Legal holds: while one stands, nothing of a customer is destroyed, however old.

What destroys waits for it, and it for that: once it is answered as set, nothing goes any more.
"""

from contracts.vocabulary import Refusal, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.rights import alone, erasing, objections, retaining, untouched


class Holds:
    """Puts records under a legal hold, and lifts it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hold(self, ref: str, by: By) -> Refusal | None:
        """Hold a customer's records, for the reason given."""
        with self._store.write() as tx:
            alone.hold_with_cases(tx, ref)
            known, _ = erasing.standing(tx, ref)
            refusal = None if known else Refusal.UNKNOWN
            if refusal is None and untouched.is_held(tx, ref):
                refusal = Refusal.NO_CHANGE
            if refusal is None:
                retaining.hold(tx, ref, by.reason)
            _record(tx, Verb.HOLD, by, ref, refusal)
        return refusal

    def lift(self, ref: str, by: By) -> Refusal | None:
        """Lift the hold; what they objected to meanwhile goes now."""
        with self._store.write() as tx:
            alone.hold_with_cases(tx, ref)
            refusal = None if retaining.lift(tx, ref) else Refusal.NO_CHANGE
            if refusal is None and objections.has_objected(tx, ref):
                objections.forget_fetched(tx, ref)
            _record(tx, Verb.LIFT_HOLD, by, ref, refusal)
        return refusal


def _record(tx: Transaction, verb: Verb, by: By, ref: str, refusal: Refusal | None) -> None:
    concerned = Concerned(Target.CUSTOMER, ref, refusal, customer_ref=ref)
    audit.put(tx, verb, by, [concerned])
