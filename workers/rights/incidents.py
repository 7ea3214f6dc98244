"""How is a breach dealt with? Its sends are listed, its clock runs, and whom we tell is decided.

A breach is notified to the Information Commissioner without undue delay, and where feasible within
72 hours of our becoming aware of it, unless it is unlikely to be a risk to anybody; whom it is a
high risk to is told too (Articles 33 and 34 of the UK GDPR). Which of these it is, people decide:
each way, for a reason that is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.vocabulary import Refusal, Target, Telling, Verb
from store import audit
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.rights import decisions, incidents
from store.rights.affected import Sent, Wrong, affected, sends
from store.rights.decisions import Decision
from store.rights.incidents import Incident

HOURS: Final = 72
TO_ICO: Final = frozenset({Telling.TOLD_ICO, Telling.NOT_TOLD_ICO})
TO_PEOPLE: Final = frozenset({Telling.TOLD_PEOPLE, Telling.NOT_TOLD_PEOPLE})


@dataclass(frozen=True, slots=True)
class Known:
    """A breach with its sends, and what was decided about it, in the order of time."""

    incident: Incident
    sends: tuple[Sent, ...]
    decided: tuple[Decision, ...]


class Incidents:
    """Opens breaches, notes what is decided about each, and closes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, what: str, wrong: Wrong, aware_at: datetime | None, by: By) -> UUID:
        """Open one, known of since an instant, or since now; its sends are those on record."""
        with self._store.write() as tx:
            known_since = min(aware_at or tx.now, tx.now)
            due_at = known_since + timedelta(hours=HOURS)
            found = affected(tx, wrong)
            made = incidents.put(tx, what, wrong, found, known_since, due_at, by.actor)
            _record(tx, Verb.OPEN_INCIDENT, by, made, None, f"{len(found)} sends")
        return made

    def known(self, incident_id: UUID) -> Known | None:
        """Give all that is known of one."""
        with self._store.write() as tx:
            one = incidents.find(tx, incident_id)
            if one is None:
                return None
            found = sends(tx, incidents.entries_of(tx, incident_id))
            return Known(one, tuple(found), tuple(_decided(tx, one)))

    def decide(self, incident_id: UUID, decided: Telling, by: By) -> Refusal | None:
        """Note that somebody was told of it, or is not; a later word counts."""
        with self._store.write() as tx:
            refusal = _why_not(incidents.find(tx, incident_id))
            act_id = _record(tx, Verb.DECIDE_INCIDENT, by, incident_id, refusal, decided.value)
            if refusal is None:
                decisions.put(tx, act_id, [str(incident_id)], decided, by.actor)
        return refusal

    def close(self, incident_id: UUID, by: By) -> Refusal | None:
        """Close one, once it is decided whom we tell."""
        with self._store.write() as tx:
            one = incidents.find(tx, incident_id)
            refusal = _why_not(one)
            if one is not None and refusal is None:
                made = {each.decided for each in _decided(tx, one)}
                if made.isdisjoint(TO_ICO) or made.isdisjoint(TO_PEOPLE):
                    refusal = Refusal.UNDECIDED_WHOM_TO_TELL
            if refusal is None:
                incidents.close(tx, incident_id)
            _record(tx, Verb.CLOSE_INCIDENT, by, incident_id, refusal)
        return refusal


def _decided(tx: Transaction, one: Incident) -> list[Decision]:
    return decisions.about(tx, [str(one.id)])


def _why_not(one: Incident | None) -> Refusal | None:
    if one is None:
        return Refusal.UNKNOWN
    return None if one.closed_at is None else Refusal.CLOSED


def _record(
    tx: Transaction,
    verb: Verb,
    by: By,
    incident_id: UUID,
    refusal: Refusal | None,
    detail: str | None = None,
) -> UUID:
    concerned = Concerned(Target.INCIDENT, str(incident_id), refusal, detail)
    return audit.put(tx, verb, by, [concerned])
