"""Who complained of how we use personal information, and how far has each complaint come?"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from contracts.vocabulary import ComplaintStatus
from store.encryption.texts import text_of
from store.engine import Transaction
from store.tables import complaints, customers

_TEXTS = ("detail", "answer")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint; who complains need not be a customer.

    Its texts are none where nothing was said, or their key was destroyed.
    """

    id: UUID
    customer_ref: str | None
    via: str
    status: ComplaintStatus
    received_at: datetime
    acknowledge_by: date
    acknowledged_at: datetime | None
    closed_at: datetime | None
    detail: str | None = field(repr=False)
    answer: str | None = field(repr=False)


def put(
    tx: Transaction,
    ref: str | None,
    via: str,
    received_at: datetime,
    acknowledge_by: date,
    detail: str,
) -> UUID:
    """Enter a complaint; give its id."""
    row_id = tx.new_id()
    tx.connection.execute(
        insert(complaints).values(
            id=row_id,
            customer_ref=ref,
            via=via,
            status=ComplaintStatus.OPEN,
            received_at=received_at,
            acknowledge_by=acknowledge_by,
            detail=tx.seal(ref, _place(row_id, "detail"), detail.encode()),
        )
    )
    return row_id


def find(tx: Transaction, complaint_id: UUID) -> Complaint | None:
    """Give one, held until the end of the transaction."""
    where = complaints.c.id == complaint_id
    found = _found(tx, select(complaints).where(where).with_for_update())
    return found[0] if found else None


def listed(tx: Transaction, ref: str | None = None, *, closed: bool = False) -> list[Complaint]:
    """Give those that are not closed, the oldest first; the closed ones where asked for."""
    c = complaints.c
    which = [] if closed else [c.closed_at.is_(None)]
    theirs = [] if ref is None else [c.customer_ref == ref]
    return _found(tx, select(complaints).where(*which, *theirs).order_by(c.received_at, c.id))


def acknowledge(tx: Transaction, one: Complaint) -> None:
    """Note that whoever complained was told that it came."""
    _change(tx, one, status=ComplaintStatus.ACKNOWLEDGED, acknowledged_at=tx.now)


def close(tx: Transaction, one: Complaint, answer: str) -> None:
    """Note what they were answered."""
    sealed = tx.seal(one.customer_ref, _place(one.id, "answer"), answer.encode())
    _change(tx, one, status=ComplaintStatus.CLOSED, answer=sealed, closed_at=tx.now)


def forget(tx: Transaction, closed_before: datetime) -> int:
    """Delete those of people who are no customers, or none any more, closed before an instant."""
    c = complaints.c
    known = exists().where(customers.c.ref == c.customer_ref)
    gone = delete(complaints).where(~known, c.closed_at < closed_before)
    return int(tx.connection.execute(gone).rowcount)


def _change(tx: Transaction, one: Complaint, **values: Any) -> None:
    tx.connection.execute(update(complaints).where(complaints.c.id == one.id).values(**values))


def _found(tx: Transaction, query: Any) -> list[Complaint]:
    rows = tx.connection.execute(query).mappings().all()
    tx.prepare_opening(row[name] for row in rows for name in _TEXTS)
    plain = [name for name in Complaint.__dataclass_fields__ if name not in _TEXTS]
    return [
        Complaint(
            **{name: row[name] for name in plain},
            detail=text_of(tx, _place(row["id"], "detail"), row["detail"]),
            answer=text_of(tx, _place(row["id"], "answer"), row["answer"]),
        )
        for row in rows
    ]


def _place(complaint_id: UUID, column: str) -> str:
    return f"complaints.{column}:{complaint_id}"
