"""When may an authority be given somebody's records? When two people beside who opened it agree.

The law permits such a disclosure (Schedule 2 to the Data Protection Act 2018) and compels none of
it by itself: refusing is as good an answer, and is on record too. What is handed over is what was
asked for in scope and period; that it was, to whom and what by its digest, is chained into the
ledger of each person concerned before the first byte is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from contracts.vocabulary import (
    Carried,
    DisclosureStatus,
    Purpose,
    Reason,
    Refusal,
    Ruling,
    Target,
    Verb,
)
from store import audit
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.record import ledger
from store.record.ledger import Entry, Where
from store.rights import decisions, disclosures, erasing
from store.rights.copying import everything
from store.rights.disclosures import Asked, Disclosure
from workers.rights.copies import Copies
from workers.rights.packing import archive, as_csv, as_json
from workers.rights.scope import in_scope, read_scope, with_files
from workers.rights.transfers import Transfers

APPROVALS = 2
OUTCOME = "disclosed"
WAY = "@disclosure"  # in place of a rule: the `@` keeps it apart from customers' rules
_EACH_ANOTHERS = frozenset({Verb.OPEN_DISCLOSURE, Verb.APPROVE_DISCLOSURE})
_DONE = frozenset({DisclosureStatus.REFUSED, DisclosureStatus.EXPORTED})


@dataclass(frozen=True, slots=True)
class Opened:
    """A disclosure that waits for approval; or whose reference nobody knows."""

    disclosure_id: UUID | None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What was handed over, or why nothing was."""

    refusal: Refusal | None = None
    records: int = 0
    files: int = 0
    sha256: str = ""


class Disclosing:
    """Opens, approves, refuses and exports disclosures."""

    def __init__(self, store: Store, copies: Copies, transfers: Transfers) -> None:
        self._store = store
        self._copies = copies
        self._transfers = transfers

    def open(self, asked: Asked, subjects: Sequence[str], by: By) -> Opened:
        """Note what an authority asks for, until now where it names no end.

        What is recorded later nobody has approved. Raises ``scope.ScopeError``.
        """
        read_scope(asked.records)
        with self._store.write() as tx:
            unknown = tuple(ref for ref in subjects if not _is_known(tx, ref))
            if unknown or not subjects:
                return Opened(None, unknown)
            ending = replace(asked, until=asked.until or tx.now)
            made = disclosures.put(tx, ending, subjects, by.actor)
            _record(tx, Verb.OPEN_DISCLOSURE, by, made, None)
        return Opened(made)

    def approve(self, disclosure_id: UUID, by: By) -> Refusal | None:
        """Approve one; who opened it cannot, and nobody twice, by whatever name they go.

        Nor can anybody from a system account that it was opened or approved from.
        """

        def act(tx: Transaction, one: Disclosure, act_id: UUID) -> None:
            name = str(one.id)
            decisions.put(tx, act_id, [name], Ruling.APPROVED, by.actor)
            if len(_approved_by(tx, one)) >= APPROVALS:
                disclosures.approve(tx, one)

        return self._act(Verb.APPROVE_DISCLOSURE, disclosure_id, by, _why_not_approve, act)

    def refuse(self, disclosure_id: UUID, by: By) -> Refusal | None:
        """Refuse one, for good: one person is enough."""

        def act(tx: Transaction, one: Disclosure, act_id: UUID) -> None:
            decisions.put(tx, act_id, [str(one.id)], Ruling.REFUSED, by.actor)
            disclosures.refuse(tx, one)

        return self._act(Verb.REFUSE_DISCLOSURE, disclosure_id, by, _why_not_refuse, act)

    def hide(self, disclosure_id: UUID, by: By) -> Refusal | None:
        """Leave one out of its subjects' copies, for the reason given: to tell would defeat it."""
        return self._show(Verb.HIDE_DISCLOSURE, disclosure_id, by, hidden=True)

    def show(self, disclosure_id: UUID, by: By) -> Refusal | None:
        """Have it in their copies again."""
        return self._show(Verb.SHOW_DISCLOSURE, disclosure_id, by, hidden=False)

    def export(self, disclosure_id: UUID, to: Path, by: By) -> Exported:
        """Write what is in scope to a file that must not be there yet. Raises ``OSError``.

        Nothing is written that is not on record: each export by its own digest, the last one's with
        the disclosure too. A later one takes in what the first did, as it stands by then.
        """
        with self._store.write() as tx:
            one = disclosures.find(tx, disclosure_id)
            refusal = _why_not_export(one)
            if one is None or refusal is not None:
                _record(tx, Verb.EXPORT_DISCLOSURE, by, disclosure_id, refusal)
                return Exported(refusal)
        body, records, files = self._pack(one)
        digest = sha256(body).hexdigest()
        with self._transfers.written(Carried.DISCLOSURE, None, to) as out:
            with self._store.write() as tx:
                again = disclosures.find(tx, disclosure_id)
                refusal = _why_not_export(again)
                if refusal is None:
                    disclosures.exported(tx, one, digest)
                    ledger.append(tx, [_entry(tx, one, ref, digest) for ref in one.subjects])
                _record(tx, Verb.EXPORT_DISCLOSURE, by, disclosure_id, refusal, digest)
            out.write(body if refusal is None else b"")
        if refusal is not None:
            to.unlink(missing_ok=True)
            return Exported(refusal)
        return Exported(None, records, files, digest)

    def _pack(self, one: Disclosure) -> tuple[bytes, int, int]:
        members: dict[str, bytes] = {}
        records = files = 0
        with self._store.snapshot(Purpose.DISCLOSURE) as tx:
            found = {ref: dict(everything(tx, ref)) for ref in one.subjects}
            made_at = tx.now
        for ref, tables in found.items():
            scoped = in_scope(tables, one.asked)
            members[f"{_folder(one, ref)}/records.json"] = as_json(scoped)
            for name, rows in scoped.items():
                records += len(rows)
                if rows:
                    members[f"{_folder(one, ref)}/csv/{name}.csv"] = as_csv(rows)
            for name, content in self._copies.files_of(with_files(tables, one.asked)):
                if content is not None:
                    members[f"{_folder(one, ref)}/files/{name}"] = content
                    files += 1
        cover = {
            "made_at": made_at.isoformat(),
            "authority": one.asked.authority,
            "reference": one.asked.reference,
            "ground": one.asked.ground,
            "records": one.asked.records,
            "event_types": one.asked.event_types,
            "since": None if one.asked.since is None else one.asked.since.isoformat(),
            "until": None if one.asked.until is None else one.asked.until.isoformat(),
            "about": {_folder(one, ref): ref for ref in one.subjects},
            "files": {name: sha256(body).hexdigest() for name, body in members.items()},
        }
        return archive(members | {"cover.json": as_json(cover)}), records, files

    def _show(self, verb: Verb, disclosure_id: UUID, by: By, *, hidden: bool) -> Refusal | None:
        def why_not(_: Transaction, one: Disclosure, __: By) -> Refusal | None:
            return Refusal.NO_CHANGE if one.hidden is hidden else None

        def act(tx: Transaction, one: Disclosure, act_id: UUID) -> None:
            decided = Ruling.HIDDEN if hidden else Ruling.SHOWN
            decisions.put(tx, act_id, [str(one.id)], decided, by.actor)
            disclosures.hide(tx, one, hidden=hidden)

        return self._act(verb, disclosure_id, by, why_not, act)

    def _act(
        self,
        verb: Verb,
        disclosure_id: UUID,
        by: By,
        why_not: Callable[[Transaction, Disclosure, By], Refusal | None],
        act: Callable[[Transaction, Disclosure, UUID], None],
    ) -> Refusal | None:
        """Check, act and put on record, in one transaction that holds the disclosure."""
        with self._store.write() as tx:
            one = disclosures.find(tx, disclosure_id)
            refusal = Refusal.UNKNOWN if one is None else why_not(tx, one, by)
            act_id = _record(tx, verb, by, disclosure_id, refusal)
            if one is not None and refusal is None:
                act(tx, one, act_id)
        return refusal


def approvers(tx: Transaction, one: Disclosure) -> list[str]:
    """Give who has approved a disclosure, in the order in which they did."""
    made = decisions.about(tx, [str(one.id)])
    return [each.actor for each in made if each.decided is Ruling.APPROVED]


def _approved_by(tx: Transaction, one: Disclosure) -> set[str]:
    return {_person(name) for name in approvers(tx, one)}


def _accounts(tx: Transaction, one: Disclosure) -> set[str]:
    """Give the system accounts that it was opened and approved from."""
    return {
        act.account
        for act in audit.acts_on(tx, [str(one.id)])
        if act.verb in _EACH_ANOTHERS and act.done
    }


def _person(name: str) -> str:
    """A person's name is theirs however it is typed."""
    return " ".join(name.split()).casefold()


def _why_not_approve(tx: Transaction, one: Disclosure, by: By) -> Refusal | None:
    if one.status in _DONE:
        return Refusal.CLOSED
    if _person(by.actor) == _person(one.opened_by):
        return Refusal.OPENED_IT
    if _person(by.actor) in _approved_by(tx, one):
        return Refusal.APPROVED_IT
    if by.from_account in _accounts(tx, one):
        return Refusal.SAME_ACCOUNT
    return Refusal.NO_CHANGE if one.status is DisclosureStatus.APPROVED else None


def _why_not_refuse(_: Transaction, one: Disclosure, __: By) -> Refusal | None:
    return Refusal.CLOSED if one.status in _DONE else None


def _why_not_export(one: Disclosure | None) -> Refusal | None:
    match None if one is None else one.status:
        case None:
            return Refusal.UNKNOWN
        case DisclosureStatus.OPEN:
            return Refusal.NOT_APPROVED
        case DisclosureStatus.REFUSED:
            return Refusal.CLOSED
        case DisclosureStatus.APPROVED | DisclosureStatus.EXPORTED:
            return None


def _is_known(tx: Transaction, ref: str) -> bool:
    return erasing.standing(tx, ref)[0]


def _folder(one: Disclosure, ref: str) -> str:
    return f"person-{one.subjects.index(ref) + 1}"


def _entry(tx: Transaction, one: Disclosure, ref: str, digest: str) -> tuple[Entry, Where]:
    entry = Entry(
        customer_ref=ref,
        event_id=one.id,
        purpose=Purpose.DISCLOSURE,
        service=None,
        outcome=OUTCOME,
        reason=Reason.DISCLOSED,
        rule_id=WAY,
        settled_at=tx.now,
        policy_version=tx.policy_version,
    )
    whom = f"{one.asked.authority}; {one.asked.reference}"
    return entry, Where(whom, "an authority", digest)


def _record(
    tx: Transaction,
    verb: Verb,
    by: By,
    disclosure_id: UUID,
    refusal: Refusal | None,
    detail: str | None = None,
) -> UUID:
    # Not under any customer's name: an act that stands in their copy could be a tip.
    return audit.put(
        tx, verb, by, [Concerned(Target.DISCLOSURE, str(disclosure_id), refusal, detail)]
    )
