"""Requests for one's rights: what was asked, by when it must be answered, and how it was."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select, update

from contracts.events.customers import RightsRequested
from contracts.vocabulary import RightsKind, RightsStatus
from store.encryption.texts import text_of
from store.engine import Transaction
from store.tables import customers, rights_requests

_TEXTS = ("detail", "answer")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Its texts are none where nothing was said, or their key was destroyed."""

    id: UUID
    customer_ref: str
    request_id: str
    kind: RightsKind
    via: str
    status: RightsStatus
    received_at: datetime
    due_on: date
    stopped_on: date | None
    stopped_days: int
    closed_at: datetime | None
    detail: str | None = field(repr=False)
    answer: str | None = field(repr=False)


def put(
    tx: Transaction,
    event_id: UUID,
    ref: str,
    told: RightsRequested,
    due_on: date,
) -> None:
    """Open a request, as an event told of it; its clock runs from when it was received.

    That is no later than now, whatever a publisher's clock says.
    """
    detail = told.detail
    tx.connection.execute(
        insert(rights_requests).values(
            id=event_id,
            customer_ref=ref,
            request_id=told.request_id,
            kind=RightsKind(told.kind),
            via=told.via,
            status=RightsStatus.OPEN,
            received_at=min(told.received_at, tx.now),
            due_on=due_on,
            stopped_days=0,
            detail=None if detail is None else tx.seal(ref, _place(event_id), detail.encode()),
        )
    )


def kind_of(tx: Transaction, ref: str, request_id: str) -> RightsKind | None:
    """Give what a customer asked for by its publisher's id; none where they asked nothing by it."""
    r = rights_requests.c
    theirs = select(r.kind).where(r.customer_ref == ref, r.request_id == request_id)
    found: RightsKind | None = tx.connection.execute(theirs.limit(1)).scalar()
    return found


def named(tx: Transaction, name: str, ref: str | None = None) -> list[Request]:
    """Give requests by our id or their publisher's, held until the end of the transaction."""
    r = rights_requests.c
    own = [r.request_id == name, *([r.id == UUID(name)] if _is_uuid(name) else [])]
    theirs = [] if ref is None else [r.customer_ref == ref]
    return _found(tx, select(rights_requests).where(or_(*own), *theirs).with_for_update())


def listed(tx: Transaction, ref: str | None = None, *, closed: bool = False) -> list[Request]:
    """Give requests, the most pressing first; the closed ones where asked for."""
    r = rights_requests.c
    conditions = [] if ref is None else [r.customer_ref == ref]
    if not closed:
        conditions.append(r.closed_at.is_(None))
    return _found(tx, select(rights_requests).where(*conditions).order_by(r.due_on, r.id))


def stop(tx: Transaction, one: Request, on: date) -> None:
    """Have a request's clock stand still."""
    _change(tx, one, status=RightsStatus.STOPPED, stopped_on=on)


def run(tx: Transaction, one: Request, stopped_days: int, due_on: date) -> None:
    """Have a request's clock run on, the days that it stood still added."""
    _change(
        tx,
        one,
        status=RightsStatus.OPEN,
        stopped_on=None,
        stopped_days=stopped_days,
        due_on=due_on,
    )


def close(tx: Transaction, one: Request, status: RightsStatus, answer: str) -> None:
    """Note that a request was answered, and how."""
    sealed = tx.seal(one.customer_ref, _place(one.id, "answer"), answer.encode())
    _change(tx, one, status=status, answer=sealed, closed_at=tx.now, stopped_on=None)


def forget(tx: Transaction, closed_before: datetime) -> int:
    """Delete those of people of whom nothing else is held that were closed before an instant."""
    r = rights_requests.c
    known = exists().where(customers.c.ref == r.customer_ref)
    gone = delete(rights_requests).where(~known, r.closed_at < closed_before)
    return int(tx.connection.execute(gone).rowcount)


def _change(tx: Transaction, one: Request, **values: Any) -> None:
    where = rights_requests.c.id == one.id
    tx.connection.execute(update(rights_requests).where(where).values(**values))


def _found(tx: Transaction, query: Any) -> list[Request]:
    rows = tx.connection.execute(query).mappings().all()
    tx.prepare_opening(row[name] for row in rows for name in _TEXTS)
    plain = [name for name in Request.__dataclass_fields__ if name not in _TEXTS]
    return [
        Request(
            **{name: row[name] for name in plain},
            detail=text_of(tx, _place(row["id"], "detail"), row["detail"]),
            answer=text_of(tx, _place(row["id"], "answer"), row["answer"]),
        )
        for row in rows
    ]


def _place(request_id: UUID, column: str = "detail") -> str:
    return f"rights_requests.{column}:{request_id}"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
