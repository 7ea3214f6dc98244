"""How is a rejected event taken in anew, once what was wrong about it has been mended on our side?

As its publisher's, by what that publisher may publish now, in the transaction that puts the act on
record. An event that is rejected anew is listed anew, for what is wrong with it now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from config.policies import Policies
from contracts.envelope import parse_structured
from contracts.events import parse_event
from contracts.problems import Malformed
from contracts.vocabulary import Answer, ErrorCode, Refusal, Target, Verb
from store import bulk
from store.audit import By, Concerned
from store.customers.known import Readings
from store.deliveries.due import unhint
from store.engine import Store, Transaction
from store.publishers import by_name
from store.tables import rejected_events
from workers.intake.round import Round
from workers.intake.submission import BY_HAND, Submission, not_allowed
from workers.operations import Performed, performed

_ROUTE = "again"
# Nothing that we could mend makes these right: another event has the name, or newer rules stand.
_FOR_GOOD = frozenset({ErrorCode.CONFLICTING_DUPLICATE.value, ErrorCode.STALE_VERSION.value})


@dataclass(frozen=True, slots=True)
class _Weighed:
    id: UUID
    refusal: Refusal | None
    submission: Submission | None = None
    detail: str | None = None


class TakingInAgain:
    """Verbs over rejected events. One that is here twice is a duplicate, as at any door."""

    def __init__(
        self, store: Store, readings: Readings, policies: Policies, *, admit_drama: bool
    ) -> None:
        self._store = store
        self._readings = readings
        self._policies = policies
        self._admit_drama = admit_drama

    def replay(self, rejected: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Take rejected events in anew, in the order in which they came.

        Refused for those whose body may not be kept whole, and for those that are as wrong as
        they were; these stay as they are.
        """
        with self._store.write() as tx:
            weighed = self._weigh(tx, rejected)
            concerned = {
                one.id: Concerned(Target.REJECTED, str(one.id), one.refusal, one.detail)
                for one in weighed
            }
            willing = [(one.id, one.submission) for one in weighed if one.submission is not None]
            if not dry_run and willing:
                round_ = Round(tx, self._readings, self._policies)
                taken = round_.take([submission for _, submission in willing])
                for (row_id, _), answer in zip(willing, taken.answers, strict=True):
                    detail = answer.answer.value
                    if answer.answer is Answer.REJECTED:
                        detail = f"rejected anew as {answer.id}"
                    concerned[row_id] = Concerned(Target.REJECTED, str(row_id), None, detail)
                unhint(tx, [one.delivery_id for one in taken.due])  # upkeep tells dispatch
                _close(tx, [row_id for row_id, _ in willing])
            return performed(tx, Verb.REPLAY, by, list(concerned.values()), dry_run=dry_run)

    def dismiss(self, rejected: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Have rejected events wait for nobody any more; they stay on record."""
        with self._store.write() as tx:
            rows = _lock(tx, rejected)
            concerned = [
                Concerned(
                    Target.REJECTED,
                    str(each),
                    Refusal.UNKNOWN
                    if each not in rows
                    else Refusal.CLOSED
                    if rows[each].closed_at is not None
                    else None,
                )
                for each in sorted(set(rejected))
            ]
            if not dry_run:
                _close(tx, [UUID(one.target) for one in concerned if one.refusal is None])
            return performed(tx, Verb.CANCEL, by, concerned, dry_run=dry_run)

    def _weigh(self, tx: Transaction, rejected: Sequence[UUID]) -> list[_Weighed]:
        rows = _lock(tx, rejected)
        return [
            self._weigh_one(tx, rows[each]) if each in rows else _Weighed(each, Refusal.UNKNOWN)
            for each in sorted(set(rejected))
        ]

    def _weigh_one(self, tx: Transaction, row: Row[Any]) -> _Weighed:
        if row.closed_at is not None:
            return _Weighed(row.id, Refusal.CLOSED)
        codes = {problem["code"] for problem in json.loads(row.problems)}
        if row.body is None or ErrorCode.CARD_DATA.value in codes:
            return _Weighed(row.id, Refusal.NOT_KEPT)
        if codes & _FOR_GOOD:
            return _Weighed(row.id, Refusal.STILL_WRONG, detail=", ".join(sorted(codes)))
        publisher = BY_HAND if row.publisher == BY_HAND.name else by_name(tx, row.publisher)
        if publisher is None:
            return _Weighed(row.id, Refusal.PUBLISHER_UNKNOWN)
        body = tx.open(f"rejected_events.body:{row.id}", row.body)
        try:
            event = parse_event(parse_structured(body), admit_drama=self._admit_drama)
        except Malformed as broken:
            paths = sorted({problem.path or "(all)" for problem in broken.problems})
            return _Weighed(row.id, Refusal.STILL_WRONG, detail=", ".join(paths)[:500])
        submission = Submission(publisher, _ROUTE, event, body)
        if barred := not_allowed(submission):
            paths = sorted({problem.path for problem in barred})
            return _Weighed(row.id, Refusal.STILL_WRONG, detail=", ".join(paths))
        return _Weighed(row.id, None, submission)


def _lock(tx: Transaction, rejected: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    rows = tx.connection.execute(
        select(rejected_events)
        .where(bulk.among(tx, rejected_events.c.id, sorted(set(rejected))))
        .order_by(rejected_events.c.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


def _close(tx: Transaction, rejected: Sequence[UUID]) -> None:
    tx.connection.execute(
        update(rejected_events)
        .where(bulk.among(tx, rejected_events.c.id, sorted(rejected)))
        .values(closed_at=tx.now)
    )
