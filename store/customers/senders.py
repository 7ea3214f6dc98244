"""Whom do texts to a customer come from, where that is not the company?

A name that is a person's own, or a number: sealed under the customer's key, as all that is theirs.
"""

from dataclasses import dataclass, field

from sqlalchemy import select

from store.customers.changes import touch
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import customers
from store.types import SealedBytes


@dataclass(frozen=True, slots=True)
class OwnSender:
    """One customer's own sender; ``sender`` is empty where no key opens it any more."""

    customer_ref: str
    sender: str = field(repr=False)


def open_sender(tx: Transaction, ref: str, sealed: SealedBytes | None) -> str | None:
    """Decrypt ``customers.sms_sender``. Raises ``Unopenable``, or ``KeyError``."""
    return None if sealed is None else tx.open(_place(ref), sealed).decode()


def own_senders(tx: Transaction, limit: int) -> list[OwnSender]:
    """Give the customers who have a sender of their own, by their references."""
    rows = tx.connection.execute(
        select(customers.c.ref, customers.c.sms_sender)
        .where(customers.c.sms_sender.is_not(None))
        .order_by(customers.c.ref)
        .limit(limit)
    ).all()
    tx.prepare_opening(row.sms_sender for row in rows)
    return [OwnSender(row.ref, _shown(tx, row.ref, row.sms_sender)) for row in rows]


def locked_sender(tx: Transaction, ref: str) -> OwnSender | None:
    """Lock a customer and give its own sender, an empty one where it has none.

    None where there is no such customer.
    """
    row = tx.connection.execute(
        select(customers.c.ref, customers.c.sms_sender)
        .where(customers.c.ref == ref)
        .with_for_update()
    ).first()
    return None if row is None else OwnSender(ref, _shown(tx, ref, row.sms_sender))


def set_sender(tx: Transaction, ref: str, sender: str | None) -> None:
    """Let a customer's texts come from ``sender`` from now on, or from the company again."""
    sealed = None if sender is None else tx.seal(ref, _place(ref), sender.encode())
    touch(tx, ref, sms_sender=sealed)


def _shown(tx: Transaction, ref: str, sealed: SealedBytes | None) -> str:
    try:
        return open_sender(tx, ref, sealed) or ""
    except (Unopenable, KeyError):
        return ""


def _place(ref: str) -> str:
    return f"customers.sms_sender:{ref}"
