"""How planned deliveries and deliberate non-sends are put on record, with the event they follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from contracts.planning import NonSend, PlannedDelivery
from contracts.vocabulary import Channel, DeliveryStatus, Lane, Reason, Service
from store import bulk
from store.engine import Transaction
from store.record import ledger
from store.record.ledger import NOT_SENT, NOWHERE, Entry, Where
from store.tables import deliveries, destinations
from store.tables import ledger as entries


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may go: what a hint needs."""

    delivery_id: UUID
    channel: Channel
    lane: Lane
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Following:
    """What a plan follows from: the event, its publisher, its customer and which of their services.

    ``follows_up``: the customer was told before of the call that the event is about.
    """

    event_id: UUID
    publisher: str
    customer_ref: str
    service: Service | None
    follows_up: bool = False


def delivery_row(
    tx: Transaction, after: Following, planned: PlannedDelivery, *, marked: bool = False
) -> dict[str, Any]:
    """Make the row of one planned delivery.

    Held by its rule, or while its destination is not verified, it has no due time.
    """
    is_kept = planned.held or planned.reason is Reason.DESTINATION_UNVERIFIED
    due_at = None if is_kept else planned.due_at
    wait = ceil(planned.wait.total_seconds()) if planned.wait is not None else None
    return {
        "id": tx.new_id(),
        "event_id": after.event_id,
        "customer_ref": after.customer_ref,
        "publisher": after.publisher,
        "channel": planned.channel,
        "lane": planned.lane,
        "purpose": planned.purpose,
        "service": after.service,
        "destination_id": planned.destination_id,
        "destination_version": planned.destination_version,
        "rule_id": planned.rule_id,
        "rule_version": planned.rule_version,
        "step": planned.step,
        "mode": planned.mode,
        "content": planned.content,
        "attach": planned.attach,
        "marked": marked,
        "gathers": planned.digest is not None,
        "follows_up": after.follows_up,
        "acknowledge": planned.acknowledge,
        "wait_seconds": wait,
        "most_attempts": planned.most_attempts,
        "status": DeliveryStatus.PENDING,
        "reason": planned.reason,
        "detail": planned.detail,
        "transition": 0,
        "attempts": 0,
        "fence": 0,
        "planned_at": tx.now,
        "first_due_at": planned.due_at,
        "due_at": due_at,
        "deadline_at": planned.deadline_at,
        "digest_at": planned.digest.at if planned.digest is not None else None,
        "held_at": tx.now if planned.held else None,
        "advance_at": end_of_wait(due_at, wait, planned.deadline_at),
        "hinted_at": tx.now if planned.due_at <= tx.now else None,
        "changed_at": tx.now,
    }


def end_of_wait(
    due_at: datetime | None, wait_seconds: int | None, deadline_at: datetime
) -> datetime | None:
    """When the rule's next step goes out, unless this one has reached: its deadline at the latest.

    Never for what waits for no answer, or is not due.
    """
    if due_at is None or wait_seconds is None:
        return None
    return min(due_at + timedelta(seconds=wait_seconds), deadline_at)


def add(tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
    """Insert delivery rows; one that is there already stays. Give those due now."""
    rows = _held_no_longer(tx, rows)
    bulk.insert_rows(tx, deliveries, rows, skip_existing=True)
    return [
        Due(row["id"], row["channel"], row["lane"], row["due_at"])
        for row in rows
        if row["due_at"] is not None and row["due_at"] <= tx.now
    ]


def next_step(tx: Transaction, after: Following, rule_id: str) -> int:
    """Give the step that comes after those planned from the same event in the same way before."""
    d = deliveries.c
    last = tx.connection.execute(
        select(func.max(d.step)).where(
            d.event_id == after.event_id,
            d.customer_ref == after.customer_ref,
            d.rule_id == rule_id,
        )
    ).scalar()
    return 0 if last is None else int(last) + 1


def is_pending(tx: Transaction, delivery_id: UUID) -> bool:
    """Whether a delivery waits to be sent."""
    found = tx.connection.execute(select(deliveries.c.status).where(deliveries.c.id == delivery_id))
    return found.scalar() is DeliveryStatus.PENDING


def is_there(tx: Transaction, delivery_id: UUID) -> bool:
    """Whether a delivery was put on record, and not left out because another had its place."""
    found = tx.connection.execute(select(deliveries.c.id).where(deliveries.c.id == delivery_id))
    return found.first() is not None


def _held_no_longer(tx: Transaction, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Let go what was planned as held, and whose destination has been verified meanwhile.

    The verification releases what it sees, and cannot see these rows yet. Either it is waited for
    here, or it waits for our commit and then sees them.
    """
    places = destinations.c
    wanted = {_place(row) for row in rows if _waits_for_verification(row)}
    if not wanted:
        return rows
    found = tx.connection.execute(
        select(places.customer_ref, places.destination_id, places.version, places.verified_at)
        .where(tuple_(places.customer_ref, places.destination_id).in_(sorted(wanted)))
        .order_by(places.customer_ref, places.destination_id)
        .with_for_update(read=True)
    )
    versions = {
        (row.customer_ref, row.destination_id): row.version
        for row in found
        if row.verified_at is not None
    }
    return [
        row | _released(tx, row, versions[_place(row)])
        if _waits_for_verification(row) and _place(row) in versions
        else row
        for row in rows
    ]


def _waits_for_verification(row: Mapping[str, Any]) -> bool:
    return row["reason"] is Reason.DESTINATION_UNVERIFIED and row["channel"] is not Channel.POST


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["customer_ref"], row["destination_id"]


def _released(tx: Transaction, row: Mapping[str, Any], version: int) -> dict[str, Any]:
    return {
        **when_verified(tx, row),
        "destination_version": version,
    }


def when_verified(tx: Transaction, row: Mapping[str, Any]) -> dict[str, Any]:
    """When what was kept for its destination's verification is due by it, and why then.

    What its rule holds, or has put off, goes on waiting for that.
    """
    if row["held_at"] is not None:
        return {"reason": Reason.HELD, "due_at": None, "advance_at": None, "hinted_at": None}
    is_late = row["first_due_at"] <= tx.now
    due_at = tx.now if is_late else row["first_due_at"]
    later = Reason.WINDOW if row["digest_at"] is None else Reason.DIGEST
    return {
        "reason": Reason.PLANNED if is_late else later,
        "due_at": due_at,
        "advance_at": end_of_wait(due_at, row["wait_seconds"], row["deadline_at"]),
        "hinted_at": tx.now if is_late else None,
    }


def non_send_entry(
    tx: Transaction, after: Following, non_send: NonSend, where: Where = NOWHERE
) -> tuple[Entry, Where]:
    """Make the ledger entry of what was deliberately not sent."""
    entry = Entry(
        customer_ref=after.customer_ref,
        event_id=after.event_id,
        purpose=non_send.purpose,
        service=after.service,
        outcome=NOT_SENT,
        reason=non_send.reason,
        detail=non_send.detail,
        rule_id=non_send.rule_id,
        rule_version=non_send.rule_version,
        step=non_send.step,
        channel=non_send.channel,
        destination_id=non_send.destination_id,
        settled_at=tx.now,
        policy_version=tx.policy_version,
    )
    return entry, where


def untold(tx: Transaction, after: Following, non_sends: Sequence[NonSend]) -> list[NonSend]:
    """Leave out the non-sends that the ledger has of this event already."""
    if not non_sends:
        return []
    names = [one.name for one in fields(NonSend)]
    told = {
        tuple(row)
        for row in tx.connection.execute(
            select(*(entries.c[name] for name in names)).where(
                entries.c.event_id == after.event_id,
                entries.c.customer_ref == after.customer_ref,
                entries.c.outcome == NOT_SENT,
            )
        )
    }
    return [one for one in non_sends if tuple(getattr(one, name) for name in names) not in told]


def add_non_sends(tx: Transaction, after: Following, non_sends: Sequence[NonSend]) -> None:
    """Put deliberate non-sends on the ledger."""
    ledger.append(tx, [non_send_entry(tx, after, n) for n in non_sends])
