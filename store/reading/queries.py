"""What can be asked about events and their sends: frozen read models, for doors and people.

Destinations come masked, as the ledger kept them where something was sent, else as they are now.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, or_, select

from contracts.problems import Problem
from contracts.searching import normalise_term
from contracts.vocabulary import ErrorCode
from store import inbox
from store.deliveries.members import about
from store.deliveries.transitions import where_of
from store.engine import Transaction
from store.reading.read_models import (
    DeliveryLine,
    EventStory,
    NonSendLine,
    Rejection,
    SendLine,
    Waiting,
)
from store.record import ledger as record
from store.tables import events, ledger, rejected_events, waits


def event_story(tx: Transaction, source: str, event_id: str) -> EventStory | None:
    """Tell what became of one event by its publisher's own words for it; none if never seen."""
    row_id = tx.connection.execute(
        select(events.c.id).where(events.c.source == source, events.c.event_id == event_id)
    ).scalar()
    if row_id is not None:
        return stories(tx, [row_id])[0]
    refused = _rejections(
        tx, rejected_events.c.source == source, rejected_events.c.event_id == event_id, limit=20
    )
    if not refused:
        return None
    last = refused[0]
    return EventStory(
        None, source, event_id, last.type, None, None, last.received_at, rejections=tuple(refused)
    )


def stories(tx: Transaction, event_ids: Sequence[UUID]) -> list[EventStory]:
    """Tell what became of some events, in the order in which they are asked for."""
    ids = sorted(set(event_ids))
    rows = {
        row.id: row
        for row in tx.connection.execute(
            select(
                events.c.id,
                events.c.source,
                events.c.event_id,
                events.c.type,
                events.c.customer_ref,
                events.c.status,
                events.c.received_at,
            ).where(events.c.id.in_(ids))
        )
    }
    sent = deliveries_of(tx, ids)
    not_sent = _non_sends_of(tx, ids)
    still = {line.id: line for line in _waiting(tx, waits.c.event_id.in_(ids), limit=len(ids))}
    refused = _rejections_by_name(tx, rows.values())
    return [
        EventStory(
            row.id,
            row.source,
            row.event_id,
            row.type,
            row.customer_ref,
            row.status,
            row.received_at,
            still.get(row.id),
            tuple(sent[row.id]),
            tuple(not_sent[row.id]),
            tuple(refused[row.source, row.event_id]),
        )
        for event_id in event_ids
        if (row := rows.get(event_id)) is not None
    ]


def find(tx: Transaction, text: str, limit: int = 50) -> list[EventStory]:
    """Find events by a caller's name or number, a call, an item, an invoice; the newest first.

    The whole text is looked for first; if nothing has it, events that have every word of it.
    """
    found: set[UUID] = set()
    for term in normalise_term(text):
        found.update(inbox.find_by_terms(tx, [term], limit))
    if not found and len(words := text.split()) > 1:
        terms = [term for word in words for term in normalise_term(word)[:1]]
        found.update(inbox.find_by_terms(tx, terms, limit))
    return stories(tx, sorted(found, reverse=True)[:limit])


def sends_of_customer(
    tx: Transaction, ref: str, since: datetime | None = None, limit: int = 1_000
) -> list[SendLine]:
    """Give the last lines of a customer's record, the newest last."""
    statement = (
        select(
            ledger,
            events.c.type.label("event_type"),
            events.c.source,
            events.c.event_id.label("own_id"),
        )
        .join(events, events.c.id == ledger.c.event_id)
        .where(ledger.c.customer_ref == ref)
        .order_by(ledger.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(ledger.c.settled_at >= since)
    rows = tx.connection.execute(statement).mappings().all()
    tx.prepare_opening(row["personal"] for row in rows)
    return [_send_line(tx, row) for row in reversed(rows)]


def rejected(tx: Transaction, limit: int = 100) -> list[Rejection]:
    """Give rejected events, the newest first."""
    return _rejections(tx, limit=limit)


def waiting(tx: Transaction, limit: int = 100) -> list[Waiting]:
    """Give events that wait, those whose limit comes first at the top."""
    return _waiting(tx, limit=limit)


def deliveries_of(tx: Transaction, event_ids: Sequence[UUID]) -> dict[UUID, list[DeliveryLine]]:
    """Give the deliveries of some events, in the order in which they were planned."""
    rows = about(tx, event_ids)
    masks = _masks_of(tx, rows)
    lines: dict[UUID, list[DeliveryLine]] = defaultdict(list)
    for row in rows:
        line = DeliveryLine(
            id=row["id"],
            channel=row["channel"],
            lane=row["lane"],
            destination_id=row["destination_id"],
            masked=masks.get(row["id"], ""),
            rule_id=row["rule_id"],
            step=row["step"],
            status=row["status"],
            reason=row["reason"],
            detail=row["detail"],
            due_at=row["due_at"],
            attempts=row["attempts"],
            provider=row["provider"],
            reference=row["reference"],
            marked=row["marked"],
            gathers=row["gathers"],
            held_at=row["held_at"],
            acknowledged_at=row["acknowledged_at"],
            changed_at=row["changed_at"],
        )
        lines[row["about"]].append(line)
    return lines


def _masks_of(tx: Transaction, rows: Sequence[Any]) -> dict[UUID, str]:
    """Give the masked destination of each delivery that has one, by its id."""
    found = {row_id: where.masked for row_id, where in where_of(tx, rows).items()} if rows else {}
    entries = (
        tx.connection.execute(
            select(ledger.c.id, ledger.c.delivery_id, ledger.c.personal)
            .where(
                ledger.c.event_id.in_(sorted({row["about"] for row in rows})),
                ledger.c.delivery_id.is_not(None),
            )
            .order_by(ledger.c.id)
        )
        .mappings()
        .all()
    )
    tx.prepare_opening(entry["personal"] for entry in entries)
    for entry in entries:
        masked = record.open_where(tx, entry).masked
        if masked:
            found[entry["delivery_id"]] = masked
    return found


def _non_sends_of(tx: Transaction, event_ids: Sequence[UUID]) -> dict[UUID, list[NonSendLine]]:
    lines: dict[UUID, list[NonSendLine]] = defaultdict(list)
    for row in tx.connection.execute(
        select(ledger)
        .where(ledger.c.event_id.in_(event_ids), ledger.c.outcome == record.NOT_SENT)
        .order_by(ledger.c.id)
    ):
        lines[row.event_id].append(
            NonSendLine(
                row.reason,
                row.detail,
                row.channel,
                row.destination_id,
                row.rule_id,
                row.settled_at,
            )
        )
    return lines


def _waiting(tx: Transaction, *conditions: ColumnElement[bool], limit: int) -> list[Waiting]:
    rows = tx.connection.execute(
        select(
            waits,
            events.c.source,
            events.c.event_id.label("own_id"),
            events.c.type,
            events.c.publisher,
        )
        .join(events, events.c.id == waits.c.event_id)
        .where(*conditions)
        .order_by(waits.c.limit_at, waits.c.event_id)
        .limit(limit)
    )
    return [
        Waiting(
            id=row.event_id,
            source=row.source,
            event_id=row.own_id,
            type=row.type,
            publisher=row.publisher,
            waits_for=row.kind,
            told=row.told,
            since=row.since,
            until=row.limit_at,
            overdue=row.limit_at <= tx.now,
        )
        for row in rows
    ]


def rejections_named(tx: Transaction, name: str, source: str | None) -> list[Rejection]:
    """Give what was rejected under our id for it, or under its publisher's; the newest first."""
    r = rejected_events.c
    try:
        row_id: UUID | None = UUID(name)
    except ValueError:
        row_id = None
    wanted = r.event_id == name if source is None else (r.event_id == name) & (r.source == source)
    return _rejections(tx, wanted if row_id is None else or_(r.id == row_id, wanted), limit=20)


def rejections_of(tx: Transaction, rows: Iterable[Any]) -> list[Rejection]:
    """Give what was refused under the same source and id as some events."""
    return [one for alike in _rejections_by_name(tx, rows).values() for one in alike]


def _rejections_by_name(
    tx: Transaction, rows: Iterable[Any]
) -> dict[tuple[str | None, str | None], list[Rejection]]:
    """Give what was refused under the same source and id as some events."""
    wanted = {(row.source, row.event_id) for row in rows}
    found: dict[tuple[str | None, str | None], list[Rejection]] = defaultdict(list)
    if wanted:
        by_id = rejected_events.c.event_id.in_(sorted({event_id for _, event_id in wanted}))
        for line in _rejections(tx, by_id, limit=1_000):
            if (line.source, line.event_id) in wanted:
                found[line.source, line.event_id].append(line)
    return found


def _rejections(tx: Transaction, *conditions: ColumnElement[bool], limit: int) -> list[Rejection]:
    rows = tx.connection.execute(
        select(rejected_events)
        .where(*conditions)
        .order_by(rejected_events.c.id.desc())
        .limit(limit)
    )
    return [
        Rejection(
            id=row.id,
            publisher=row.publisher,
            source=row.source,
            event_id=row.event_id,
            type=row.type,
            route=row.route,
            problems=tuple(
                Problem(p["path"], ErrorCode(p["code"]), p["text"])
                for p in json.loads(row.problems)
            ),
            received_at=row.received_at,
            kept=row.body is not None,
        )
        for row in rows
    ]


def _send_line(tx: Transaction, row: RowMapping) -> SendLine:
    return SendLine(
        id=row["id"],
        at=row["settled_at"],
        event_type=row["event_type"],
        source=row["source"],
        event_id=row["own_id"],
        channel=row["channel"],
        masked=record.open_where(tx, row).masked,
        outcome=row["outcome"],
        reason=row["reason"],
        detail=row["detail"],
        provider=row["provider"],
        reference=row["reference"],
        marked=row["marked"],
        delivery_id=row["delivery_id"],
        segments=row["segments"],
        price=row["price"],
        currency=row["currency"],
    )
