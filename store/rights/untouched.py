"""Whose records does nothing destroy for now, however old they are?

Those of who is under a legal hold, and of who had them restricted: Article 18 of the UK GDPR has
them kept, and nothing else done with them, to be destroyed included. And those of who asked for one
of their rights, or complained, until they are answered: that may need any of them.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select

from store.engine import Transaction
from store.rights import erased
from store.tables import complaints, customers, legal_holds, rights_requests


def held() -> Select[Any]:
    """The references of who is under a legal hold."""
    h = legal_holds.c
    return select(h.customer_ref).where(h.lifted_at.is_(None))


def is_held(tx: Transaction, ref: str) -> bool:
    """Whether a customer's records are under a legal hold."""
    found = held().where(legal_holds.c.customer_ref == ref).limit(1)
    return tx.connection.execute(found).first() is not None


def refs() -> Select[Any]:
    """The references of all whose records are left alone."""
    c = customers.c
    kept = c.restricted_at.is_not(None) | c.ref.in_(held()) | _unanswered()
    return select(c.ref).where(kept)


def may_go() -> tuple[ColumnElement[bool], ...]:
    """Say of a row of ``customers`` that it is not left alone."""
    c, h = customers.c, legal_holds.c
    hold = exists().where(h.customer_ref == c.ref, h.lifted_at.is_(None))
    return c.restricted_at.is_(None), ~hold, ~_unanswered()


def _unanswered() -> ColumnElement[bool]:
    """Say of a row of ``customers`` that a request or a complaint of theirs is open."""
    return or_(
        *(
            exists().where(asked.c.customer_ref == customers.c.ref, asked.c.closed_at.is_(None))
            for asked in (rights_requests, complaints)
        )
    )


def indexes(tx: Transaction) -> list[bytes]:
    """The keyed digests of these references, for what names its customer by that alone."""
    return [erased.index_of(tx, ref) for ref in tx.connection.execute(refs()).scalars()]
