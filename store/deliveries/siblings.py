"""Which deliveries of a rule's steps are not needed any more, since another step has reached?

A step has reached the customer when the provider accepted it; where it asks for a receipt, when
that says `delivered`; where it asks for a code, when the customer has sent that back. Steps go out
in turn, so two of one rule are on their way only where an earlier one was in doubt, or silent for
longer than its wait.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from contracts.planning import LanePolicy
from contracts.rule_words import Acknowledge
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import bulk
from store.deliveries.adding import Due, end_of_wait
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries

_S = DeliveryStatus
_WENT: Final = (_S.ACCEPTED, _S.DELIVERED, _S.PARKED)  # parked: it may be for want of a receipt
_RULE: Final = ("customer_ref", "rule_id", "rule_version", "purpose")


def has_reached(row: Mapping[str, Any]) -> bool:
    """Whether a delivery has reached the customer, in the way that its step asks for."""
    return _reaches(row["acknowledge"], row["status"], row["acknowledged_at"])


def _reaches(wanted: Acknowledge, status: DeliveryStatus, acknowledged_at: datetime | None) -> bool:
    match wanted:
        case Acknowledge.NONE:
            return status in {_S.ACCEPTED, _S.DELIVERED}
        case Acknowledge.RECEIPT:
            return status is _S.DELIVERED
        case Acknowledge.CODE:
            return acknowledged_at is not None


def reached_otherwise(tx: Transaction, rows: Sequence[Row[Any]]) -> frozenset[UUID]:
    """Find what is not needed any more: another step of its rule has reached the customer.

    Or, for the message of a call that was not put through, the call was answered after all.
    """
    asking = [row for row in rows if _may_be_needless(row)]
    reached = _reached(tx, asking)
    return frozenset(row.id for row in asking if any(_makes_needless(one, row) for one in reached))


def reached_before(tx: Transaction, rows: Sequence[Row[Any]]) -> frozenset[UUID]:
    """Find what an earlier step has made needless.

    What a later one stood in for, an operator may well send again.
    """
    asking = [row for row in rows if row.step > 0 or _tells_of_call(row)]
    reached = _reached(tx, asking)
    return frozenset(
        row.id
        for row in asking
        if any(
            _makes_needless(one, row) and (one.step < row.step or _tells_of_call(row))
            for one in reached
        )
    )


def others_reached(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> frozenset[UUID]:
    """Find, among deliveries whose wait is over, those of whose rule another step has reached."""
    reached = _of_events(tx, rows)
    return frozenset(
        row["id"]
        for row in rows
        if any(_same_rule(r, row) and r["step"] != row["step"] for r in reached if has_reached(r))
    )


def last_of_rule(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> frozenset[UUID]:
    """Find the deliveries after which no later step of their rule is on record."""
    there = _of_events(tx, rows)
    return frozenset(
        row["id"]
        for row in rows
        if not any(_same_rule(r, row) and r["step"] > row["step"] for r in there)
    )


def stop_others(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Cancel what other steps still have to send, where these deliveries have reached."""
    reached = [row for row in rows if has_reached(row) and _may_have_others(tx, row)]
    if not reached:
        return
    others = [
        other["id"]
        for other in _of_events(tx, reached)
        if other["status"] is _S.PENDING
        and any(_same_rule(other, row) and other["step"] != row["step"] for row in reached)
    ]
    moves = [
        Move(delivery_id=each, to=_S.CANCELLED, reason=Reason.SIBLING_REACHED, reached=True)
        for each in others
    ]
    move(tx, moves, [_S.PENDING])


def take_back(tx: Transaction, rows: Sequence[Mapping[str, Any]], policy: LanePolicy) -> list[Due]:
    """Make the first of some later steps due that was stopped, if all of them were.

    For a step that seemed to have reached, and then turned out not to have.
    """
    stopped = [row for row in rows if row["reason"] is Reason.SIBLING_REACHED]
    if len(stopped) < len(rows) or not stopped:
        return []
    first = min(stopped, key=lambda row: int(row["step"]))
    deadline_at = tx.now + timedelta(seconds=policy.deadline(first["lane"]))
    again = Move(
        delivery_id=first["id"],
        to=_S.PENDING,
        reason=Reason.NEXT_STEP,
        due_at=tx.now,
        first_due_at=tx.now,
        deadline_at=deadline_at,
        advance_at=end_of_wait(tx.now, first["wait_seconds"], deadline_at),
    )
    return [
        Due(row["id"], row["channel"], row["lane"], tx.now)
        for row in move(tx, [again], [_S.CANCELLED])
    ]


def _may_have_others(tx: Transaction, row: Mapping[str, Any]) -> bool:
    """Whether others may be on their way: this is a later step, or took longer than its wait."""
    if not row["mode"].in_turn:
        return False
    wait = row["wait_seconds"]
    late = wait is not None and tx.now >= row["first_due_at"] + timedelta(seconds=wait)
    return late or bool(row["step"])


def _of_events(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    if not rows:
        return []
    ids = sorted({row["event_id"] for row in rows})
    found = tx.connection.execute(
        select(deliveries).where(
            bulk.among(tx, deliveries.c.event_id, ids),
            # a notice's event has a delivery for everyone
            bulk.among(
                tx, deliveries.c.customer_ref, sorted({row["customer_ref"] for row in rows})
            ),
        )
    ).mappings()
    return [dict(row) for row in found]


def _reached(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Give what has reached among the deliveries of the same events."""
    if not rows:
        return []
    d = deliveries.c
    found: Sequence[Any] = tx.connection.execute(
        select(
            d.event_id,
            d.customer_ref,
            d.rule_id,
            d.rule_version,
            d.purpose,
            d.step,
            d.channel,
            d.status,
            d.acknowledge,
            d.acknowledged_at,
        ).where(
            bulk.among(tx, d.event_id, sorted({row.event_id for row in rows})),
            # a notice's event has a delivery for everyone
            bulk.among(tx, d.customer_ref, sorted({row.customer_ref for row in rows})),
            d.status.in_(list(_WENT)),
        )
    ).all()
    return [row for row in found if _reaches(row.acknowledge, row.status, row.acknowledged_at)]


def _may_be_needless(row: Row[Any]) -> bool:
    """Whether another step may have gone out: a later one, or one that did not wait for this."""
    overtaken = row.wait_seconds is not None and row.advance_at is None
    return (row.mode.in_turn and (row.step > 0 or overtaken)) or _tells_of_call(row)


def _tells_of_call(row: Row[Any]) -> bool:
    return bool(row.event_type == "call.waiting" and row.channel is not Channel.CALL)


def _makes_needless(reached: Any, row: Row[Any]) -> bool:
    if (reached.event_id, reached.customer_ref) != (row.event_id, row.customer_ref):
        return False
    if reached.channel is Channel.CALL and row.channel is not Channel.CALL:
        return bool(reached.status is _S.DELIVERED)
    rule = (reached.rule_id, reached.rule_version, reached.purpose)
    same_rule = rule == (row.rule_id, row.rule_version, row.purpose)
    return same_rule and row.mode.in_turn and bool(reached.step != row.step)


def _same_rule(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(
        one["event_id"] == other["event_id"] and all(one[name] == other[name] for name in _RULE)
    )
