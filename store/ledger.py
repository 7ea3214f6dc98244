"""The record: what was sent on, when, where, by whom, and what deliberately was not.

An entry is written once, in the transaction that made it true; a later word is a later entry. Its
leaf covers every plain column and the commitments to the sealed values, so that a key can be
destroyed and the chain still verifies.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from contracts.vocabulary import Channel, Lane, Purpose, Reason
from store import bulk
from store.engine import Transaction
from store.merkle import leaf_hash
from store.tables import ledger

NOT_SENT = "not_sent"
_SALT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the record. ``outcome`` is a delivery status, or ``not_sent``.

    ``price`` is a decimal; it and ``currency`` come as the provider's later word.
    """

    customer_ref: str
    event_id: UUID
    purpose: Purpose
    outcome: str
    reason: Reason
    settled_at: datetime
    policy_version: str
    delivery_id: UUID | None = None
    rule_id: str | None = None
    rule_version: int | None = None
    step: int | None = None
    channel: Channel | None = None
    lane: Lane | None = None
    destination_id: str | None = None
    detail: str | None = None
    marked: bool = False
    attempt: int | None = None
    provider: str | None = None
    reference: str | None = None
    template_version: str | None = None
    segments: int | None = None
    price: str | None = None
    currency: str | None = None
    intended_at: datetime | None = None
    attempted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """The personal part of an entry: the destination, its mask, and a digest of what was sent."""

    destination: str = ""
    masked: str = ""
    content_digest: str = ""

    def values(self) -> tuple[str, str, str]:
        """Give the values in the order of their commitments."""
        return self.destination, self.masked, self.content_digest


NOWHERE = Where()
COVERED = tuple(f.name for f in fields(Entry))


def append(tx: Transaction, entries: Iterable[tuple[Entry, Where]]) -> None:
    """Write entries. The sealer gives them their positions later."""
    rows = [row_of(tx, entry, where) for entry, where in entries]
    bulk.insert_rows(tx, ledger, rows)


def row_of(tx: Transaction, entry: Entry, where: Where) -> dict[str, Any]:
    """Make an entry's row: its values committed to and sealed, its leaf hashed."""
    row_id = tx.new_id()
    salts = os.urandom(_SALT * 3)
    salted = [(salts[i * _SALT : (i + 1) * _SALT], value) for i, value in enumerate(where.values())]
    commitments = b"".join(sha256(salt + value.encode()).digest() for salt, value in salted)
    row: dict[str, Any] = {"id": row_id}
    for name in COVERED:
        row[name] = getattr(entry, name)
    row["commitments"] = commitments
    row["leaf"] = leaf_hash(canonical(row))
    personal = json.dumps([[salt.hex(), value] for salt, value in salted]).encode()
    row["personal"] = tx.seal(entry.customer_ref, f"ledger.personal:{row_id}", personal)
    return row


def canonical(row: Any) -> bytes:
    """Give the bytes that a leaf covers: id, plain columns in a fixed order, and commitments."""
    values = [str(row["id"]), *(_plain(row[name]) for name in COVERED), row["commitments"].hex()]
    return json.dumps(values, separators=(",", ":"), ensure_ascii=True).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


def open_where(tx: Transaction, row: Any) -> Where:
    """Decrypt an entry's personal part; empty where it has been erased."""
    if row["personal"] is None:
        return NOWHERE
    salted = json.loads(tx.open(f"ledger.personal:{row['id']}", row["personal"]))
    return Where(*(value for _, value in salted))


def commitments_hold(tx: Transaction, row: Any) -> bool:
    """Check an entry's sealed values against what its leaf commits to."""
    if row["personal"] is None:
        return True
    salted: Sequence[Sequence[str]] = json.loads(
        tx.open(f"ledger.personal:{row['id']}", row["personal"])
    )
    made = b"".join(sha256(bytes.fromhex(s) + v.encode()).digest() for s, v in salted)
    return bool(made == row["commitments"])
