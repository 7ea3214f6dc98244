"""How is one row about a customer put into each table that a copy is made from, with a canary?"""

import json
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    insert,
)

from contracts.vocabulary import DisclosureStatus
from store import tables
from store.engine import Transaction
from store.personal import REGISTER
from store.rights import erased
from store.rights.copying import Source
from store.types import Instant, Sealed, Word
from tests.building import House

REF = "C-1042"
# Columns by which a row is theirs, directly or by what it belongs to.
NAMES_THEM = frozenset({"customer_ref", "ref", "delivery_id", "item_id", "act_id", "subject_index"})
_DELIVERY = UUID("0191d7a0-0000-7000-8000-000000000001")
_ACT = UUID("0191d7a0-0000-7000-8000-000000000002")
_DISCLOSURE = UUID("0191d7a0-0000-7000-8000-000000000003")
# Rows that say whose the rows of another table are.
_SAYS_WHOSE = {"acts": tables.act_targets, "disclosures": tables.disclosure_subjects}
_THEIRS: dict[str, object] = {
    "customer_ref": REF,
    "ref": REF,
    "target": REF,
    "delivery_id": _DELIVERY,
    "item_id": "item-of-theirs",
    "act_id": _ACT,
    "time_zone": "Europe/London",
    "deliveries.id": _DELIVERY,
    "acts.id": _ACT,
    "disclosure_id": _DISCLOSURE,
    "disclosures.id": _DISCLOSURE,
    "disclosures.status": DisclosureStatus.EXPORTED,
}
_BY_TYPE: tuple[tuple[type[Any] | tuple[type[Any], ...], object], ...] = (
    (Instant, datetime(2026, 11, 20, 10, tzinfo=UTC)),
    (Date, date(2026, 11, 20)),
    (Boolean, False),
    ((Integer, BigInteger), 1),
    (LargeBinary, b"0123456789abcdef"),
)


def seed(house: House, source: Source) -> list[str]:
    """Put a row about the customer into a table; give what of it must be in their copy."""
    table = source.table
    sealed = [column for column in table.c if isinstance(column.type, Sealed)]
    with house.store.write() as tx:
        row = _row(tx, table)
        whole: Any = dict.fromkeys(table.c.keys()) | row
        for column in sealed:
            place = f"{table.name}.{column.name}:{source.key(whole)}"
            owner = REF if REGISTER[table.name].retention is not None else None
            row[column.name] = tx.seal(owner, place, _words(table, column.name))
        tx.connection.execute(insert(table).values(row))
        if table.name in _SAYS_WHOSE:
            says = _SAYS_WHOSE[table.name]
            tx.connection.execute(insert(says).values(_row(tx, says)))
    if sealed:
        return [_canary(table, column.name) for column in sealed]
    return [  # a keyed digest tells nobody anything, and is in no copy
        str(row[column.name])
        for column in table.primary_key
        if not isinstance(column.type, LargeBinary)
    ]


def _row(tx: Transaction, table: Table) -> dict[str, Any]:
    """As little as the table takes, with all that says whose it is, and nothing sealed."""
    return {
        column.name: _value(tx, table, column)
        for column in table.c
        if not isinstance(column.type, Sealed)
        and (not column.nullable or column.name in {*NAMES_THEM, "target"})
    }


def _value(tx: Transaction, table: Table, column: Column[Any]) -> object:
    for name in (f"{table.name}.{column.name}", column.name):
        if name in _THEIRS:
            return _THEIRS[name]
    if column.name == "subject_index":
        return erased.index_of(tx, REF)
    if isinstance(column.type, Word):
        words: type[StrEnum] = column.type.kinds[0]
        return next(iter(words))
    if isinstance(column.type, Uuid):
        return tx.new_id()
    for kind, value in _BY_TYPE:
        if isinstance(column.type, kind):
            return value
    assert isinstance(column.type, String | Text), f"{table.name}.{column.name}"
    return f"a word in {table.name}"


def _canary(table: Table, column: str) -> str:
    return f"canary of {table.name} {column}"


def _words(table: Table, column: str) -> bytes:
    """What a sealed column holds, in the form that its table has it in."""
    said = _canary(table, column)
    if table is tables.events:
        return json.dumps({"subject": REF}).encode() + b"\n" + json.dumps({"text": said}).encode()
    if table is tables.ledger:  # three salts, and between them the three values of `Where`
        return bytes(16 * 3) + b"\xff".join([said.encode(), b"masked", b"digest"])
    return json.dumps({"said": said}).encode()
