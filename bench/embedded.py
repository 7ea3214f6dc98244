"""How fast is the embedded form: ``onward up``, SQLite, and batches over HTTP?"""

import http.client
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from bench import samples
from bench.installation import admit, environment, running, sandbox
from bench.samples import Sample
from bench.watching import NotRecordedError

_BATCH = 100
_LOOK_SECONDS = 0.1
_PATIENCE = 300.0
_WARM_UP = 500


class Embedded:
    """An embedded installation under measurement, and a publisher's connection to its door."""

    def __init__(self, door: str, key: str, database: Path) -> None:
        place = urlsplit(door)
        self._door = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        self._store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._serial = count(1)

    def prepare(self) -> None:
        """Register the customers, and warm everything up."""
        self._publish(_batches(samples.customers()))
        self.throughput(_WARM_UP)

    def throughput(self, events: int) -> float:
        """Publish all, batch after batch; the rate is all over the time until all are on record."""
        self._rest()
        batches = _batches(samples.messages(f"run-{next(self._serial)}", events))
        first = time.time()
        self._publish(batches)
        until = time.monotonic() + _PATIENCE
        while (found := self._recorded(first)) < events:
            if time.monotonic() > until:
                raise NotRecordedError(f"{found} of {events} events in {_PATIENCE:g} s")
            time.sleep(_LOOK_SECONDS)
        return events / (time.time() - first)

    def close(self) -> None:
        """Hang up."""
        self._door.close()
        self._store.close()

    def _publish(self, batches: Sequence[bytes]) -> None:
        for body in batches:
            self._door.request("POST", "/events", body, self._headers)
            answer = self._door.getresponse()
            said = answer.read()
            assert answer.status < 300, f"the door answers {answer.status}: {said[:300]!r}"

    def _recorded(self, since: float) -> int:
        first = UUID(int=int(since * 1000) << 80).hex
        row = self._store.execute(
            "SELECT count(*) FROM ledger WHERE id >= ? AND outcome = 'accepted'", (first,)
        ).fetchone()
        return int(row[0])

    def _rest(self) -> None:
        until = time.monotonic() + _PATIENCE
        query = "SELECT count(*) FROM ledger WHERE position IS NULL"
        while self._store.execute(query).fetchone()[0]:
            assert time.monotonic() < until, "the ledger is not sealed"
            time.sleep(_LOOK_SECONDS)


@contextmanager
def embedded(folder: Path) -> Iterator[Embedded]:
    """Run an embedded installation with its customers."""
    folder.mkdir()
    with sandbox(folder) as provider:
        settings = environment(provider, folder, database_url=None, broker_url=None)
        with running(settings, folder / "logs") as made:
            key = admit(settings, "bench")
            database = Path(settings["ONWARD_DATA_DIR"]) / "onward.db"
            measured = Embedded(made.door, key, database)
            try:
                measured.prepare()
                yield measured
            finally:
                measured.close()


def _batches(events: Sequence[Sample]) -> list[bytes]:
    return [
        b"[" + b",".join(one.body for one in events[at : at + _BATCH]) + b"]"
        for at in range(0, len(events), _BATCH)
    ]
