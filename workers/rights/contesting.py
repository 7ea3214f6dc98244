"""Who says that something we hold is wrong has it used no more until that is settled (Article 18).

A destination is not sent to: what is on its way there is held, and goes once it is settled. A name
is not passed on to suppliers. Both stay on record, with who settled it, how and why.
"""

from contracts.planning import LanePolicy
from contracts.vocabulary import ContestedField, Refusal, Settlement, Target, Verb
from store import audit, inbox, outbox
from store.audit import By, Concerned
from store.customers.known import Readings
from store.engine import Store, Transaction
from store.rights import contests, erasing
from store.rights.contests import Contested
from store.rights.requests import Request
from workers.suppliers import tell_suppliers


class Contesting:
    """Begins contests and settles them; each is one transaction: check, act, put on record."""

    def __init__(self, store: Store, readings: Readings, policy: LanePolicy) -> None:
        self._store = store
        self._readings = readings
        self._policy = policy

    def contest(self, ref: str, what: Contested, request: Request | None, by: By) -> Refusal | None:
        """Have something used no more, as part of a request where there is one."""
        with self._store.write() as tx:
            _hold(tx, ref)
            refusal = _why_not(tx, ref, what)
            if refusal is None:
                contests.begin(tx, ref, what, request.id if request is not None else None)
            _record(tx, Verb.CONTEST, by, ref, what, refusal)
        return refusal

    def settle(self, ref: str, what: Contested, by: By) -> Refusal | None:
        """Have it used again as it stands: it is right after all, or was corrected meanwhile."""
        with self._store.write() as tx:
            _hold(tx, ref)
            open_ones = contests.standing(tx, ref, [what])
            refusal = None if open_ones else Refusal.NO_CHANGE
            if refusal is None:
                contests.settle(tx, ref, what, Settlement.STANDS, self._policy)
                if isinstance(what, ContestedField):
                    self._tell(tx, ref)
            _record(tx, Verb.SETTLE, by, ref, what, refusal)
        return refusal

    def _tell(self, tx: Transaction, ref: str) -> None:
        """Tell suppliers what they were not told meanwhile."""
        customer = self._readings.load(tx, [ref])[ref]
        about = tx.new_id()
        told = tell_suppliers(tx, ref, "supplier.corrected", customer.contracted, about, None)
        outbox.add(tx, told)


def _hold(tx: Transaction, ref: str) -> None:
    tx.lock([], [inbox.name_digest(tx, inbox.customer_name(ref))])
    tx.ask_the_time()


def _why_not(tx: Transaction, ref: str, what: Contested) -> Refusal | None:
    known, _ = erasing.standing(tx, ref)
    if not known:
        return Refusal.UNKNOWN
    if not isinstance(what, ContestedField) and not contests.is_in_use(tx, ref, what):
        return Refusal.UNKNOWN
    return Refusal.NO_CHANGE if contests.standing(tx, ref, [what]) else None


def _record(
    tx: Transaction, verb: Verb, by: By, ref: str, what: Contested, refusal: Refusal | None
) -> None:
    detail = what.value if isinstance(what, ContestedField) else what
    concerned = Concerned(Target.CUSTOMER, ref, refusal, detail, customer_ref=ref)
    audit.put(tx, verb, by, [concerned])
