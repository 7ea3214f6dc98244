"""What is on record at the end: ours, read from the tables as any reader would, and the provider's.

Each acceptance of the provider's is known by the ids that rode along: in the query of the status
callback of a text or a call, in the Message-ID and the envelope id of an email.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import psycopg

from workers.sandbox.acceptance import Acceptance

_MESSAGE_ID = re.compile(r"^<([0-9a-f-]{36})@")
_ENVELOPE_ID = re.compile(r"^([0-9a-f-]{36})\.(\d+)")


@dataclass(frozen=True, slots=True)
class Sent:
    """One acceptance of the provider's, and which attempt of ours it says it is."""

    delivery: UUID | None
    attempt: int | None
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it stands at the end."""

    id: UUID
    event: UUID
    status: str
    reason: str
    due: bool
    marked: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of ours, and what we believe came of it; ``verdict`` is empty where none came."""

    delivery: UUID
    fence: int
    verdict: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger about a delivery, in their order."""

    delivery: UUID
    outcome: str
    reason: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is judged by. ``events`` are row ids and statuses by the publisher's id."""

    events: Mapping[str, tuple[UUID, str]]
    rejected: frozenset[str]
    nameless: int
    deliveries: tuple[Delivery, ...]
    attempts: tuple[Attempt, ...]
    entries: tuple[Entry, ...]
    sent: tuple[Sent, ...]


class Reader:
    """Reads an installation's tables over a connection of its own."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def evidence(self, source: str, acceptances: Iterable[Acceptance]) -> Evidence:
        """Read all that is judged by, in one snapshot; the record after it."""
        with psycopg.connect(self._url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            ask = connection.execute
            events = ask("SELECT event_id, id, status FROM events WHERE source = %s", (source,))
            known = {name: (row, status) for name, row, status in events}
            rejected = ask("SELECT event_id FROM rejected_events").fetchall()
            deliveries = ask(
                "SELECT id, event_id, status, reason,"
                " coalesce(due_at <= clock_timestamp(), false), marked FROM deliveries"
            ).fetchall()
            attempts = ask("SELECT delivery_id, fence, verdict, reference FROM attempts").fetchall()
            entries = ask(
                "SELECT delivery_id, outcome, reason, marked FROM ledger"
                " WHERE delivery_id IS NOT NULL ORDER BY id"
            ).fetchall()
        return Evidence(
            events=known,
            rejected=frozenset(name for (name,) in rejected if name is not None),
            nameless=sum(name is None for (name,) in rejected),
            deliveries=tuple(Delivery(*row) for row in deliveries),
            attempts=tuple(Attempt(*row) for row in attempts),
            entries=tuple(Entry(*row) for row in entries),
            sent=tuple(sent_of(one) for one in acceptances),
        )

    def number(self, query: str, *values: object) -> int:
        """Give what a query counts."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        return int(row[0]) if row else 0

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Give what a query finds."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()


def sent_of(one: Acceptance) -> Sent:
    """Read our ids out of what the provider kept of a send."""
    delivery: UUID | None = None
    attempt: int | None = None
    if one.callback_url is not None:
        query = parse_qs(urlsplit(one.callback_url).query)
        delivery = _uuid(query.get("delivery", [""])[0])
        number = query.get("attempt", [""])[0]
        attempt = int(number) if number.isdecimal() else None
    elif found := _MESSAGE_ID.match(one.message_id or ""):
        delivery = _uuid(found[1])
        envelope = _ENVELOPE_ID.match(one.envid or "")
        attempt = int(envelope[2]) if envelope else None
    return Sent(delivery, attempt, one.reference, one.at)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
