"""How fast is the record checked, copied and destroyed, and does intake wait meanwhile?

``python -m bench.records`` fills a ledger and prints a table: entries verified a second, by one
process and by two; how long a copy for a customer with 10,000 sends takes, and a report; ledger
entries emptied a second when their time is over, with events taken in beside it; and the processor
time of sealing an event and its two entries.
"""

import argparse
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update

from bench.figures import Row, as_json, as_table, percentile, row
from config.policies import policies
from config.settings import Settings
from contracts.vocabulary import Channel, Lane, Purpose, Reason, Service
from store import tables
from store.audit import By
from store.customers import changes as customer_changes
from store.encryption.keys import RootKey
from store.engine import Store, open_engine
from store.files import Files
from store.migrating import migrate
from store.record import ledger
from store.record.ledger import Entry, Where
from store.record.sealing import seal_next
from store.record.verifying import Opening, verify_together
from tests.building import EVERYTHING, House, SettableClock
from tests.factories import envelope
from tests.policy.desk import Office
from tests.rooms import fresh_database
from tests.service_answers import DATABASE
from workers import reporting
from workers.rights.retention import Retaining

_AT_ONCE = 2_000
_COPIED = 10_000
_ENDED = datetime(2020, 1, 1, tzinfo=UTC)
_BY = By("bench", "measured")


def main() -> None:
    """Read the command line and measure."""
    given = _arguments()
    name = f"onward_bench_{secrets.token_hex(4)}"
    with (
        tempfile.TemporaryDirectory(prefix="onward-bench-") as folder,
        fresh_database(os.environ[DATABASE], name) as url,
    ):
        engine = open_engine(url, 10)
        migrate(engine)
        key = secrets.token_bytes(32)
        store = Store(engine, RootKey(key), policy_version="bench")
        try:
            rows = _measure(store, partial(_opened, url, key), Path(folder), given.entries)
        finally:
            store.close()
    print(as_table(rows))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(as_json(rows), encoding="utf-8")


@contextmanager
def _opened(url: str, key: bytes) -> Iterator[Store]:
    store = Store(open_engine(url, 1), RootKey(key), policy_version="bench")
    try:
        yield store
    finally:
        store.close()


def _measure(store: Store, opening: Opening, folder: Path, entries: int) -> list[Row]:
    house = House(store, SettableClock())  # nothing here asks it: the store's own clock counts
    sealing = _sealing_us(store)
    for ref in ("C-few", "C-many", "C-gone"):
        with store.write() as tx:
            customer_changes.register(
                tx,
                ref,
                {"legal_name": ref},
                contracted=[],
                time_zone="Europe/London",
                locale="en-GB",
                known_as=[],
                invoice_email=None,
            )
    _fill(store, _COPIED, lambda _: "C-many")
    _fill(store, entries // 5, lambda number: f"C-{number % 1_000}")
    _fill(store, entries, lambda _: "C-gone")
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    verified = _verify(store, opening)
    reported = _report(store)
    copied = _copy(house, folder)
    destroyed = _destroy(house, folder, entries)
    return [
        *verified,
        row("report", "ms", [reported * 1000]),
        row("copy/10,000", "ms", [copied * 1000]),
        *destroyed,
        row("seal-and-append", "µs", [sealing]),
    ]


def _verify(store: Store, opening: Opening) -> list[Row]:
    rates, used = list[float](), time.process_time()
    for most in (1, 2):
        begun = time.perf_counter()
        found = verify_together(store, opening, most)
        rates.append(found.entries / (time.perf_counter() - begun))
        used = used if most > 1 else time.process_time() - used
        assert found.broken is None, found.broken
    return [
        row("ledger/entries", "entries", [found.entries]),
        row("verify/one", "entries/s", [rates[0]]),
        row("verify/two", "entries/s", [rates[1]]),
        row("verify/processor", "µs/entry", [used / found.entries * 1e6]),
    ]


def _report(store: Store) -> float:
    begun = time.perf_counter()
    lines = reporting.report(store, ZoneInfo("Europe/London"), list(reporting.By), 5)
    assert lines
    return time.perf_counter() - begun


def _fill(store: Store, count: int, whose: Callable[[int], str]) -> None:
    for start in range(0, count, _AT_ONCE):
        with store.write() as tx:
            some = range(start, min(start + _AT_ONCE, count))
            ledger.append(tx, [(_entry(tx.now, tx.new_id(), whose(n)), _where(n)) for n in some])
        with store.write() as tx:
            seal_next(tx)


def _entry(now: datetime, event_id: UUID, ref: str) -> Entry:
    return Entry(
        customer_ref=ref,
        event_id=event_id,
        delivery_id=event_id,
        rule_id="everything",
        rule_version=1,
        step=0,
        channel=Channel.SMS,
        lane=Lane.ROUTINE,
        purpose=Purpose.MESSAGES,
        service=Service.PHONE_ANSWERING,
        destination_id="d-mobile",
        outcome="accepted",
        reason=Reason.PROVIDER_ACCEPTED,
        provider="twilio",
        reference="SM0123456789abcdef0123456789abcdef",
        template_version="1234567890abcdef",
        policy_version="2020-04",
        segments=1,
        attempt=1,
        intended_at=now,
        attempted_at=now,
        settled_at=now,
    )


def _where(number: int) -> Where:
    return Where(f"+4477009{number % 100_000:05}", "+44 **** **0 123", "ab" * 32)


def _copy(house: House, folder: Path) -> float:
    begun = time.perf_counter()
    made = Office(house, folder).copies.copy("C-many", folder / "copy.zip", _BY)
    assert made is not None
    assert made.rows["ledger"] == _COPIED, made
    return time.perf_counter() - begun


def _destroy(house: House, folder: Path, entries: int) -> list[Row]:
    """Entries emptied a second, and how long one event's intake took: alone, and beside."""
    store = house.store
    house.admit(EVERYTHING)
    alone = _intake(house, threading.Event(), 50)
    with store.write() as tx:
        c = tables.customers.c
        tx.connection.execute(
            update(tables.customers).where(c.ref == "C-gone").values(terminated_at=_ENDED)
        )
    files = Files((folder / "blobs").as_uri(), store.root)
    retaining = Retaining(store, policies(Settings(sandbox=True)), lambda: files)
    done, beside = threading.Event(), list[float]()
    intake = threading.Thread(target=lambda: beside.extend(_intake(house, done, 1_000_000)))
    intake.start()
    begun = time.perf_counter()
    while retaining.run():
        pass
    seconds = time.perf_counter() - begun
    done.set()
    intake.join()
    return [
        row("retention", "entries/s", [entries / seconds]),
        row("intake-alone/p50", "ms", [percentile(alone, 0.5)]),
        row("intake-alone/p99", "ms", [percentile(alone, 0.99)]),
        row("intake-beside/p50", "ms", [percentile(beside, 0.5)]),
        row("intake-beside/p99", "ms", [percentile(beside, 0.99)]),
        row("intake-beside/longest", "ms", [max(beside)]),
    ]


def _intake(house: House, done: threading.Event, most: int) -> list[float]:
    took = list[float]()
    for _ in range(most):
        begun = time.perf_counter()
        house.hand_in(envelope("customer.enquired", subject="C-few"))
        took.append((time.perf_counter() - begun) * 1000)
        if done.wait(0.02):
            break
    return took


def _sealing_us(store: Store, count: int = 5_000) -> float:
    """Processor time of sealing an event's content and making its two ledger rows, in µs."""
    content = b"x" * 800
    with store.write() as tx:
        tx.prepare_keys(["C-cost"])
        begun = time.process_time()
        for number in range(count):
            tx.seal("C-cost", "events.content:1", content)
            entry = _entry(tx.now, tx.new_id(), "C-cost")
            ledger.row_of(tx, entry, _where(number))
            ledger.row_of(tx, entry, _where(number))
    return (time.process_time() - begun) / count * 1e6


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.records", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("build/bench-records.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
