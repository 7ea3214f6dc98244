"""Which tables take only new rows, and how does the database itself refuse anything else?

An update is refused for good. What must be destroyed, by erasure and when its time is over, is
deleted by who says so for the transaction (``store.rights.destroying``); PostgreSQL refuses any
other.
"""

from sqlalchemy import DDL, Table, event

# What a transaction sets, for itself alone, before it deletes such rows (PostgreSQL).
DESTROYING = "onward.destroying"
_REFUSES = "takes only new rows"

FUNCTION = f"""
CREATE OR REPLACE FUNCTION onward_only_new_rows() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'DELETE' AND coalesce(current_setting('{DESTROYING}', true), '') = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION USING MESSAGE = 'table ' || TG_TABLE_NAME || ' {_REFUSES}';
END
$body$
"""


def postgresql_guard(table: str) -> str:
    """Give the statement that guards a table in PostgreSQL; ``FUNCTION`` comes before it."""
    return (
        f"CREATE TRIGGER only_new_rows BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION onward_only_new_rows()"
    )


def sqlite_guard(table: str) -> str:
    """Give the statement that guards a table in SQLite: against updates alone."""
    return (
        f"CREATE TRIGGER {table}_only_new_rows BEFORE UPDATE ON {table}"
        f" BEGIN SELECT RAISE(ABORT, 'table {table} {_REFUSES}'); END"
    )


def only_new_rows(table: Table) -> Table:
    """Have a table guarded wherever it is made from this metadata, and give it back."""
    for dialect, statement in (
        ("postgresql", FUNCTION),
        ("postgresql", postgresql_guard(table.name)),
        ("sqlite", sqlite_guard(table.name)),
    ):
        guard = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", guard)
    return table
