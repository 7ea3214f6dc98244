"""Which steps have had their time without reaching the customer, and what becomes of the last?"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, not_, select

from contracts.vocabulary import DeliveryStatus, Lane, Mode, Reason
from store import bulk
from store.deliveries.siblings import has_reached, last_of_rule, others_reached
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries

Row = Mapping[str, Any]
_S = DeliveryStatus
_UNDER_WAY: Final = frozenset({_S.PENDING, _S.SENDING, _S.UNCERTAIN})
_SILENT: Final = _UNDER_WAY | {_S.PARKED, _S.ACCEPTED, _S.DELIVERED}
_UNANSWERED: Final = (_S.ACCEPTED, _S.DELIVERED, _S.EXPIRED, _S.SUPPRESSED, _S.CANCELLED)
_PLACE_GONE: Final = frozenset({Reason.DESTINATION_REMOVED, Reason.DESTINATION_CHANGED})
_ANSWERED_FOR: Final = frozenset({Lane.URGENT, Lane.LIVE})


def waited(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Give, locked, deliveries whose wait is over, those first whose wait was over first.

    A live call is left until its fate is known, or known to be unknown: its caller cannot be rung
    through twice at once.
    """
    d = deliveries
    ringing = and_(d.c.lane == Lane.LIVE, d.c.status.in_([_S.PENDING, _S.SENDING]))
    due = (
        select(d.c.id)
        .where(d.c.advance_at <= tx.now, not_(ringing))
        .order_by(d.c.advance_at)
        .limit(limit)
    )
    ids = sorted(tx.connection.execute(due).scalars())
    if not ids:
        return []
    rows = tx.connection.execute(
        select(d)
        .where(bulk.among(tx, d.c.id, ids), d.c.advance_at <= tx.now)
        .order_by(d.c.id)
        .with_for_update(skip_locked=True)
    ).mappings()
    return [row for each in rows if not _rings(row := dict(each))]


def _rings(row: Row) -> bool:
    """Whether it began to be sent between the look and the lock."""
    return row["lane"] is Lane.LIVE and row["status"] in {_S.PENDING, _S.SENDING}


def unreached(tx: Transaction, rows: Sequence[Row]) -> list[Row]:
    """Give those of them after which the next step goes out: silent, and no other has reached.

    Of a live call, only where it is not known what became of it.
    """
    silent = [row for row in rows if row["status"] in _SILENT and not has_reached(row)]
    needless = others_reached(tx, silent)
    return [row for row in silent if row["id"] not in needless]


def settle(tx: Transaction, rows: Sequence[Row], silent: Sequence[Row]) -> list[UUID]:
    """End the waits of ``rows``, once what follows the ``silent`` ones is planned.

    Where nothing follows an urgent one that was to escalate, nobody has acknowledged it: it is
    parked for an operator, if not still under way (then it is looked at again, a wait later).
    Gives what was parked.
    """
    ends = [
        row
        for row in [*silent, *_came_to_nothing(tx, rows)]
        if row["mode"] is Mode.ESCALATE and row["lane"] in _ANSWERED_FOR
    ]
    last = last_of_rule(tx, ends)
    again = {
        row["id"]: tx.now + timedelta(seconds=row["wait_seconds"])
        for row in ends
        if row["id"] in last and row["status"] in _UNDER_WAY
    }
    bulk.update_rows(
        tx,
        deliveries,
        ["id"],
        [{"id": row["id"], "advance_at": again.get(row["id"])} for row in rows],
    )
    parked = [
        Move(delivery_id=row["id"], to=_S.PARKED, reason=Reason.NOT_ACKNOWLEDGED)
        for row in ends
        if row["id"] in last and row["status"] in _UNANSWERED
    ]
    return [row["id"] for row in move(tx, parked, _UNANSWERED)]


def _came_to_nothing(tx: Transaction, rows: Sequence[Row]) -> list[Row]:
    """Give those that were closed without reaching, where no other step has reached either."""
    closed = [
        row
        for row in rows
        if row["status"] in {_S.EXPIRED, _S.SUPPRESSED}
        or (row["status"] is _S.CANCELLED and row["reason"] in _PLACE_GONE)
    ]
    needless = others_reached(tx, closed)
    return [row for row in closed if row["id"] not in needless]
