"""Whom has a notice to everyone reached, when and how, and whom not, and why? Read models."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.sql import Select

from contracts.events.notices import told_by
from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason
from store import bulk
from store.deliveries.transitions import where_of
from store.engine import Transaction
from store.record.ledger import Where
from store.tables import deliveries, ledger, notice_recipients, planning_tasks

REACHED, UNDER_WAY, NOT_REACHED = "reached", "under_way", "not_reached"
_ARRIVED = (DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED)
_MAY_ARRIVE = (DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice and how far it has come.

    ``customers`` are those it was planned for. ``late`` of the ``reached`` were told less than a
    month before it takes effect, newcomers aside. ``planning`` is `done`, `under_way`, or the
    trouble that keeps it from being planned.
    """

    event_id: UUID
    purpose: Purpose
    received_at: datetime
    effective_at: datetime | None
    planning: str
    customers: int
    newcomers: int
    reached: int
    under_way: int
    not_reached: int
    late: int


@dataclass(frozen=True, slots=True)
class Told:
    """How one customer was told of a notice, or why not.

    ``entry`` and ``seal`` name the ledger's entry that proves it, and the seal that holds that.
    """

    customer_ref: str
    state: str
    newcomer: bool
    at: datetime | None
    channel: Channel | None
    masked: str
    reason: Reason | None
    detail: str | None
    status: DeliveryStatus | None
    reference: str | None
    entry: UUID | None
    seal: int | None


def notices(tx: Transaction, limit: int) -> list[Notice]:
    """Give the last notices, the newest first."""
    t = planning_tasks
    rows = tx.connection.execute(
        select(t).order_by(t.c.created_at.desc(), t.c.event_id.desc()).limit(limit)
    ).all()
    return [_notice(tx, row) for row in rows]


def find(tx: Transaction, event_id: UUID) -> Notice | None:
    """Give one notice by its event."""
    row = tx.connection.execute(
        select(planning_tasks).where(planning_tasks.c.event_id == event_id)
    ).first()
    return None if row is None else _notice(tx, row)


def _notice(tx: Transaction, task: Any) -> Notice:
    r = notice_recipients.c
    sent = _sent(task.event_id).subquery()
    reached = func.coalesce(sent.c.reached, 0)
    under_way = func.coalesce(sent.c.under_way, 0)
    row = tx.connection.execute(
        select(
            func.count(),
            func.sum(case((r.newcomer, 1), else_=0)),
            func.sum(reached),
            func.sum(case((reached == 0, under_way), else_=0)),
        )
        .select_from(notice_recipients)
        .outerjoin(sent, sent.c.customer_ref == r.customer_ref)
        .where(r.event_id == task.event_id)
    ).one()
    many, new, arrived, coming = (int(value or 0) for value in row)
    return Notice(
        event_id=task.event_id,
        purpose=task.purpose,
        received_at=task.created_at,
        effective_at=task.until,
        planning=task.trouble or ("done" if task.done_at is not None else UNDER_WAY),
        customers=many,
        newcomers=new,
        reached=arrived,
        under_way=coming,
        not_reached=many - arrived - coming,
        late=_late(tx, task),
    )


def _sent(event_id: UUID) -> Select[Any]:
    d = deliveries.c
    return (
        select(
            d.customer_ref,
            func.max(case((d.status.in_(_ARRIVED), 1), else_=0)).label("reached"),
            func.max(case((d.status.in_(_MAY_ARRIVE), 1), else_=0)).label("under_way"),
        )
        .where(d.event_id == event_id)
        .group_by(d.customer_ref)
    )


def _late(tx: Transaction, task: Any) -> int:
    if task.until is None:
        return 0
    d, r = deliveries.c, notice_recipients.c
    accepted = _accepted(ledger.c.event_id == task.event_id).subquery()
    late = (
        select(func.count(d.customer_ref.distinct()))
        .join(accepted, accepted.c.delivery_id == d.id)
        .join(notice_recipients, (r.event_id == d.event_id) & (r.customer_ref == d.customer_ref))
        .where(
            d.event_id == task.event_id,
            d.status.in_(_ARRIVED),
            accepted.c.at > told_by(task.until),
            ~r.newcomer,
        )
    )
    return int(tx.connection.execute(late).scalar_one())


def _accepted(*conditions: ColumnElement[bool]) -> Select[Any]:
    """When each delivery was first accepted, by the record."""
    e = ledger.c
    return (
        select(e.delivery_id, func.min(e.settled_at).label("at"))
        .where(*conditions, e.outcome == DeliveryStatus.ACCEPTED.value)
        .group_by(e.delivery_id)
    )


def told(tx: Transaction, event_id: UUID, limit: int, *, everyone: bool) -> list[Told]:
    """Give how customers were told of a notice, in their order; or only who has not been reached.

    Each with the last that was tried, or, where one arrived, with that one and its proof.
    """
    r, d = notice_recipients.c, deliveries.c
    arrived = exists().where(
        d.event_id == r.event_id, d.customer_ref == r.customer_ref, d.status.in_(_ARRIVED)
    )
    found = select(notice_recipients).where(r.event_id == event_id).order_by(r.customer_ref)
    if not everyone:
        found = found.where(~arrived)
    recipients = tx.connection.execute(found.limit(limit)).all()
    refs = [one.customer_ref for one in recipients]
    tries: dict[str, list[Any]] = defaultdict(list)
    for row in tx.connection.execute(
        select(deliveries)
        .where(d.event_id == event_id, bulk.among(tx, d.customer_ref, refs))
        .order_by(d.step)
    ).mappings():
        tries[row["customer_ref"]].append(dict(row))
    last = {ref: _telling(tried) for ref, tried in tries.items()}
    places = where_of(tx, list(last.values()))
    proofs = _proofs(tx, [row["id"] for row in last.values() if row["status"] in _ARRIVED])
    return [_told(one, last.get(one.customer_ref), places, proofs) for one in recipients]


def _telling(tried: Sequence[Any]) -> Any:
    """The one that arrived, else the last."""
    return next((row for row in tried if row["status"] in _ARRIVED), tried[-1])


def _proofs(tx: Transaction, delivery_ids: Sequence[UUID]) -> dict[UUID, Any]:
    e = ledger.c
    rows = tx.connection.execute(
        select(e.id, e.delivery_id, e.settled_at, e.seal)
        .where(
            e.event_id.in_(
                select(deliveries.c.event_id).where(
                    bulk.among(tx, deliveries.c.id, sorted(delivery_ids))
                )
            ),
            bulk.among(tx, e.delivery_id, sorted(delivery_ids)),
            e.outcome == DeliveryStatus.ACCEPTED.value,
        )
        .order_by(e.id.desc())
    )
    return {row.delivery_id: row for row in rows}  # the earliest of each


def _told(recipient: Any, row: Any, places: dict[UUID, Where], proofs: dict[UUID, Any]) -> Told:
    if row is None:
        return Told(
            customer_ref=recipient.customer_ref,
            state=NOT_REACHED,
            newcomer=recipient.newcomer,
            at=recipient.planned_at,
            channel=None,
            masked="",
            reason=recipient.reason,
            detail=None,
            status=None,
            reference=None,
            entry=None,
            seal=None,
        )
    proof = proofs.get(row["id"])
    place = places.get(row["id"])
    return Told(
        customer_ref=recipient.customer_ref,
        state=_state(row["status"]),
        newcomer=recipient.newcomer,
        at=proof.settled_at if proof is not None else row["changed_at"],
        channel=row["channel"],
        masked=place.masked if place is not None else "",
        reason=row["reason"],
        detail=row["detail"],
        status=row["status"],
        reference=row["reference"],
        entry=proof.id if proof is not None else None,
        seal=proof.seal if proof is not None else None,
    )


def _state(status: DeliveryStatus) -> str:
    if status in _ARRIVED:
        return REACHED
    return UNDER_WAY if status in _MAY_ARRIVE else NOT_REACHED
