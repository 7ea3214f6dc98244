"""Who leads? One holder of a named lease at a time, by the store's clock."""

from datetime import timedelta

from sqlalchemy import select, update

from store.bulk import insert_rows
from store.engine import Transaction
from store.tables import leases


def hold(tx: Transaction, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; false while another holds it."""
    row = {"name": name, "holder": holder, "fence": 0, "until": tx.now}
    insert_rows(tx, leases, [row], skip_existing=True)
    taken = tx.connection.execute(
        update(leases)
        .where(
            leases.c.name == name,
            (leases.c.holder == holder) | (leases.c.until <= tx.now),
        )
        .values(holder=holder, fence=leases.c.fence + 1, until=tx.now + timedelta(seconds=seconds))
    )
    return bool(taken.rowcount)


def give_up(tx: Transaction, name: str, holder: str) -> None:
    """Let another take a lease at once."""
    tx.connection.execute(
        update(leases).where(leases.c.name == name, leases.c.holder == holder).values(until=tx.now)
    )


def holder(tx: Transaction, name: str) -> str | None:
    """Give who holds a lease now."""
    row = tx.connection.execute(select(leases).where(leases.c.name == name)).first()
    return row.holder if row is not None and row.until > tx.now else None
