"""Which destinations must not be used, and for what? Shown masked, with whose they are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from contracts.vocabulary import Purpose, Reason, SuppressedBy
from store.customers.known import open_destination
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.rights import outside
from store.tables import destinations, suppressions


@dataclass(frozen=True, slots=True)
class Suppression:
    """One destination of one customer, barred from one purpose.

    A value may be a destination of several customers, and is then barred for all of them. Without
    a customer it is nobody's any more.
    """

    customer_ref: str | None
    destination_id: str | None
    masked: str
    purpose: Purpose
    reason: Reason
    set_by: SuppressedBy | None
    since: datetime


def suppressed(tx: Transaction, customer_ref: str | None, limit: int) -> list[Suppression]:
    """Give what is barred now, the newest first; of one customer or of all."""
    s, d = suppressions, destinations
    statement = (
        select(s, d)
        .outerjoin(d, d.c.value_index == s.c.value_index)
        .where(s.c.lifted_at.is_(None))
        .order_by(s.c.since.desc(), d.c.customer_ref, d.c.destination_id, s.c.purpose)
        .limit(limit)
    )
    if customer_ref is not None:
        statement = statement.where(d.c.customer_ref == customer_ref)
    found = []
    for row in tx.connection.execute(statement):
        masked = ""
        if row.customer_ref is not None:
            try:
                masked = open_destination(tx, row).masked
            except (KeyError, Unopenable):
                masked = "(erased)"
        found.append(
            Suppression(
                row.customer_ref,
                row.destination_id,
                masked,
                row.purpose,
                row.reason,
                row.set_by,
                row.since,
            )
        )
    return found


def lift(
    tx: Transaction, customer_ref: str, destination_id: str, purpose: Purpose | None
) -> list[Purpose] | None:
    """Let a customer's destination be used again, for a purpose or for all; give for which.

    The same value is free for every customer who has it. None where there is no such destination.
    """
    d, s = destinations.c, suppressions.c
    index = tx.connection.execute(
        select(d.value_index).where(
            d.customer_ref == customer_ref, d.destination_id == destination_id
        )
    ).scalar()
    if index is None:
        return None
    wanted = [s.value_index == index, s.lifted_at.is_(None)]
    if purpose is not None:
        wanted.append(s.purpose == purpose)
    lifted = tx.connection.execute(
        update(suppressions).where(*wanted).values(lifted_at=tx.now).returning(suppressions)
    ).all()
    outside.note_places(tx, lifted)
    return sorted(row.purpose for row in lifted)
