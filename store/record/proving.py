"""How is one ledger entry proved, to somebody who trusts a published checkpoint and not us?

The proof holds the entry as its leaf covers it, those of its personal values that are to be shown,
each with its salt, and the hashes that lead from the leaf to the seal and from the seal to the
checkpoint. What is not shown stays a commitment: it cannot be guessed without its salt.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.engine import RowMapping

from store.encryption.keys import Destroyed
from store.engine import Transaction
from store.record.checkpoints import Checkpoint, seal_leaves
from store.record.ledger import COVERED, canonical, open_salted
from store.record.merkle import path
from store.tables import ledger, seals

SHOWN = ("destination", "masked", "content_digest")
_PROOF_HERE = 'PROOFS = "[]"  # the proofs stand here'


@dataclass(frozen=True, slots=True)
class NotProvable:
    """An entry that cannot be proved yet, and why."""

    entry_id: UUID
    why: str


def entries_of(tx: Transaction, named: UUID) -> Sequence[RowMapping]:
    """Give the ledger entries of a delivery, an event, or one entry by its own id; oldest first."""
    e = ledger.c
    found = select(ledger).where(or_(e.delivery_id == named, e.event_id == named, e.id == named))
    return tx.connection.execute(found.order_by(e.id)).mappings().all()


def prove(
    tx: Transaction,
    row: RowMapping,
    checkpoints: Sequence[Checkpoint],
    shown: Collection[str] = SHOWN,
) -> dict[str, Any] | NotProvable:
    """Make one entry's proof, as JSON takes it."""
    if row["seal"] is None:
        return NotProvable(row["id"], "it is not sealed yet: try again in a minute")
    number = row["seal"]
    covering = [c for c in checkpoints if c.first_seal <= number <= c.last_seal]
    if not covering:
        return NotProvable(row["id"], "no checkpoint covers it yet: try again after the next one")
    checkpoint = covering[0]
    seal = tx.connection.execute(select(seals).where(seals.c.number == number)).mappings().one()
    first, p = seal["first_position"], ledger.c.position
    found = select(ledger.c.leaf).where(p >= first, p < first + seal["count"]).order_by(p)
    leaves = list(tx.connection.execute(found).scalars())
    sealed = seal_leaves(tx, checkpoint.first_seal, checkpoint.last_seal)
    return {
        "entry": json.loads(canonical(row)),
        "columns": ["id", *COVERED, "commitments"],
        "shown": _opened(tx, row, shown),
        "to_seal": _steps(path(leaves, row["position"] - first)),
        "seal": {
            "number": number,
            "previous": seal["previous"].hex(),
            "first_position": first,
            "count": seal["count"],
        },
        "to_checkpoint": _steps(path(sealed, number - checkpoint.first_seal)),
        "checkpoint": json.loads(checkpoint.as_json()),
    }


def script(proofs: Sequence[dict[str, Any]]) -> str:
    """Give a program that holds proofs and checks them, with Python's standard library alone."""
    text = files("store.record").joinpath("check_proof.py").read_text(encoding="utf-8")
    # Written as Python writes a string: what customers were called or wrote can never become code.
    return text.replace(_PROOF_HERE, f"PROOFS = {json.dumps(proofs)!r}")


def _opened(tx: Transaction, row: RowMapping, shown: Collection[str]) -> list[dict[str, Any]]:
    """The values to be shown, each with its salt and the place of its commitment."""
    if row["personal"] is None:
        return []
    try:
        salted = open_salted(tx, row["id"], row["personal"])
    except Destroyed:
        return []
    return [
        {"name": name, "place": place, "salt": salt.hex(), "value": value.decode()}
        for place, (name, (salt, value)) in enumerate(zip(SHOWN, salted, strict=True))
        if name in shown
    ]


def _steps(steps: Sequence[tuple[str, bytes]]) -> list[list[str]]:
    return [[side, digest.hex()] for side, digest in steps]
