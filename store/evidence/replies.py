"""What do customers text back, and to which of our texts?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, select

from contracts.vocabulary import Channel, DeliveryStatus, ReplyKind
from store.engine import Transaction
from store.tables import attempts, deliveries, destinations, replies

_WINDOW = timedelta(days=3)  # a text that comes later answers nothing of ours
_MAY_HAVE_ARRIVED = (
    DeliveryStatus.SENDING,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.PARKED,
    DeliveryStatus.ACCEPTED,
    DeliveryStatus.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A text that came in; ``reference`` is the provider's id for it."""

    reference: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    kind: ReplyKind = ReplyKind.TEXT


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One reply as an operator may read it."""

    id: UUID
    received_at: datetime
    kind: ReplyKind
    customer_ref: str | None
    delivery_id: UUID | None
    text: str = field(repr=False)


def keep(tx: Transaction, reply: Reply) -> bool:
    """Keep a reply, with the latest text to its sender; false where it is kept already."""
    known = tx.connection.execute(
        select(replies.c.id).where(replies.c.reference == reply.reference)
    ).first()
    if known is not None:
        return False
    value_index = tx.store.root.index("destination", reply.sender)
    answered = _answered(tx, value_index)
    ref = answered.customer_ref if answered is not None else _owner(tx, value_index)
    reply_id = tx.new_id()
    tx.connection.execute(
        insert(replies).values(
            id=reply_id,
            reference=reply.reference,
            value_index=value_index,
            customer_ref=ref,
            delivery_id=answered.id if answered is not None else None,
            kind=reply.kind,
            content=tx.seal(ref, f"replies.content:{reply_id}", reply.body.encode()),
            received_at=tx.now,
        )
    )
    return True


def _answered(tx: Transaction, value_index: bytes) -> Any:
    d, a, p = deliveries, attempts, destinations
    return tx.connection.execute(
        select(d.c.id, d.c.customer_ref)
        .join(
            p,
            and_(
                p.c.customer_ref == d.c.customer_ref,
                p.c.destination_id == d.c.destination_id,
            ),
        )
        .join(a, and_(a.c.delivery_id == d.c.id, a.c.fence == d.c.fence))
        .where(
            p.c.value_index == value_index,
            d.c.channel == Channel.SMS,
            d.c.status.in_(_MAY_HAVE_ARRIVED),
            a.c.started_at > tx.now - _WINDOW,
        )
        .order_by(a.c.started_at.desc(), d.c.id.desc())
        .limit(1)
    ).first()


def _owner(tx: Transaction, value_index: bytes) -> str | None:
    """Give the customer whose number it is, where it is one customer's alone."""
    refs = set(
        tx.connection.execute(
            select(destinations.c.customer_ref).where(
                destinations.c.value_index == value_index, destinations.c.removed_at.is_(None)
            )
        ).scalars()
    )
    return refs.pop() if len(refs) == 1 else None


def of_customer(tx: Transaction, ref: str, limit: int = 200) -> list[ReplyLine]:
    """Give a customer's replies, the newest last."""
    return _lines(tx, replies.c.customer_ref == ref, limit)


def of_delivery(tx: Transaction, delivery_id: UUID, limit: int = 200) -> list[ReplyLine]:
    """Give what came back to one text, the newest last."""
    return _lines(tx, replies.c.delivery_id == delivery_id, limit)


def unattributed(tx: Transaction, limit: int = 200) -> list[ReplyLine]:
    """Give replies from numbers that are nobody's, or several customers', the newest last."""
    return _lines(tx, replies.c.customer_ref.is_(None), limit)


def _lines(tx: Transaction, condition: ColumnElement[bool], limit: int) -> list[ReplyLine]:
    rows: Sequence[Any] = tx.connection.execute(
        select(replies).where(condition).order_by(replies.c.id.desc()).limit(limit)
    ).all()
    tx.prepare_opening(row.content for row in rows)
    return [
        ReplyLine(
            id=row.id,
            received_at=row.received_at,
            kind=row.kind,
            customer_ref=row.customer_ref,
            delivery_id=row.delivery_id,
            text=tx.open(f"replies.content:{row.id}", row.content).decode(),
        )
        for row in reversed(rows)
    ]
