"""How do several events become one delivery: gathered for a digest?

A digest is open until a worker first claims it. Whoever gathers locks its row, and so does the
claim: an event is either in what is sent, or finds it closed and goes into the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from contracts.vocabulary import DeliveryStatus, EventStatus, Reason
from store import bulk, outbox
from store.deliveries import adding
from store.deliveries.adding import Following
from store.deliveries.transitions import Move, entries, move, outcome
from store.engine import Transaction
from store.record import ledger
from store.tables import deliveries, events, gathered

Row = Mapping[str, Any]
_KEY = (
    "customer_ref",
    "digest_at",
    "rule_id",
    "rule_version",
    "step",
    "channel",
    "destination_id",
    "purpose",
)
_key = itemgetter(*_KEY)


@dataclass(frozen=True, slots=True)
class Joining:
    """A delivery's row that is to join its digest; ``after`` is when the next one is sent."""

    row: dict[str, Any]
    after: datetime


def join(tx: Transaction, joining: Sequence[Joining]) -> dict[UUID, UUID]:
    """Put events into their digests, opened where need be; give each row's delivery.

    An event whose digest is being sent goes into the next one. Where that is closed as well, which
    takes a transaction longer than a digest's turn, it is a digest by itself.
    """
    found: dict[UUID, UUID] = {}
    rows = [one.row for one in joining]
    closed = _join(tx, rows, found)
    after = {one.row["id"]: one.after for one in joining}
    later = [_put_off(row, after[row["id"]]) for row in closed]
    alone = [row | {"digest_at": None} for row in _join(tx, later, found)]
    adding.add(tx, alone)
    gather(tx, [(row["id"], row) for row in alone])
    return found | {row["id"]: row["id"] for row in alone}


def _join(
    tx: Transaction, rows: Sequence[dict[str, Any]], found: dict[UUID, UUID]
) -> list[dict[str, Any]]:
    """Join what is open; give the rows that found theirs closed."""
    if not rows:
        return []
    openers: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        openers.setdefault(_key(row), row)
    adding.add(tx, [openers[key] for key in sorted(openers)])
    there = _lock(tx, rows)
    joined = [(there[_key(row)], row) for row in rows if _key(row) in there]
    gather(tx, joined)
    found |= {row["id"]: delivery_id for delivery_id, row in joined}
    return [row for row in rows if _key(row) not in there]


def _lock(tx: Transaction, rows: Sequence[Row]) -> dict[tuple[Any, ...], UUID]:
    """Find the digests that are open, and keep claims off them until the end."""
    d = deliveries
    open_ones = tx.connection.execute(
        select(d.c.id, *(d.c[name] for name in _KEY))
        .where(
            bulk.among(tx, d.c.customer_ref, sorted({row["customer_ref"] for row in rows})),
            d.c.digest_at.in_(sorted({row["digest_at"] for row in rows})),
            d.c.digest_at.is_not(None),
            d.c.status == DeliveryStatus.PENDING,
            d.c.fence == 0,
        )
        .order_by(d.c.id)
        .with_for_update()
    ).mappings()
    return {_key(row): row["id"] for row in open_ones}


def _put_off(row: dict[str, Any], until: datetime) -> dict[str, Any]:
    longer = until - row["digest_at"]
    deadline_at = row["deadline_at"] + longer
    due_at = None if row["due_at"] is None else until
    return row | {
        "id": row["id"],
        "digest_at": until,
        "first_due_at": until,
        "due_at": due_at,
        "deadline_at": deadline_at,
        "advance_at": adding.end_of_wait(due_at, row["wait_seconds"], deadline_at),
    }


def gather(tx: Transaction, joined: Iterable[tuple[UUID, Row]]) -> None:
    """Have each delivery gather the event of the row beside it, by that row's rule."""
    bulk.insert_rows(
        tx,
        gathered,
        [
            {
                "delivery_id": delivery_id,
                "event_id": row["event_id"],
                "customer_ref": row["customer_ref"],
                "publisher": row["publisher"],
                "service": row["service"],
                "rule_id": row["rule_id"],
                "rule_version": row["rule_version"],
                "step": row["step"],
                "channel": row["channel"],
                "destination_id": row["destination_id"],
                "gathered_at": tx.now,
                "left_for": None,
            }
            for delivery_id, row in joined
        ],
        skip_existing=True,
    )


def pass_on(tx: Transaction, came_from: UUID, row: Row) -> None:
    """Have a later step's delivery gather what an earlier one still gathers."""
    g = gathered
    inside = tx.connection.execute(
        select(g.c.event_id, g.c.publisher, g.c.service)
        .where(g.c.delivery_id == came_from, g.c.left_for.is_(None))
        .order_by(g.c.event_id)
    ).mappings()
    gather(tx, [(row["id"], {**row, **each}) for each in inside])


def still_in(tx: Transaction, delivery_id: UUID, event_ids: Sequence[UUID]) -> list[Following]:
    """Give those of some events that a delivery still gathers, in their order."""
    g = gathered.c
    found = tx.connection.execute(
        select(g.event_id, g.publisher, g.customer_ref, g.service)
        .where(
            g.delivery_id == delivery_id,
            bulk.among(tx, g.event_id, sorted(event_ids)),
            g.left_for.is_(None),
        )
        .order_by(g.event_id)
    )
    return [Following(*row) for row in found]


def leave(
    tx: Transaction, event_ids: Sequence[UUID], reason: Reason, within: UUID | None = None
) -> set[UUID]:
    """Take events out of what gathers them and is unsent; give the deliveries that they left.

    Out of one delivery alone, ``within``, or out of all. Each is on record as cancelled. What
    gathers nothing any more is cancelled with it.
    """
    if not event_ids:
        return set()
    d, g = deliveries, gathered
    rows = [
        dict(row)
        for row in tx.connection.execute(
            select(
                d,
                g.c.event_id.label("own_event"),
                g.c.publisher.label("own_publisher"),
                g.c.service.label("own_service"),
                g.c.rule_id.label("own_rule"),
                g.c.rule_version.label("own_version"),
                g.c.step.label("own_step"),
            )
            .join(g, g.c.delivery_id == d.c.id)
            .where(
                bulk.among(tx, g.c.event_id, sorted(event_ids)),
                g.c.left_for.is_(None),
                d.c.status == DeliveryStatus.PENDING,
                *(() if within is None else (d.c.id == within,)),
            )
            .order_by(d.c.id)
            .with_for_update(of=d)
        ).mappings()
    ]
    if not rows:
        return set()
    for row in rows:
        tx.connection.execute(
            update(g)
            .where(g.c.delivery_id == row["id"], g.c.event_id == row["own_event"])
            .values(left_for=reason)
        )
    left = {row["id"] for row in rows}
    _tell(tx, rows, reason)
    still = set(
        tx.connection.execute(
            select(g.c.delivery_id)
            .where(bulk.among(tx, g.c.delivery_id, sorted(left)), g.c.left_for.is_(None))
            .group_by(g.c.delivery_id)
            .having(func.count() > 0)
        ).scalars()
    )
    emptied = [
        Move(delivery_id=each, to=DeliveryStatus.CANCELLED, reason=reason) for each in left - still
    ]
    move(tx, emptied, [DeliveryStatus.PENDING])
    return left


def drop_withdrawn(tx: Transaction, rows: Sequence[Any]) -> None:
    """Take out what was withdrawn while a delivery that gathers it was not there to be left.

    As while it was being sent, and failed. ``rows`` are rows of ``deliveries``, about to be sent.
    """
    again = sorted(row.id for row in rows if row.gathers and row.fence)
    if not again:
        return
    g = gathered.c
    withdrawn = tx.connection.execute(
        select(g.event_id)
        .join(events, events.c.id == g.event_id)
        .where(
            bulk.among(tx, g.delivery_id, again),
            g.left_for.is_(None),
            events.c.status == EventStatus.WITHDRAWN,
        )
    ).scalars()
    leave(tx, sorted(set(withdrawn)), Reason.WITHDRAWN)


def _tell(tx: Transaction, rows: Sequence[Row], reason: Reason) -> None:
    told = [
        {
            **row,
            "event_id": row["own_event"],
            "publisher": row["own_publisher"],
            "service": row["own_service"],
            "rule_id": row["own_rule"],
            "rule_version": row["own_version"],
            "step": row["own_step"],
            "gathers": False,
            "status": DeliveryStatus.CANCELLED,
            "reason": reason,
            "detail": None,
            "changed_at": tx.now,
        }
        for row in rows
    ]
    moves = {
        row["id"]: Move(delivery_id=row["id"], to=DeliveryStatus.CANCELLED, reason=reason)
        for row in told
    }
    ledger.append(tx, entries(tx, told, moves))
    outbox.add(tx, [outcome(tx, row, f":left:{row['event_id']}") for row in told])
