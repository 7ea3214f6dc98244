"""Which sends does a breach concern? Those on the ledger that left us, and nothing else.

A send is one event, or one digest's event, to one place: however often it was tried, and whatever
was said of it later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from contracts.numbers import normalise
from contracts.vocabulary import Channel, DeliveryStatus
from store import bulk
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.record.ledger import open_where
from store.tables import events, ledger

# An uncertain one may have left.
_LEFT = (
    DeliveryStatus.ACCEPTED.value,
    DeliveryStatus.DELIVERED.value,
    DeliveryStatus.UNDELIVERED.value,
    DeliveryStatus.UNCERTAIN.value,
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """By what the sends of a breach are known: all that is given must hold.

    ``value`` is the number or address that they went to, whatever it is now; ``template`` a
    template's name or its version, ``source`` the publishing system. They were sent at ``since``
    or later, and before ``until``.
    """

    customer: str | None = None
    destination: str | None = None
    value: str | None = field(default=None, repr=False)
    template: str | None = None
    source: str | None = None
    channel: Channel | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether every send that there ever was would be meant."""
        return self == Wrong(since=self.since, until=self.until) and None in {
            self.since,
            self.until,
        }


@dataclass(frozen=True, slots=True)
class Sent:
    """One send, by its first entry; ``outcome`` is the last word of it on the ledger."""

    entry_id: UUID
    delivery_id: UUID | None
    customer_ref: str
    event_id: UUID
    event_type: str | None
    channel: Channel | None
    masked: str = field(repr=False)
    sent_at: datetime
    outcome: str
    template_version: str | None


def affected(tx: Transaction, wrong: Wrong) -> list[Sent]:
    """Give the sends that a breach concerns, in the order in which they were put on record."""
    rows = tx.connection.execute(_selected(wrong)).mappings().all()
    tx.prepare_opening(row["personal"] for row in rows)
    if wrong.value is not None:
        same = _same_as(wrong.value)
        rows = [row for row in rows if same(_destination(tx, row))]
    return _sends(tx, rows)


def sends(tx: Transaction, entry_ids: Sequence[UUID]) -> list[Sent]:
    """Give sends by their first entries; what was destroyed since is missing."""
    g = ledger.c
    found = _with_events().where(bulk.among(tx, g.id, sorted(entry_ids))).order_by(g.id)
    rows = tx.connection.execute(found).mappings().all()
    tx.prepare_opening(row["personal"] for row in rows)
    return _sends(tx, rows)


def _with_events() -> Select[Any]:
    e = events.c
    return select(ledger, e.type.label("event_type"), e.source).outerjoin(
        events, e.id == ledger.c.event_id
    )


def _selected(wrong: Wrong) -> Select[Any]:
    g = ledger.c
    at = func.coalesce(g.attempted_at, g.settled_at)
    found = _with_events().where(g.outcome.in_(_LEFT)).order_by(g.id)
    equal = {
        g.customer_ref: wrong.customer,
        g.destination_id: wrong.destination,
        g.channel: wrong.channel,
        events.c.source: wrong.source,
    }
    for column, value in equal.items():
        if value is not None:
            found = found.where(column == value)
    if wrong.since is not None:
        found = found.where(at >= wrong.since)
    if wrong.until is not None:
        found = found.where(at < wrong.until)
    if wrong.template is not None:
        version = g.template_version
        found = found.where(
            (version == wrong.template) | version.startswith(wrong.template, autoescape=True)
        )
    return found


def _sends(tx: Transaction, rows: Sequence[Any]) -> list[Sent]:
    """One for each delivery and event, the first entry standing for it."""
    first: dict[Any, Any] = {}
    for row in rows:
        key = (row["delivery_id"], row["event_id"]) if row["delivery_id"] else row["id"]
        first.setdefault(key, row)
    last = _last_words(tx, [row["delivery_id"] for row in rows if row["delivery_id"]])
    return [
        Sent(
            entry_id=row["id"],
            delivery_id=row["delivery_id"],
            customer_ref=row["customer_ref"],
            event_id=row["event_id"],
            event_type=row["event_type"],
            channel=row["channel"],
            masked=_masked(tx, row),
            sent_at=row["attempted_at"] or row["settled_at"],
            outcome=last.get(row["delivery_id"], row["outcome"]),
            template_version=row["template_version"],
        )
        for row in first.values()
    ]


def _last_words(tx: Transaction, delivery_ids: Sequence[UUID]) -> dict[UUID, str]:
    g = ledger.c
    rows = tx.connection.execute(
        select(g.delivery_id, g.outcome)
        .where(bulk.among(tx, g.delivery_id, sorted(set(delivery_ids))))
        .order_by(g.id)
    )
    return {row.delivery_id: row.outcome for row in rows}


def _destination(tx: Transaction, row: Any) -> str:
    try:
        return open_where(tx, row).destination
    except (KeyError, Unopenable):  # destroyed, when its time was over
        return ""


def _masked(tx: Transaction, row: Any) -> str:
    try:
        return open_where(tx, row).masked
    except (KeyError, Unopenable):
        return ""


def _same_as(value: str) -> Callable[[str], bool]:
    """Whether a place is that one, however it is typed."""
    wanted = _plain(value)
    return lambda found: _plain(found) == wanted


def _plain(value: str) -> str:
    try:
        return normalise(value)
    except ValueError:
        return " ".join(value.split()).casefold()
