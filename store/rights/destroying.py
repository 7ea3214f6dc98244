"""How is what takes only new rows destroyed all the same, by erasure and when its time is over?"""

from sqlalchemy import text

from store.engine import Transaction
from store.tables.append_only import DESTROYING


def allow(tx: Transaction) -> None:
    """Let this transaction, and no other, delete rows of tables that take only new ones."""
    if tx.postgresql:
        tx.connection.execute(text(f"SET LOCAL {DESTROYING} = 'on'"))
