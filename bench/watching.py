"""When is an event on record? Seen from outside: by looking at the ledger as any reader would.

An event counts from the moment when its accepted entry can be read by another connection, which
is after the commit. Looking takes a little while, so every figure errs to our disadvantage.
"""

import time
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

_COARSE = 0.1
_FINE = 0.004
_LOOKS_BACK = 1.0  # no transaction that records takes longer from its first id to its commit


class NotRecordedError(AssertionError):
    """Events did not get on record in time."""


class Watcher:
    """Looks at the ledger of a PostgreSQL installation."""

    def __init__(self, database_url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(database_url, autocommit=True)
        self._connection.prepare_threshold = 0
        self.database = self._connection.info.dbname

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def all_seen(self, count: int, since: float, seconds: float) -> float:
        """Wait until ``count`` events since a moment are on record; say when that was seen."""
        deadline = time.monotonic() + seconds
        while (found := self._count(since)) < count:
            if time.monotonic() > deadline:
                raise NotRecordedError(f"{found} of {count} events in {seconds:g} s")
            time.sleep(_COARSE)
        return time.time()

    def each_seen(
        self, count: int, since: float, seconds: float, lane: str = "routine"
    ) -> dict[UUID, float]:
        """Wait likewise, and say of each event (by our id) when it was first seen on record.

        Of one lane alone: what else is going on meanwhile does not count.
        """
        seen: dict[UUID, float] = {}
        deadline = time.monotonic() + seconds
        while len(seen) < count:
            if time.monotonic() > deadline:
                raise NotRecordedError(f"{len(seen)} of {count} events in {seconds:g} s")
            time.sleep(_FINE)
            rows = self._connection.execute(
                "SELECT event_id FROM ledger WHERE id >= %s AND outcome = 'accepted' AND lane = %s",
                (_first_id(max(since, time.time() - _LOOKS_BACK)), lane),
            ).fetchall()
            now = time.time()
            for (event_id,) in rows:
                seen.setdefault(event_id, now)
        return seen

    def _count(self, since: float) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM ledger WHERE id >= %s AND outcome = 'accepted'",
            (_first_id(since),),
        ).fetchone()
        return int(row[0]) if row else 0

    def names(self, since: float) -> dict[UUID, str]:
        """Give the publisher's id of every event taken in since a moment."""
        rows = self._connection.execute(
            "SELECT id, event_id FROM events WHERE id >= %s", (_first_id(since),)
        ).fetchall()
        return dict(rows)

    def number(self, query: str) -> int:
        """Give what a query counts."""
        row = self._connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def assert_none(self, query: str) -> None:
        """Stop the measurement where a query finds anything, and show it."""
        found = self._connection.execute(query.encode()).fetchmany(3)
        assert not found, f"{query}: {found}"

    def until(self, query: str, wanted: int, seconds: float) -> None:
        """Wait until a query counts at least ``wanted``."""
        deadline = time.monotonic() + seconds
        while (found := self.number(query)) < wanted:
            if time.monotonic() > deadline:
                raise NotRecordedError(f"{found} of {wanted} in {seconds:g} s: {query}")
            time.sleep(0.1)

    def rest(self, seconds: float = 120) -> None:
        """Wait until upkeep has sealed and told all, so that runs do not pay for one another."""
        waiting = (
            "SELECT (SELECT count(*) FROM ledger WHERE position IS NULL)"
            " + (SELECT count(*) FROM outbox WHERE published_at IS NULL)"
        )
        deadline = time.monotonic() + seconds
        while (left := self.number(waiting)) > 0:
            if time.monotonic() > deadline:
                raise NotRecordedError(f"{left} rows are neither sealed nor told")
            time.sleep(0.2)


def _first_id(moment: float) -> UUID:
    """Give the least id that can be made from a moment on (ids begin with the milliseconds)."""
    return UUID(int=int(moment * 1000) << 80)
