"""May another person in somebody's records be seen in their copy? A reviewer says so for each.

Events tell of callers, senders and correspondents. Until somebody has looked at one and decided,
that person is left out of copies, and no copy is delivered. What was decided last counts. A
rejected event may tell of anybody in any field: all that it says is left out unless it is released.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.vocabulary import Purpose, Refusal, Review, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.rights import decisions
from store.rights.copying import everything

_OTHERS = ("caller", "sender", "from", "to")  # who else an event's data may tell of
_BY_THEMSELVES = frozenset({"preferences.set"})  # whom they name there, they told us of
_TELLING = ("events", "correspondence", "notes", "rejected_events")
_REJECTED = "body"  # of a rejected event: what it says
Rows = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that tells of another person, in the fields ``where``; and what was decided."""

    id: str
    type: str
    received_at: datetime
    where: tuple[str, ...]
    decided: Review | None
    by: str | None


class Reviewing:
    """Lists what is marked, and records what is decided about it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def marks(self, ref: str) -> list[Mark]:
        """Give a customer's records that tell of another person, as they were received."""
        with self._store.snapshot(Purpose.RIGHTS) as tx:
            return marks(tx, dict(everything(tx, ref)))

    def decide(
        self, ref: str, names: Sequence[str], decided: Review, by: By
    ) -> dict[str, Refusal | None]:
        """Decide about some records, or about all that are undecided where none is named.

        Gives each with why nothing was decided about it, if so.
        """
        with self._store.snapshot(Purpose.RIGHTS) as tx:
            tables = dict(everything(tx, ref))
            found = marks(tx, tables)
        known = {row["id"] for row in _reviewed(tables)}
        named = list(dict.fromkeys(names)) or [one.id for one in found if one.decided is None]
        answers = {one: None if one in known else Refusal.UNKNOWN for one in named}
        if answers:
            with self._store.write() as tx:
                record(tx, ref, answers, decided, by)
        return answers


def record(
    tx: Transaction,
    ref: str,
    answers: Mapping[str, Refusal | None],
    decided: Review,
    by: By,
) -> None:
    """Put on record who decided what about some records, and why."""
    concerned = [
        Concerned(Target.EVENT, one, refusal, decided.value, ref)
        for one, refusal in answers.items()
    ]
    act_id = audit.put(tx, Verb.REVIEW, by, concerned)
    taken = [one for one, refusal in answers.items() if refusal is None]
    decisions.put(tx, act_id, taken, decided, by.actor)


def marks(tx: Transaction, tables: Rows) -> list[Mark]:
    """Give what of somebody's records tells of another person, with what was decided.

    And what was decided about any other: what was written may tell of somebody too.
    """
    rows = _reviewed(tables)
    last = {
        one.about: (one.decided, one.actor)
        for one in decisions.about(tx, [row["id"] for row in rows])
        if isinstance(one.decided, Review)
    }
    return [
        Mark(
            id=row["id"],
            type=row["type"] or "",
            received_at=datetime.fromisoformat(row["received_at"]),
            where=others,
            decided=last[row["id"]][0] if row["id"] in last else None,
            by=last[row["id"]][1] if row["id"] in last else None,
        )
        for row in rows
        if (others := _others(row)) or row["id"] in last
    ]


def withhold(tables: Rows, found: Iterable[Mark], instead: str) -> Iterator[str]:
    """Leave out of records whom nobody has released; give the records' ids.

    What an event brought into a table of its own bears the event's id, and follows it.
    """
    told: dict[str, list[dict[str, Any]]] = {}
    for row in (row for name in _TELLING for row in tables.get(name, ())):
        told.setdefault(row["id"], []).append(row)
    for mark in found:
        if mark.decided is Review.RELEASED:
            continue
        for data in map(_data, told[mark.id]):
            whole = mark.decided is Review.WITHHELD and _REJECTED not in data
            for name in list(data) if whole else mark.where:
                if name in data:
                    data[name] = instead
        yield mark.id


def _reviewed(tables: Rows) -> list[dict[str, Any]]:
    return [*tables.get("events", ()), *tables.get("rejected_events", ())]


def _others(row: dict[str, Any]) -> tuple[str, ...]:
    if _REJECTED in row:
        return (_REJECTED,) if row[_REJECTED] is not None else ()
    if row["type"] in _BY_THEMSELVES:
        return ()
    data = _data(row)
    return tuple(name for name in _OTHERS if data.get(name))


def _data(row: dict[str, Any]) -> dict[str, Any]:
    """What a record says, to be changed in place; nothing of one that does not open."""
    if _REJECTED in row:
        return row
    content = row["content"]
    data = content.get("data", content) if isinstance(content, dict) else None
    return data if isinstance(data, dict) else {}
