"""How many rows are written at once: by arrays in PostgreSQL, row by row in SQLite.

One ``unnest`` statement with binary arrays is about as fast as COPY and knows ON CONFLICT and
RETURNING. Rows must come in the order of their keys wherever two writers may meet: unordered keys
deadlock.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Table, any_, bindparam, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store.engine import Transaction

Row = Mapping[str, Any]
_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


def among(tx: Transaction, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Say that ``column`` is one of ``values``, with one parameter for however many.

    An ``IN`` with as many parameters as values is another statement for each number of them:
    neither SQLAlchemy, nor psycopg, nor PostgreSQL then knows it again.
    """
    if not tx.postgresql:
        return column.in_(values)
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


def insert_rows(
    tx: Transaction, table: Table, rows: Sequence[Row], *, skip_existing: bool = False
) -> None:
    """Insert rows that all have the same columns; optionally leave out those already there."""
    if not rows:
        return
    if not tx.postgresql:
        statement = (
            sqlite_insert(table).on_conflict_do_nothing() if skip_existing else insert(table)
        )
        tx.connection.execute(statement, [dict(row) for row in rows])
        return
    columns = tuple(rows[0])
    conflict = " ON CONFLICT DO NOTHING" if skip_existing else ""
    names = ", ".join(f'"{c}"' for c in columns)
    arrays = ", ".join(f"%s::{_array_type(table.c[c])}" for c in columns)
    tx.connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays}){conflict}',  # noqa: S608 - names come from our tables
        _arrays(table, columns, rows),
    )


def update_rows(
    tx: Transaction,
    table: Table,
    key: Sequence[str],
    rows: Sequence[Row],
    *,
    counting: Sequence[str] = (),
    only_if: str = "",
    returning: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Set the columns of many rows, each found by its ``key`` columns.

    ``counting`` columns go up by one. ``only_if`` is a further condition on ``t`` (the table) in
    SQL that both databases know. Gives the ``returning`` columns of the rows really changed.
    """
    if not rows:
        return []
    if not tx.postgresql:
        return _update_one_by_one(tx, table, key, rows, counting, only_if, returning)
    columns = tuple(rows[0])
    back = f" RETURNING {', '.join(f't.{c}' for c in returning)}" if returning else ""
    sets = _assignments([f'"{c}" = v."{c}"' for c in columns if c not in key], counting)
    found = " AND ".join(f't."{c}" = v."{c}"' for c in key)
    more = f" AND ({only_if})" if only_if else ""
    arrays = ", ".join(f"%s::{_array_type(table.c[c])}" for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    result = tx.connection.exec_driver_sql(
        f'UPDATE "{table.name}" AS t SET {sets} FROM unnest({arrays}) AS v({names})'  # noqa: S608 - names come from our tables
        f" WHERE {found}{more}{back}",
        _arrays(table, columns, rows),
    )
    if not returning:
        return []
    readers = _readers(table, returning, tx)
    return [_named(returning, readers, row) for row in result]


def _assignments(sets: list[str], counting: Sequence[str]) -> str:
    return ", ".join([*sets, *(f'"{c}" = t."{c}" + 1' for c in counting)])


def _readers(table: Table, columns: Sequence[str], tx: Transaction) -> list[Any]:
    dialect = tx.connection.dialect
    return [table.c[c].type.dialect_impl(dialect).result_processor(dialect, None) for c in columns]


def _named(columns: Sequence[str], readers: Sequence[Any], row: Sequence[Any]) -> dict[str, Any]:
    return {
        c: (read(value) if read else value)
        for c, read, value in zip(columns, readers, row, strict=True)
    }


def _update_one_by_one(
    tx: Transaction,
    table: Table,
    key: Sequence[str],
    rows: Sequence[Row],
    counting: Sequence[str],
    only_if: str,
    returning: Sequence[str],
) -> list[dict[str, Any]]:
    columns = tuple(rows[0])
    sets = _assignments([f'"{c}" = :{c}' for c in columns if c not in key], counting)
    found = " AND ".join(f't."{c}" = :{c}' for c in key)
    more = f" AND ({only_if})" if only_if else ""
    back = ", ".join(f'"{c}"' for c in returning or key)
    sql = f'UPDATE "{table.name}" AS t SET {sets} WHERE {found}{more} RETURNING {back}'  # noqa: S608 - names come from our tables
    dialect = tx.connection.dialect
    writers = {c: table.c[c].type.dialect_impl(dialect).bind_processor(dialect) for c in columns}
    readers = _readers(table, returning, tx)
    changed: list[dict[str, Any]] = []
    for row in rows:
        bound = {c: (w(row[c]) if (w := writers[c]) else row[c]) for c in columns}
        found_rows = tx.connection.exec_driver_sql(sql, bound).fetchall()
        changed.extend(_named(returning, readers, one) for one in found_rows if returning)
    return changed


def _arrays(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[Any], ...]:
    arrays = []
    for name in columns:
        process = _processor(table.c[name])
        values = [row[name] for row in rows]
        arrays.append([process(v) for v in values] if process else values)
    return tuple(arrays)


@lru_cache(maxsize=512)
def _array_type(column: Column[Any]) -> str:
    compiled = column.type.dialect_impl(_DIALECT).compile(_DIALECT)
    return f"{compiled.split('(')[0].lower()}[]" if "TIMESTAMP" not in compiled else "timestamptz[]"


@lru_cache(maxsize=512)
def _processor(column: Column[Any]) -> Any:
    return column.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
