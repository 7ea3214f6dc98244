"""Do two upkeep processes ever write side by side? Real ones: stopped, woken up, killed."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.docs.reading import ROOT
from tests.logs import entries_of
from tests.supervising.conftest import ONWARD, START_SECONDS, Installed
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LEASE_SECONDS = 10
ENTRIES = 30


class Upkeep:
    """One ``onward upkeep``, and what it has said."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [*ONWARD, "upkeep"], env=dict(environment), cwd=ROOT, stderr=said
            )

    def said(self) -> list[str]:
        """Give the events of its log, in order."""
        return [line["event"] for line in entries_of(self._log)]

    @property
    def leads(self) -> bool:
        """Whether it said last that it leads."""
        told = [event for event in self.said() if event in {"upkeep_leads", "upkeep_follows"}]
        return told[-1:] == ["upkeep_leads"]

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)


@contextmanager
def _two(installed: Installed, folder: Path) -> Iterator[tuple[Upkeep, Upkeep]]:
    with ExitStack() as stack:
        found = []
        for name in ("first", "second"):
            upkeep = Upkeep(installed.environment, folder / f"{name}.log")
            stack.callback(_end, upkeep)
            found.append(upkeep)
            if name == "first":
                eventually(lambda u=upkeep: u.leads, "the first leads", START_SECONDS)  # type: ignore[misc]
        yield found[0], found[1]


def _end(upkeep: Upkeep) -> None:
    upkeep.process.kill()
    upkeep.process.wait()


def _outcomes(installed: Installed, count: int) -> None:
    """Commit outcomes that nobody has listed or published yet."""
    with psycopg.connect(installed.database, autocommit=True) as connection:
        for _ in range(count):
            connection.execute(
                "INSERT INTO outbox (id, audience, name, facts, at)"
                " VALUES (%s, 'publisher:none', 'event.rejected', '{}', now())",
                (f"{secrets.token_hex(8)}:rejected",),
            )


def _positions(installed: Installed) -> list[int]:
    with psycopg.connect(installed.database) as connection:
        rows = connection.execute(
            "SELECT position FROM outbox WHERE published_at IS NOT NULL ORDER BY position"
        ).fetchall()
    return [row[0] for row in rows]


def test_a_leader_that_is_stopped_is_replaced_and_follows_when_it_wakes_up(
    installed: Installed, tmp_path: Path
) -> None:
    """Its lease has ended; it must not seal, list or publish one more thing as the leader."""
    with _two(installed, tmp_path) as (first, second):
        _outcomes(installed, ENTRIES)
        eventually(lambda: len(_positions(installed)) == ENTRIES, "the first keeps house")

        first.tell(signal.SIGSTOP)
        eventually(lambda: second.leads, "the second leads", LEASE_SECONDS + 50)
        _outcomes(installed, ENTRIES)
        first.tell(signal.SIGCONT)

        eventually(lambda: not first.leads, "the first follows")
        _outcomes(installed, ENTRIES)
        eventually(lambda: len(_positions(installed)) == 3 * ENTRIES, "the second keeps house")

    assert _positions(installed) == list(range(1, 3 * ENTRIES + 1))
    assert "chore_failed" not in second.said()


def test_a_leader_that_is_killed_is_replaced_within_its_lease(
    installed: Installed, tmp_path: Path
) -> None:
    """Retries, leases and the seals of the record wait for somebody who leads."""
    with _two(installed, tmp_path) as (first, second):
        first.tell(signal.SIGKILL)

        eventually(lambda: second.leads, "the second leads", LEASE_SECONDS + 50)
        _outcomes(installed, ENTRIES)
        eventually(lambda: len(_positions(installed)) == ENTRIES, "it keeps house")
