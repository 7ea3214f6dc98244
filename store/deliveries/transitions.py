"""How a delivery changes its status: a conditional update, with its ledger entry and outcome."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.costs import Cost
from contracts.vocabulary import DeliveryStatus, Reason
from store import bulk, outbox
from store.customers.known import open_destination
from store.deliveries.members import tellings
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.record import ledger
from store.record.ledger import NOWHERE, Entry, Where
from store.tables import deliveries, destinations

Row = Mapping[str, Any]
_ALL = tuple(c.name for c in deliveries.c)
_WHERE_GIVEN = (
    "provider",
    "reference",
    "attempts",
    "deadline_at",
    "destination_version",
    "first_due_at",
    "advance_at",
)
_UNTOLD = frozenset({DeliveryStatus.PENDING, DeliveryStatus.SENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One delivery's change. With ``fence`` it applies to that claim alone.

    ``advance_at`` begins a wait anew; none is left once the customer has been ``reached``.
    """

    delivery_id: UUID
    to: DeliveryStatus
    reason: Reason
    detail: str | None = None
    fence: int | None = None
    due_at: datetime | None = None
    provider: str | None = None
    reference: str | None = None
    attempts: int | None = None
    template_version: str | None = None
    segments: int | None = None
    cost: Cost | None = None
    attempted_at: datetime | None = None
    where: Where | None = None
    marked: bool = False
    deadline_at: datetime | None = None
    destination_version: int | None = None
    first_due_at: datetime | None = None
    advance_at: datetime | None = None
    reached: bool = False
    acknowledged: bool = False


def move(tx: Transaction, moves: Sequence[Move], came_from: Sequence[DeliveryStatus]) -> list[Row]:
    """Make the changes that still apply; give the rows as they now are.

    A delivery whose status is not in ``came_from``, or whose fence has risen, stays as it is.
    """
    changed: list[Row] = []
    for fenced in (True, False):
        chosen = sorted(
            (m for m in moves if (m.fence is not None) == fenced), key=lambda m: m.delivery_id
        )
        changed += _update(tx, chosen, came_from, fenced)
    by_id = {m.delivery_id: m for m in moves}
    told = [row for row in changed if row["status"] not in _UNTOLD]
    ledger.append(tx, entries(tx, told, by_id))
    outbox.add(tx, [outcome(tx, row, end) for row, end in tellings(tx, told)])
    if changed:
        tx.after_commit += [partial(watch, changed) for watch in tx.store.watchers]
    return changed


def hold(tx: Transaction, delivery_ids: Sequence[UUID]) -> None:
    """Hold deliveries until the end, in their order, where several updates of them follow.

    Each update is in that order by itself, and two of them are not. SQLite has one writer.
    """
    if tx.postgresql and len(delivery_ids) > 1:
        d = deliveries
        wanted = select(d.c.id).where(bulk.among(tx, d.c.id, sorted(delivery_ids)))
        tx.connection.execute(wanted.order_by(d.c.id).with_for_update())


def _update(
    tx: Transaction,
    moves: Sequence[Move],
    came_from: Sequence[DeliveryStatus],
    fenced: bool,  # noqa: FBT001 - private, named at its one call
) -> list[dict[str, Any]]:
    # A column that a move has no word for keeps its value, so rows are grouped by their columns.
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for m in moves:
        row = _columns(tx, m, fenced)
        groups.setdefault(tuple(row), []).append(row)
    statuses = ", ".join(f"'{status.value}'" for status in came_from)
    changed: list[dict[str, Any]] = []
    for rows in groups.values():
        changed += bulk.update_rows(
            tx,
            deliveries,
            ["id", "fence"] if fenced else ["id"],
            rows,
            counting=["transition"],
            only_if=f"t.status IN ({statuses})",
            returning=_ALL,
        )
    return changed


def _columns(tx: Transaction, m: Move, fenced: bool) -> dict[str, Any]:  # noqa: FBT001 - as above
    row: dict[str, Any] = {"id": m.delivery_id}
    if fenced:
        row["fence"] = m.fence
    row |= {
        "status": m.to,
        "reason": m.reason,
        "detail": m.detail,
        "due_at": m.due_at,
        "lease_until": None,
        "hinted_at": None,
        "changed_at": tx.now,
    }
    given = {name: getattr(m, name) for name in _WHERE_GIVEN}
    row |= {name: value for name, value in given.items() if value is not None}
    if m.marked:
        row["marked"] = True
    if m.to is DeliveryStatus.PENDING and m.due_at is not None:
        row["held_at"] = None
    if m.reason is Reason.DESTINATION_CONTESTED:
        row["held_at"] = tx.now  # it does not expire, for it is not theirs to settle in time
    if m.reached:
        row["advance_at"] = None
    if m.acknowledged:
        row["acknowledged_at"] = tx.now
    return row


def entries(
    tx: Transaction, rows: Sequence[Row], moves: Mapping[UUID, Move]
) -> list[tuple[Entry, Where]]:
    """Make the ledger entries of deliveries as they now are, with what their moves know beside.

    One that gathers has an entry for each of its events; what it cost stands on the first.
    """
    unknown = [row for row in rows if moves[row["id"]].where is None]
    looked_up = where_of(tx, unknown) if unknown else {}
    made = []
    costed: set[UUID] = set()
    for row, _ in tellings(tx, rows):
        m = moves[row["id"]]
        cost, segments = (m.cost, m.segments) if row["id"] not in costed else (None, None)
        costed.add(row["id"])
        entry = Entry(
            customer_ref=row["customer_ref"],
            event_id=row["event_id"],
            delivery_id=row["id"],
            rule_id=row["rule_id"],
            rule_version=row["rule_version"],
            step=row["step"],
            channel=row["channel"],
            lane=row["lane"],
            purpose=row["purpose"],
            service=row["service"],
            destination_id=row["destination_id"],
            outcome=row["status"].value,
            reason=row["reason"],
            detail=row["detail"],
            marked=row["marked"],
            attempt=row["attempts"],
            provider=row["provider"],
            reference=row["reference"],
            template_version=m.template_version,
            segments=cost.segments if cost and cost.segments else segments,
            price=cost.amount if cost else None,
            currency=cost.currency if cost else None,
            policy_version=tx.policy_version,
            intended_at=row["first_due_at"],
            attempted_at=m.attempted_at,
            settled_at=row["changed_at"],
        )
        made.append((entry, m.where or looked_up.get(row["id"], NOWHERE)))
    return made


def where_of(tx: Transaction, rows: Sequence[Row]) -> dict[UUID, Where]:
    """Look up the destinations of deliveries, as they are now; what does not open is left out."""
    refs = sorted({row["customer_ref"] for row in rows})
    found = tx.connection.execute(
        select(destinations).where(destinations.c.customer_ref.in_(refs))
    ).all()
    wanted = {(row["customer_ref"], row["destination_id"]) for row in rows}
    places = {}
    for place in found:
        key = (place.customer_ref, place.destination_id)
        if key in wanted:
            with suppress(Unopenable, KeyError):
                reach = open_destination(tx, place)
                places[key] = Where(reach.value, reach.masked)
    return {
        row["id"]: places[key]
        for row in rows
        if (key := (row["customer_ref"], row["destination_id"])) in places
    }


def outcome(tx: Transaction, row: Row, end: str = "") -> outbox.Outcome:
    """Make what a publisher is told of a delivery; ``end`` tells apart what is told at once."""
    return outbox.Outcome(
        id=f"{row['id']}:{row['transition']}{end}",
        audience=outbox.to_publisher(row["publisher"]),
        name=f"delivery.{row['status'].value}",
        at=tx.now,
        customer_ref=row["customer_ref"],
        event_id=row["event_id"],
        delivery_id=row["id"],
        facts={
            "channel": row["channel"].value,
            "destination_id": row["destination_id"],
            "reason": row["reason"].value,
            "attempts": row["attempts"],
        },
    )
