"""What did operators do, to what, and why? Every act is kept, refused ones too, for its time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import Refusal, Target, Verb
from store import bulk
from store.encryption.texts import text_of
from store.engine import Transaction
from store.tables import act_targets, acts

DONE = "done"


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, by name, and why in that person's own words.

    ``account`` is the system account that they act from, where that is not their name.
    """

    actor: str
    reason: str = field(repr=False)
    account: str | None = None

    @property
    def from_account(self) -> str:
        """The system account that they act from."""
        return self.account or self.actor


@dataclass(frozen=True, slots=True)
class Concerned:
    """One thing that an act was about; refused where ``refusal`` says why."""

    kind: Target
    target: str
    refusal: Refusal | None = None
    detail: str | None = None
    customer_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ActLine:
    """One act. ``reason`` is none once a customer whom it concerned has been erased."""

    id: UUID
    at: datetime
    actor: str
    account: str
    verb: Verb
    reason: str | None = field(repr=False)
    done: int
    refused: int
    targets: tuple[Concerned, ...]


def put(tx: Transaction, verb: Verb, by: By, concerned: Sequence[Concerned]) -> UUID:
    """Put an act on record, in the transaction that does it; give its id."""
    act_id = tx.new_id()
    owners = {one.customer_ref for one in concerned}
    owner = owners.pop() if len(owners) == 1 else None
    refused = sum(one.refusal is not None for one in concerned)
    bulk.insert_rows(
        tx,
        acts,
        [
            {
                "id": act_id,
                "at": tx.now,
                "actor": by.actor,
                "account": by.from_account,
                "verb": verb,
                "reason": tx.seal(owner, f"acts.reason:{act_id}", by.reason.encode()),
                "done": len(concerned) - refused,
                "refused": refused,
                "policy_version": tx.policy_version,
            }
        ],
    )
    bulk.insert_rows(
        tx,
        act_targets,
        [
            {
                "act_id": act_id,
                "target": one.target,
                "kind": one.kind,
                "answer": DONE if one.refusal is None else one.refusal.value,
                "detail": one.detail,
                "customer_ref": one.customer_ref,
            }
            for one in concerned
        ],
    )
    return act_id


def acts_on(tx: Transaction, targets: Sequence[str]) -> list[ActLine]:
    """Give the acts about any of some things, the oldest first, each with these alone."""
    found = tx.connection.execute(
        select(act_targets).where(bulk.among(tx, act_targets.c.target, sorted(targets)))
    ).all()
    ids = sorted({row.act_id for row in found})
    rows = tx.connection.execute(
        select(acts).where(bulk.among(tx, acts.c.id, ids)).order_by(acts.c.id)
    ).all()
    return _lines(tx, rows, found)


def last_acts(tx: Transaction, limit: int) -> list[ActLine]:
    """Give the last acts, the newest first."""
    rows = tx.connection.execute(select(acts).order_by(acts.c.id.desc()).limit(limit)).all()
    found = tx.connection.execute(
        select(act_targets).where(
            bulk.among(tx, act_targets.c.act_id, sorted(row.id for row in rows))
        )
    ).all()
    return _lines(tx, rows, found)


def _lines(tx: Transaction, rows: Sequence[Any], targets: Sequence[Any]) -> list[ActLine]:
    concerned: dict[UUID, list[Concerned]] = {}
    for row in targets:
        refusal = None if row.answer == DONE else Refusal(row.answer)
        one = Concerned(row.kind, row.target, refusal, row.detail)
        concerned.setdefault(row.act_id, []).append(one)
    return [
        ActLine(
            row.id,
            row.at,
            row.actor,
            row.account,
            row.verb,
            text_of(tx, f"acts.reason:{row.id}", row.reason),
            row.done,
            row.refused,
            tuple(concerned.get(row.id, ())),
        )
        for row in rows
    ]
