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

from contracts.vocabulary import Channel, Lane, Purpose, Reason, Service
from store import bulk
from store.encryption.keys import Destroyed
from store.engine import Transaction
from store.record.merkle import leaf_hash
from store.tables import ledger

NOT_SENT = "not_sent"
_SALT = 16
_BETWEEN = b"\xff"  # stands in no UTF-8
_in_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the record. ``outcome`` is a delivery status, or ``not_sent``.

    ``service`` is that which the event was reported for; none for what is for all of them.
    ``price`` is a decimal; it and ``currency`` come as the provider's later word.
    """

    customer_ref: str
    event_id: UUID
    purpose: Purpose
    service: Service | None
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
_VALUES = len(fields(Where))
COVERED = tuple(f.name for f in fields(Entry))


def append(tx: Transaction, entries: Iterable[tuple[Entry, Where]]) -> None:
    """Write entries. The sealer gives them their positions later."""
    rows = [row_of(tx, entry, where) for entry, where in entries]
    bulk.insert_rows(tx, ledger, rows)


def row_of(tx: Transaction, entry: Entry, where: Where) -> dict[str, Any]:
    """Make an entry's row: its values committed to and sealed, its leaf hashed."""
    row_id = tx.new_id()
    values = [value.encode() for value in where.values()]
    salts = os.urandom(_SALT * _VALUES)
    row: dict[str, Any] = {"id": row_id}
    for name in COVERED:
        row[name] = getattr(entry, name)
    row["commitments"] = _committed(_salted(salts, values))
    row["leaf"] = leaf_hash(canonical(row))
    row["personal"] = tx.seal(entry.customer_ref, _place(row_id), salts + _BETWEEN.join(values))
    return row


def canonical(row: Any) -> bytes:
    """Give the bytes that a leaf covers: id, plain columns in a fixed order, and commitments."""
    return as_canonical(covered(row), row["commitments"])


def covered(row: Any) -> list[Any]:
    """Give an entry's id and plain columns as its leaf covers them: as JSON takes them."""
    return [str(row["id"]), *(_plain(row[name]) for name in COVERED)]


def as_canonical(values: Sequence[Any], commitments: bytes) -> bytes:
    """Give the bytes that a leaf covers, of what ``covered`` gives and the commitments."""
    return _in_json([*values, commitments.hex()]).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


def open_where(tx: Transaction, row: Any) -> Where:
    """Decrypt an entry's personal part; empty where it, or its key, has been destroyed."""
    if row["personal"] is None:
        return NOWHERE
    try:
        salted = open_salted(tx, row["id"], row["personal"])
    except Destroyed:
        return NOWHERE
    return Where(*(value.decode() for _, value in salted))


def open_salted(tx: Transaction, row_id: UUID | str, sealed: bytes) -> list[tuple[bytes, bytes]]:
    """Decrypt an entry's personal values, each with its salt. Raises ``Unopenable``."""
    return salted_in(tx.open(_place(row_id), sealed))


def salted_in(opened: bytes) -> list[tuple[bytes, bytes]]:
    """Read what an entry's sealed part holds: its personal values, each with its salt."""
    ends = _SALT * _VALUES
    return _salted(opened[:ends], opened[ends:].split(_BETWEEN))


def commitments_hold(
    tx: Transaction, row_id: UUID | str, sealed: bytes, commitments: bytes
) -> bool:
    """Check an entry's sealed values against what its leaf commits to. Raises ``Unopenable``."""
    return _committed(open_salted(tx, row_id, sealed)) == commitments


def _salted(salts: bytes, values: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return [(salts[i * _SALT : (i + 1) * _SALT], value) for i, value in enumerate(values)]


def _committed(salted: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([sha256(salt + value).digest() for salt, value in salted])


def _place(row_id: UUID | str) -> str:
    return f"ledger.personal:{row_id}"
