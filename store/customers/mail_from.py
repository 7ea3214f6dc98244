"""In whose name do a customer's emails come, where not in the company's own? Kept sealed."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import select, update

from store.engine import Transaction
from store.tables import customers
from store.types import SealedBytes


@dataclass(frozen=True, slots=True)
class MailFrom:
    """What a customer's emails say instead of the company's own; none: as everyone's."""

    address: str | None = None
    name: str | None = None
    reply_to: str | None = None


def read_mail_from(tx: Transaction, ref: str) -> MailFrom | None:
    """Give how a customer's emails are sent; none where they are as everyone's."""
    sealed = tx.connection.execute(
        select(customers.c.mail_from).where(customers.c.ref == ref)
    ).scalar()
    return None if sealed is None else open_mail_from(tx, ref, sealed)


def put_mail_from(tx: Transaction, ref: str, given: MailFrom | None) -> bool:
    """Have a customer's emails sent so from now on; whether there is such a customer."""
    sealed = None
    if given is not None:
        sealed = tx.seal(ref, _place(ref), json.dumps(asdict(given)).encode())
    done = tx.connection.execute(
        update(customers).where(customers.c.ref == ref).values(mail_from=sealed)
    )
    return bool(done.rowcount)


def open_mail_from(tx: Transaction, ref: str, sealed: SealedBytes) -> MailFrom:
    """Decrypt it. Raises ``Unopenable``, or ``KeyError``."""
    return MailFrom(**json.loads(tx.open(_place(ref), sealed)))


def _place(ref: str) -> str:
    return f"customers.mail_from:{ref}"
