"""Which events is a delivery about? One alone, or those that it gathers, as in a digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import DeliveryStatus, Service
from store import bulk
from store.engine import Transaction
from store.tables import deliveries, events, gathered
from store.types import SealedBytes

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One event that a delivery gathers, sealed; and where it stands in the record."""

    event_id: UUID
    event_type: str
    sealed: SealedBytes = field(repr=False)
    publisher: str
    service: Service | None
    rule_id: str
    rule_version: int
    step: int


def members_of(tx: Transaction, rows: Sequence[Any]) -> dict[UUID, tuple[Member, ...]]:
    """Give what each delivery that gathers still gathers, in the order in which it came.

    ``rows`` are rows of ``deliveries``. What gathers nothing any more, or never did, is left out.
    """
    ids = sorted(row.id for row in rows if row.gathers)
    if not ids:
        return {}
    g = gathered.c
    found: dict[UUID, list[Member]] = {}
    for row in tx.connection.execute(
        select(gathered, events.c.type, events.c.content)
        .join(events, events.c.id == g.event_id)
        .where(bulk.among(tx, g.delivery_id, ids), g.left_for.is_(None))
        .order_by(g.delivery_id, g.gathered_at, g.event_id)
    ):
        found.setdefault(row.delivery_id, []).append(
            Member(
                row.event_id,
                row.type,
                row.content,
                row.publisher,
                row.service,
                row.rule_id,
                row.rule_version,
                row.step,
            )
        )
    return {delivery_id: tuple(members) for delivery_id, members in found.items()}


def tellings(tx: Transaction, rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """Give each delivery once for every event that it is about, as to be told of it.

    What differs from one event to the next is the event's own: id, publisher, service, rule, step.
    Beside each stands how its outcome's id ends. What gathers nothing any more is told of nobody.
    """
    ids = sorted(row["id"] for row in rows if row["gathers"])
    if not ids:
        return [(row, "") for row in rows]
    g = gathered.c
    own: dict[UUID, list[Row]] = {}
    for each in tx.connection.execute(
        select(g.delivery_id, g.event_id, g.publisher, g.service, g.rule_id, g.rule_version, g.step)
        .where(bulk.among(tx, g.delivery_id, ids), g.left_for.is_(None))
        .order_by(g.delivery_id, g.event_id)
    ).mappings():
        own.setdefault(each["delivery_id"], []).append(dict(each))
    told: list[tuple[Row, str]] = []
    for row in rows:
        if row["gathers"]:
            told += [({**row, **each}, f":{each['event_id']}") for each in own.get(row["id"], ())]
        else:
            told.append((row, ""))
    return told


def about(
    tx: Transaction, event_ids: Sequence[UUID], customers: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Give the deliveries of some events, each with the event that it is ``about``.

    Of all, or of some customers alone: a notice to everyone has very many.

    An event that has left what gathered it is told of as cancelled, for the reason that it left.
    """
    if not event_ids:
        return []
    d, g = deliveries, gathered
    ids = sorted(event_ids)
    theirs = [] if customers is None else [bulk.among(tx, d.c.customer_ref, customers)]
    alone = tx.connection.execute(
        select(d).where(bulk.among(tx, d.c.event_id, ids), d.c.gathers.is_(False), *theirs)
    ).mappings()
    rows = [{**row, "about": row["event_id"]} for row in alone]
    together = tx.connection.execute(
        select(
            d,
            g.c.event_id.label("about"),
            g.c.left_for,
            g.c.service.label("own_service"),
            g.c.rule_id.label("own_rule"),
            g.c.rule_version.label("own_version"),
            g.c.step.label("own_step"),
        )
        .join(g, g.c.delivery_id == d.c.id)
        .where(bulk.among(tx, g.c.event_id, ids), *theirs)
    ).mappings()
    for each in together:
        row = dict(each)
        left = row.pop("left_for")
        row["service"] = row.pop("own_service")
        row["rule_id"] = row.pop("own_rule")
        row["rule_version"] = row.pop("own_version")
        row["step"] = row.pop("own_step")
        if left is not None:
            row |= {"status": DeliveryStatus.CANCELLED, "reason": left, "detail": None}
        rows.append(row)
    return sorted(rows, key=lambda row: (row["id"], row["about"]))
