"""Who asks to be erased before their service has begun is; afterwards, all that need not be kept.

Erasing and starting a service hold the same name, so that one of them finds what the other has
done. The register outside the database is written first: should anything after it fail, it is done
again, and a restored backup is told of whoever stands in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from structlog import get_logger

from config.processors import Processor
from contracts.planning import INVOICE_EMAIL
from contracts.vocabulary import Refusal, Retention, RightsKind, RightsStatus, Target, Verb
from store import audit, inbox
from store.audit import By, Concerned
from store.customers.known import Readings
from store.engine import Store, Transaction
from store.rights import erased, erasing, outside, processors, untouched
from store.rights import requests as rights
from store.rights.erasure_register import ErasureRegister
from workers.rights.processors import to_be_asked
from workers.rights.remedies import REMEDY
from workers.routing.checks import named_destinations
from workers.running.failpoints import reach

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)
GROUNDS = {
    Retention.CONTACT: "the contract, and claims that may come of it",
    Retention.CONTENT: "the contract, and claims that may come of it",
    Retention.SENDS: "the contract: proof of what was sent on, and claims that may come of it",
    Retention.BILLING: "the law: records for tax are kept for six years",
    Retention.IDENTITY: "the law: the Money Laundering Regulations 2017, regulation 40",
}


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of an erasure: all of it, or what had to be kept and why, or a refusal.

    ``asked`` are the processors that must confirm it yet.
    """

    rows: int = 0
    files: int = 0
    asked: tuple[str, ...] = ()
    kept: tuple[Retention, ...] = ()
    refusal: Refusal | None = None


class Erasing:
    """Erases. ``open_register`` and ``open_files`` are called when they are wanted.

    Those of ``runs`` that hold something of whoever is erased are asked to erase it too, and have
    ``answer_days`` for it.
    """

    def __init__(
        self,
        store: Store,
        open_register: Callable[[], ErasureRegister],
        open_files: "Callable[[], Files]",
        runs: Sequence[Processor] = (),
        answer_days: int = 14,
    ) -> None:
        self._store = store
        self._runs = runs
        self._answer_days = answer_days
        self._open_register = open_register
        self._open_files = open_files

    def erase(self, ref: str, by: By) -> Erasure:
        """Erase a customer, or what need not be kept of one whose service has begun."""
        with self._store.write() as tx:
            _hold(tx, ref)
            refusal, started = _standing(tx, ref)
            if refusal is not None:
                _record(tx, by, ref, refusal)
                return Erasure(refusal=refusal)
            if started:
                kept = erasing.classes_held(tx, ref)
                rows = erasing.erase_spare(tx, ref, _wanted(tx, ref))
                _record(tx, by, ref, None, "kept what the law and the contract need")
                _answer(tx, ref, RightsStatus.REFUSED, letter(kept))
                return Erasure(rows=rows, kept=kept)
            found, asked = self._erase(tx, ref, by)
            reach("rights.erase.before_commit")
        self._delete(found.files)
        return Erasure(found.rows, len(found.files), asked)

    def erase_again(self) -> list[str]:
        """Erase whoever stands in the outside register and came back; give their references.

        For a database that was restored from a backup, before anything else runs on it. Whose
        service has begun was entered, but never erased: nobody is whose service has. They stay.
        """
        outside, again = self._open_register().all(), []
        with self._store.read() as tx:
            refs = erasing.known_refs(tx)
        for ref in refs:
            with self._store.write() as tx:
                index = erased.index_of(tx, ref)
                if index not in outside:
                    continue
                _hold(tx, ref)
                if erasing.standing(tx, ref)[1]:
                    del outside[index]
                    log.error("erasure_never_done")
                    continue
                erased.enter(tx, index, outside[index])
                found = erasing.erase(tx, ref, index, _names(tx, ref))
            self._delete(found.files)
            again.append(ref)
        with self._store.write() as tx:
            for index, at in outside.items():
                erased.enter(tx, index, at)
            erasing.delete_rejected(tx, sorted(outside))
        return again

    def _erase(self, tx: Transaction, ref: str, by: By) -> tuple[erasing.Erased, tuple[str, ...]]:
        index = erased.index_of(tx, ref)
        self._open_register().put(index, tx.now)
        reach("rights.erase.registered")
        askings = to_be_asked(self._runs, processors.held_by_parts(tx, ref))
        if not askings:
            _answer(tx, ref, RightsStatus.DONE, "all was erased")
        _record(tx, by, ref, None, "all")
        erased.enter(tx, index, tx.now)
        outside.note_erasure(tx)
        found = erasing.erase(tx, ref, index, _names(tx, ref))
        processors.ask(tx, _erasure_id(tx, ref), ref, askings, self._answer_days)
        return found, tuple(one.processor for one in askings)

    def _delete(self, files: Sequence[str]) -> None:
        if files:
            kept = self._open_files()
            for path in files:
                kept.delete(path)


def letter(kept: Sequence[Retention]) -> str:
    """Say to whom it concerns what is kept although they asked for its erasure, and why."""
    lines = [f"{one.value}: {GROUNDS[one]}" for one in kept]
    return "Kept, since the service has begun: " + "; ".join(lines) + ". " + REMEDY


def _erasure_id(tx: Transaction, ref: str) -> UUID:
    """The id of the request that is answered, or one of the erasure's own."""
    found = [one.id for one in rights.listed(tx, ref) if one.kind is RightsKind.ERASURE]
    return found[0] if found else tx.new_id()


def _hold(tx: Transaction, ref: str) -> None:
    tx.lock([], _names(tx, ref))
    tx.ask_the_time()


def _names(tx: Transaction, ref: str) -> list[bytes]:
    return [inbox.name_digest(tx, inbox.customer_name(ref))]


def _wanted(tx: Transaction, ref: str) -> tuple[str, ...]:
    """The places that the service needs: those that the rules name, and for invoices."""
    customer = Readings().load(tx, [ref])[ref]
    rules = customer.rules.rules if customer.rules is not None else ()
    return (*named_destinations(rules), INVOICE_EMAIL)


def _standing(tx: Transaction, ref: str) -> tuple[Refusal | None, bool]:
    """Whether a customer can be erased, and whether their service has begun."""
    known, started = erasing.standing(tx, ref)
    if not known:
        return (Refusal.ERASED if erased.among(tx, [ref]) else Refusal.UNKNOWN), False
    if untouched.is_held(tx, ref):
        return Refusal.LEGAL_HOLD, started
    if not started and erasing.under_way(tx, ref):
        return Refusal.NOT_STOPPABLE, False
    return None, started


def _answer(tx: Transaction, ref: str, status: RightsStatus, answer: str) -> None:
    for one in rights.listed(tx, ref):
        if one.kind is RightsKind.ERASURE:
            rights.close(tx, one, status, answer)


def _record(
    tx: Transaction, by: By, ref: str, refusal: Refusal | None, detail: str | None = None
) -> None:
    nobodys = refusal in {Refusal.UNKNOWN, Refusal.ERASED}
    owner = None if nobodys else ref
    audit.put(tx, Verb.ERASE, by, [Concerned(Target.CUSTOMER, ref, refusal, detail, owner)])
