"""Has the customer sent back the code of a text? Then that text has reached them.

A code is made of the event and a key of ours, so it stands nowhere: six digits, the same in every
text about the event, good for a day. It counts only from a number that such a text went to, of
which no more than ``_MOST_AN_HOUR`` codes are looked at in an hour.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select

from contracts.rule_words import Acknowledge
from contracts.vocabulary import Channel, DeliveryStatus, Reason, ReplyKind
from store.deliveries.receiving import Word, receive
from store.deliveries.siblings import stop_others
from store.encryption.keys import RootKey
from store.engine import Transaction
from store.tables import attempts, deliveries, destinations, replies

_DIGITS: Final = 6
_GOOD_FOR: Final = timedelta(days=1)
_REMEMBERED: Final = timedelta(days=7)  # for so long a code that is late is known for what it is
_MOST_AN_HOUR: Final = 10
_HOUR: Final = timedelta(hours=1)


class Answered(StrEnum):
    """What a code that came in meant."""

    CONFIRMED = "confirmed"
    ALREADY = "already"  # it had been confirmed before
    LATE = "late"  # right, and longer ago than a code is good for
    WRONG = "wrong"
    TOO_MANY = "too_many"  # of this number, in the last hour: it was not looked at
    UNASKED = "unasked"  # this number was asked for none


def code_of(root: RootKey, customer_ref: str, event_id: UUID) -> str:
    """Give the code that texts about an event ask a customer to send back."""
    made = root.index("reply code", f"{customer_ref}/{event_id}")
    return f"{int.from_bytes(made, 'big') % 10**_DIGITS:0{_DIGITS}}"


def acknowledge(tx: Transaction, value_index: bytes, code: str) -> Answered:
    """Take a code that came from a number; what it confirms has arrived, and stops other steps.

    Late steps are stopped too: whatever of the rule has not been sent by now.
    """
    asked = _asked(tx, value_index)
    if not asked:
        return Answered.UNASKED
    if _lately(tx, value_index) > _MOST_AN_HOUR:
        return Answered.TOO_MANY
    right = [row for row in asked if _fits(tx, row, code)]
    if not right:
        return Answered.WRONG
    good = [row for row in right if row.started_at > tx.now - _GOOD_FOR]
    if not good:
        return Answered.LATE
    words = [
        Word(
            delivery_id=row.id,
            attempt=row.fence,
            to=DeliveryStatus.DELIVERED,
            reason=Reason.ACKNOWLEDGED,
            detail="code",
            acknowledges=True,
        )
        for row in good
        if row.acknowledged_at is None
    ]
    if not words:
        return Answered.ALREADY
    changed = [each.row for each in receive(tx, words) if each.row is not None]
    stop_others(tx, changed)
    return Answered.CONFIRMED if changed else Answered.ALREADY


def _asked(tx: Transaction, value_index: bytes) -> Sequence[Any]:
    """Give what this number was lately asked to confirm."""
    d, a, p = deliveries, attempts, destinations
    return tx.connection.execute(
        select(
            d.c.id, d.c.fence, d.c.customer_ref, d.c.event_id, d.c.acknowledged_at, a.c.started_at
        )
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
            d.c.acknowledge == Acknowledge.CODE,
            a.c.started_at > tx.now - _REMEMBERED,
        )
        .order_by(d.c.id.desc())
        .limit(200)
    ).all()


def _lately(tx: Transaction, value_index: bytes) -> int:
    return int(
        tx.connection.execute(
            select(func.count())
            .select_from(replies)
            .where(
                replies.c.value_index == value_index,
                replies.c.received_at > tx.now - _HOUR,
                replies.c.kind == ReplyKind.CODE,
            )
        ).scalar_one()
    )


def _fits(tx: Transaction, row: Any, code: str) -> bool:
    made = code_of(tx.store.root, row.customer_ref, row.event_id)
    return compare_digest(made.encode(), code.encode())
