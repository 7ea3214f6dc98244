"""Who leads? One holder of a named lease at a time, by the store's clock.

A leader that was stopped and wakes up late still believes that it leads. What it then writes is
written under ``insist``, which finds that another holds the lease, and rolls all of it back.
"""

from datetime import timedelta

from sqlalchemy import select, update

from store.bulk import insert_rows
from store.engine import Transaction
from store.tables import leases


class LeaseLostError(Exception):
    """Another holds the lease, or nobody; what was to be written under it is not."""

    def __init__(self, name: str, holder: str) -> None:
        super().__init__(f"{holder} does not hold {name} any more")
        self.name, self.holder = name, holder


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


def insist(tx: Transaction, name: str, holder: str) -> None:
    """Have this transaction commit only if ``holder`` leads; raises ``LeaseLostError`` if not.

    To be called last: nobody can take the lease from here to the commit. One that has run out and
    that nobody took is still its holder's.
    """
    row = tx.connection.execute(
        select(leases.c.holder).where(leases.c.name == name).with_for_update(read=True)
    ).first()
    if row is None or row.holder != holder:
        raise LeaseLostError(name, holder)


def holder(tx: Transaction, name: str) -> str | None:
    """Give who holds a lease now."""
    row = tx.connection.execute(select(leases).where(leases.c.name == name)).first()
    return row.holder if row is not None and row.until > tx.now else None
