"""Are ledger entries what their leaves say, and their sealed values those committed to?

Checking reads every entry there is, so it reads them plainly: PostgreSQL itself writes ids and
instants as leaves cover them, and nothing is made of a row but what is hashed.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Uuid, select

from store.encryption.keys import Destroyed, Unopenable
from store.engine import Transaction
from store.record.ledger import COVERED, as_canonical, commitments_hold, covered
from store.record.merkle import leaf_hash
from store.tables import ledger
from store.types import Instant

# position, seal, leaf, commitments, sealed values, and what the leaf covers, the id first
Row = Sequence[Any]
ID = 5
_APART = ("position", "seal", "leaf", "commitments", "personal")
_AT_ONCE = 2_000
_INSTANT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""


def read_from(tx: Transaction, position: int) -> Iterator[Row]:
    """Give the sealed entries from a position on, in their order; a few thousand in memory."""
    read = _read if tx.postgresql else _read_typed
    while rows := read(tx, position):
        tx.prepare_opening(row[4] for row in rows)
        yield from rows
        position = rows[-1][0] + 1


def fault_of(tx: Transaction, row: Row) -> str | None:
    """Say what does not hold of an entry by itself."""
    _, _, leaf, commitments, personal, *values = row
    if leaf_hash(as_canonical(values, commitments)) != leaf:
        return "the entry was altered: its leaf is not the hash of its columns"
    if personal is None:
        return None
    try:
        holds = commitments_hold(tx, values[0], personal, commitments)
    except Destroyed:
        return None
    except Unopenable:
        return "the entry's sealed values do not open"
    return None if holds else "the entry's sealed values are not those it commits to"


def _read(tx: Transaction, position: int) -> Sequence[Row]:
    # The driver's own cursor: SQLAlchemy's would ask for texts, and read each value twice.
    driver: Any = tx.connection.connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        rows: Sequence[Row] = cursor.execute(_statement(), (position, _AT_ONCE)).fetchall()
    return rows


@cache
def _statement() -> str:
    columns = ", ".join(_as_covered(ledger.c[name]) for name in (*_APART, "id", *COVERED))
    return f"SELECT {columns} FROM ledger WHERE position >= %s ORDER BY position LIMIT %s"  # noqa: S608 - names come from our tables


def _as_covered(column: Column[Any]) -> str:
    match column.type:
        case Uuid():
            return f"{column.name}::text"
        case Instant():
            return f"to_char({column.name} AT TIME ZONE 'UTC', {_INSTANT})"
        case _:
            return column.name


def _read_typed(tx: Transaction, position: int) -> Sequence[Row]:
    p = ledger.c.position
    found = select(ledger).where(p >= position).order_by(p).limit(_AT_ONCE)
    rows = tx.connection.execute(found).mappings()
    return [(*(row[name] for name in _APART), *covered(row)) for row in rows]
