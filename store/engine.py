"""How the store is opened, and what one transaction is.

``Store.write()`` is a read-write transaction, committed at the end of its block and rolled back by
an exception; ``Store.read()`` only reads. Both give a ``Transaction``, which carries the
connection, the store's own clock, and the keys. SQLite has one writer: BEGIN IMMEDIATE and
synchronous=FULL (a deferred transaction fails at once with "database is locked").
"""

import copy
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from contracts.vocabulary import Purpose, Retention
from store.encryption.keys import DataKey, Destroyed, RootKey, Unopenable, owned_by_key
from store.ids import Ids
from store.personal import retention_of
from store.policy.in_force import InForce
from store.purposes import Reading, Unsaid
from store.tables import data_keys
from store.types import SealedBytes

Clock = Callable[[], datetime]
Kept = tuple[str, Retention]  # whose, and for how long it is kept
_FIRST = Retention.CONTACT
# Made together, for whoever comes to be known; the vault makes its own.
_USUAL = (Retention.CONTACT, Retention.CONTENT, Retention.SENDS, Retention.BILLING)
_KEYS_KEPT = 40_000
_CONNECT_SECONDS = 10
_TIME_KEPT_SECONDS = 1.0
_IDLE_SECONDS = 30
_STATEMENT_SECONDS = 120
# A peer that vanished without a word is found out within half a minute, not within Linux's usual
# two hours (while we wait for it) or quarter of an hour (while it owes us an acknowledgement).
_LINE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_FAULTS_OF_VALUES = frozenset({"21", "22", "23", "54"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the database's clock said, and when that was known here by a clock that only goes on."""

    moment: datetime
    at: float


def steadily() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Transaction:
    """One open transaction: the connection, its moment, and the keys to seal and open with.

    Keys made within it are shared with other transactions only once it has committed: a key that
    was rolled back must never seal anything.
    """

    def __init__(self, store: "Store", connection: Connection) -> None:
        self.store = store
        self.connection = connection
        self.postgresql = connection.dialect.name == "postgresql"
        self._now: datetime | None = None
        self._new_keys: dict[Kept, DataKey] = {}
        self._destroyed: dict[int, Retention] = {}
        self._reading: Reading | Unsaid | None = None
        self.after_commit: list[Callable[[], None]] = []

    @property
    def now(self) -> datetime:
        """The store's clock, read once a transaction: leases and due times are compared by it.

        Asked of PostgreSQL once a second, and counted on from there: at most so much behind it as
        its answer took to come, and never ahead of it.
        """
        if self._now is None:
            self._now = self._read_clock(_TIME_KEPT_SECONDS)
        return self._now

    def ask_the_time(self) -> None:
        """Have ``now`` to the very moment, for whoever compares it with what others just wrote."""
        self._now = self._read_clock(0)

    def _read_clock(self, kept_seconds: float) -> datetime:
        store = self.store
        if store.clock is not None:
            return store.clock()
        if not self.postgresql:
            return datetime.now(UTC)
        asked = store.asked
        if asked is None or (passed := steadily() - asked.at) >= kept_seconds:
            moment: datetime = self.connection.execute(select(func.clock_timestamp())).scalar_one()
            store.asked = Asked(moment.astimezone(UTC), steadily())
            return store.asked.moment
        return asked.moment + timedelta(seconds=passed)

    @property
    def policy_version(self) -> str:
        """The version of the company's policy that is in force at this transaction's moment."""
        return self.store.in_force.at(self.connection, self.now)

    def read_for(self, purpose: Purpose) -> None:
        """From here on open nothing but what may be read for a purpose (``store.purposes``)."""
        self._reading = Reading(purpose)

    def say_what_for(self) -> None:
        """From here on open nothing before a purpose is named."""
        self._reading = Unsaid()

    def new_id(self) -> UUID:
        """Give a row's id, in order of making."""
        return self.store.ids.new()

    def prepare_keys(self, owners: Iterable[str]) -> None:
        """Have the keys of all ``owners`` at hand, making those that are missing."""
        known = self.store.known_keys
        missing = sorted(
            {o for o in owners if (o, _FIRST) not in known and (o, _FIRST) not in self._new_keys}
        )
        if not missing:
            return
        have = self._load_keys(data_keys.c.owner.in_(missing))
        self._make_keys([(o, r) for o in missing for r in _USUAL if (o, r) not in have])

    def _make_keys(self, wanted: Sequence[Kept]) -> None:
        rows = []
        for owner, retention in wanted:
            key_id = secrets.randbits(63)
            key, wrapped = self.store.root.new_key(key_id, _named(owner, retention))
            rows.append(
                {
                    "key_id": key_id,
                    "owner": owner,
                    "retention": retention,
                    "wrapped": wrapped,
                    "created_at": self.now,
                }
            )
            self._new_keys[owner, retention] = key
        if rows:
            self.connection.execute(insert(data_keys), rows)

    def _load_keys(self, condition: Any) -> set[Kept]:
        """Read keys, and give those that there are or were: a destroyed one is not at hand."""
        found: set[Kept] = set()
        for row in self.connection.execute(select(data_keys).where(condition)):
            kept = (row.owner, row.retention)
            found.add(kept)
            if row.wrapped is None:
                self._destroyed[row.key_id] = row.retention
            elif kept not in self._new_keys:
                key = self.store.root.unwrap(row.key_id, _named(*kept), row.wrapped)
                self.store.remember_key(kept, key)
        return found

    def seal(
        self, owner: str | None, place: str, plain: bytes, retention: Retention | None = None
    ) -> SealedBytes:
        """Encrypt for a place; without an owner, under a key of the value's own.

        For how long it is kept follows from the place (``store.personal``), or is said. What still
        comes for an owner whose key for it was destroyed gets a key of its own too: a destroyed
        key is never made again.
        """
        key = None if owner is None else self._key(owner, retention or retention_of(place))
        return self.store.root.seal_alone(place, plain) if key is None else key.seal(place, plain)

    def _key(self, owner: str, retention: Retention) -> DataKey | None:
        kept = (owner, retention)
        key = self._new_keys.get(kept) or self.store.known_keys.get(kept)
        if key is None:
            self.prepare_keys([owner])
            key = self._new_keys.get(kept) or self.store.known_keys.get(kept)
        if key is None:
            of_owner = data_keys.c.owner == owner
            if kept in self._load_keys(of_owner & (data_keys.c.retention == retention)):
                key = self.store.known_keys.get(kept)
            else:
                self._make_keys([kept])
                key = self._new_keys[kept]
        return key

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place.

        Raises ``Unopenable``; where its key was destroyed, ``Destroyed``. Where a
        purpose was named that does not cover it, ``store.purposes.PurposeError``.
        """
        key_id = owned_by_key(sealed)
        if self._reading is not None:
            self._reading.check(place, self._kept_for(key_id))
        if key_id is None:
            return self.store.root.open_alone(place, sealed)
        for key in self._new_keys.values():
            if key.key_id == key_id:
                return key.open(place, sealed)
        if key_id not in self.store.keys_by_id and key_id not in self._destroyed:
            self._load_keys(data_keys.c.key_id == key_id)
        found = self.store.keys_by_id.get(key_id)
        if found is None:
            raise Destroyed(place) if key_id in self._destroyed else Unopenable(place)
        return found.open(place, sealed)

    def _kept_for(self, key_id: int | None) -> Retention | None:
        """The class of the key that sealed something; none where the value has a key of its own."""
        if key_id is None:
            return None
        if key_id not in self.store.kept_by_id and key_id not in self._destroyed:
            self._load_keys(data_keys.c.key_id == key_id)
        return self.store.kept_by_id.get(key_id) or self._destroyed.get(key_id)

    def prepare_opening(self, sealed: Iterable[bytes | None]) -> None:
        """Have the keys of many sealed values at hand in one query."""
        ids = {owned_by_key(value) for value in sealed if value is not None}
        made = {key.key_id for key in self._new_keys.values()}
        missing = {i for i in ids if i is not None} - self.store.keys_by_id.keys() - made
        missing -= self._destroyed.keys()
        if missing:
            self._load_keys(data_keys.c.key_id.in_(sorted(missing)))

    def lock(self, shared: Sequence[bytes], exclusive: Sequence[bytes]) -> None:
        """Hold names (keyed digests) until the end: many readers or one writer of each.

        Taken in one order by everyone, so that two batches never wait for each other. SQLite has
        one writer at a time, which is the same promise.
        """
        if not self.postgresql:
            return
        writers = {int.from_bytes(name[:8], "big", signed=True) for name in exclusive}
        readers = {int.from_bytes(name[:8], "big", signed=True) for name in shared} - writers
        wanted = sorted([(n, True) for n in writers] + [(n, False) for n in readers])
        if wanted:
            self.connection.exec_driver_sql(
                "SELECT CASE WHEN w THEN pg_advisory_xact_lock(k)::text"
                " ELSE pg_advisory_xact_lock_shared(k)::text END"
                " FROM unnest(%s::bigint[], %s::boolean[]) AS t(k, w)",
                ([n for n, _ in wanted], [w for _, w in wanted]),
            )


LastWord = Callable[[Transaction], None]


class Store:
    """The database, its clock and its keys. One for a process; safe to share between threads.

    ``policy_version`` is in force until one that is on record takes effect (``store.policy``).

    With ``people_read``, as for a command, reading opens nothing personal unless it says what for.

    ``watchers`` are given the rows of deliveries whose status has changed, once that is committed.
    """

    def __init__(
        self,
        engine: Engine,
        root: RootKey | Callable[[], RootKey],
        *,
        policy_version: str,
        ids: Ids | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.engine = engine
        self._root = root
        self.in_force = InForce(policy_version)
        self.ids = ids or Ids()
        self.clock = clock
        self.watchers: list[Callable[[Sequence[Any]], None]] = []
        self.known_keys: dict[Kept, DataKey] = {}
        self.keys_by_id: dict[int, DataKey] = {}
        self.kept_by_id: dict[int, Retention] = {}
        self.people_read = False
        self.asked: Asked | None = None
        self._last_word: LastWord | None = None

    @property
    def root(self) -> RootKey:
        """The key that wraps all others; read when first needed, and kept."""
        # Threads may ask at once: what was read is never taken for what reads it.
        found = self._root
        if not isinstance(found, RootKey):
            self._root = found = found()
        return found

    def index(self, kind: str, value: str) -> bytes:
        """Keyed digest (16 bytes) to look a value up by, without keeping it."""
        return self.root.index(kind, value)

    def under(self, last_word: "LastWord") -> "Store":
        """Give this store for one whose every write asks ``last_word`` before it commits.

        What that raises rolls the write back. Connections and keys are shared.
        """
        guarded = copy.copy(self)
        guarded._last_word = last_word  # noqa: SLF001 - of the same class
        return guarded

    def remember_key(self, kept: Kept, key: DataKey) -> None:
        """Keep an unwrapped key for later transactions; bounded."""
        if len(self.known_keys) >= _KEYS_KEPT:
            self.known_keys.clear()
            self.keys_by_id.clear()
            self.kept_by_id.clear()
        self.known_keys[kept] = key
        self.keys_by_id[key.key_id] = key
        self.kept_by_id[key.key_id] = kept[1]

    def forget_keys(self, owner: str) -> None:
        """Keep none of an owner's keys in this process any more."""
        for retention in Retention:
            key = self.known_keys.pop((owner, retention), None)
            if key is not None:
                self.keys_by_id.pop(key.key_id, None)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a read-write transaction."""
        _ = self.root  # read before anything is held: that is a transaction of its own
        with self.engine.begin() as connection:
            transaction = Transaction(self, connection)
            yield transaction
            if self._last_word is not None:
                self._last_word(transaction)
        for kept, key in transaction._new_keys.items():  # noqa: SLF001 - the store owns it
            self.remember_key(kept, key)
        for act in transaction.after_commit:
            act()

    @contextmanager
    def read(self, purpose: Purpose | None = None) -> Iterator[Transaction]:
        """Open a transaction for reading; with a purpose, what may be read for it alone."""
        _ = self.root  # as above
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execution_options(onward_reads=True)
            yield self._reads(connection, purpose)

    @contextmanager
    def snapshot(self, purpose: Purpose | None = None) -> Iterator[Transaction]:
        """Open a transaction for reading that sees one moment throughout, whatever is committed."""
        _ = self.root  # as above
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execution_options(onward_reads=True)  # and WAL does the rest
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield self._reads(connection, purpose)

    def _reads(self, connection: Connection, purpose: Purpose | None) -> Transaction:
        transaction = Transaction(self, connection)
        if purpose is not None:
            transaction.read_for(purpose)
        elif self.people_read:
            transaction.say_what_for()
        return transaction

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _named(owner: str, retention: Retention) -> str:
    """What a wrapped key is bound to: it is no other owner's, and of no other retention."""
    return f"{owner}\0{retention.value}"


def open_engine(url: str, connections: int = 10) -> Engine:
    """Open PostgreSQL (``postgresql://…``, by psycopg) or SQLite (``sqlite:///FILE``)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=2,
        pool_pre_ping=False,
        pool_use_lifo=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS, **_LINE},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        # The default text dumper escapes every element in Python: five times slower.
        connection.adapters.register_dumper(list, ListBinaryDumper)
        # Every statement under load finds its rows by a key. A plan made while a table was small
        # would go through the whole of it, and is kept until statistics are next taken.
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("SET jit = off")  # it takes what is discouraged for what is long
            # What we left behind (stopped, or gone without a word) must not lock others out.
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'")
            cursor.execute(f"SET statement_timeout = '{_STATEMENT_SECONDS}s'")
        connection.commit()

    return engine


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _tune(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("onward_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def is_outage(error: BaseException) -> bool:
    """Tell a fault of the database (worth waiting for) from a fault of what was written.

    Of PostgreSQL's classes (its manual, appendix A) only cardinality, data, integrity and limits
    are faults of a value. Lost connections, deadlocks, a full disk, and also a missing table or
    privilege are outages: no event is rejected because a migration has not run yet.
    """
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] not in _FAULTS_OF_VALUES
    return isinstance(error, OperationalError | InterfaceError)


def is_race(error: BaseException) -> bool:
    """Tell a deadlock, or a row that another transaction wrote first: try again at once."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    if state:
        return state in {"40001", "40P01", "23505"}
    return isinstance(error, DBAPIError) and "UNIQUE constraint" in str(error.orig)


def ping(store: Store) -> datetime:
    """Ask the database for its time. Raises what the driver raises when it does not answer."""
    with store.read() as tx:
        tx.connection.execute(text("SELECT 1"))
        tx.ask_the_time()
        return tx.now
