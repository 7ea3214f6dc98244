"""Which deliveries that were planned while an earlier send was in doubt are not needed any more?"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from contracts.vocabulary import Channel, DeliveryStatus, Mode
from store import bulk
from store.engine import Transaction
from store.tables import deliveries


def reached_otherwise(tx: Transaction, rows: Sequence[Row[Any]]) -> frozenset[UUID]:
    """Find what is not needed any more: it was planned while an earlier send was in doubt.

    An earlier step of its rule has meanwhile been accepted; or, for the message of a call that
    was not put through, the call was answered after all.
    """
    later = {row.event_id for row in rows if _stands_in(row)}
    if not later:
        return frozenset()
    d = deliveries
    reached: Sequence[Any] = tx.connection.execute(
        select(
            d.c.event_id,
            d.c.customer_ref,
            d.c.rule_id,
            d.c.rule_version,
            d.c.purpose,
            d.c.step,
            d.c.channel,
            d.c.status,
        ).where(
            bulk.among(tx, d.c.event_id, sorted(later)),
            d.c.status.in_([DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED]),
        )
    ).all()
    return frozenset(
        row.id for row in rows if _stands_in(row) and any(_makes_needless(r, row) for r in reached)
    )


def _stands_in(row: Row[Any]) -> bool:
    of_call = row.event_type == "call.waiting" and row.channel is not Channel.CALL
    return (row.mode is Mode.FIRST and row.step > 0) or of_call


def _makes_needless(reached: Any, row: Row[Any]) -> bool:
    if (reached.event_id, reached.customer_ref) != (row.event_id, row.customer_ref):
        return False
    if reached.channel is Channel.CALL and row.channel is not Channel.CALL:
        return bool(reached.status is DeliveryStatus.DELIVERED)
    rule = (reached.rule_id, reached.rule_version, reached.purpose)
    same_rule = rule == (row.rule_id, row.rule_version, row.purpose)
    return same_rule and row.mode is Mode.FIRST and bool(reached.step < row.step)
