"""What the AMQP suites share: a publisher, a consumer that runs, and a line that can be cut."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

import pika
from sqlalchemy import func, select

from config.policies import policies
from config.settings import Settings
from config.topology import DEAD_QUEUE, EVENTS, intake_queues, topology
from store import tables
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.encryption.keys import RootKey
from store.engine import Store, open_engine
from store.publishers import Publisher, add
from workers.intake.consumer import Consumer, Options
from workers.intake.taking_in import TakingIn
from workers.intake.topology import declare
from workers.running.broker import connect

STRUCTURED = "application/cloudevents+json"
ROOT = RootKey(b"k" * 32)


def open_store(url: str) -> Store:
    """Open a store as a process does."""
    return Store(open_engine(url), ROOT, policy_version="2020-04")


def admit(store: Store, *publishers: Publisher) -> None:
    """Enter publishers."""
    with store.write() as tx:
        for publisher in publishers:
            add(tx, publisher)


def count(store: Store, table: str) -> int:
    """Count a table's rows."""
    with store.read() as tx:
        found = tx.connection.execute(
            select(func.count()).select_from(tables.metadata.tables[table])
        ).scalar_one()
    return int(found)


def event_ids(store: Store) -> set[str]:
    """Give the ids of all events on record, as their publishers gave them."""
    with store.read() as tx:
        return set(tx.connection.execute(select(tables.events.c.event_id)).scalars())


def rejections(store: Store) -> list[Mapping[str, Any]]:
    """Give all rejected events, problems as codes by path."""
    with store.read() as tx:
        rows = tx.connection.execute(select(tables.rejected_events)).mappings().all()
    return [
        {**row, "codes": {p["path"]: p["code"] for p in json.loads(row["problems"])}}
        for row in rows
    ]


def taking_in(store: Store) -> TakingIn:
    """Make what takes events in."""
    return TakingIn(store, Readings(), policies(Settings(sandbox=True)))


class Desk:
    """A publisher's channel to the broker, and an operator's look into its queues."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.user = unquote(urlsplit(url).username or "guest")
        self._connection = connect(url, "a test's publisher")
        self.channel = self._connection.channel()
        declare(self.channel, topology())
        for queue in (*intake_queues(), DEAD_QUEUE):
            self.channel.queue_purge(queue)
        self.channel.confirm_delivery()

    def publish(self, event: Mapping[str, Any], **changes: Any) -> None:
        """Publish an event structured, under its type's key; ``changes`` are to the properties."""
        key = str(event["type"]).removeprefix("onward.").removesuffix(".v1")
        self.put(json.dumps(event).encode(), key, **{"content_type": STRUCTURED} | changes)

    def put(self, body: bytes, key: str, exchange: str = EVENTS, **changes: Any) -> None:
        """Publish anything."""
        properties = {"user_id": self.user, "delivery_mode": 2} | changes
        wanted = pika.BasicProperties(**properties)  # type: ignore[no-untyped-call]
        self.channel.basic_publish(exchange, key, body, wanted, mandatory=True)

    def ready(self, queue: str) -> int:
        """Count what waits in a queue for a consumer."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def close(self) -> None:
        """Go home."""
        if self._connection.is_open:
            self._connection.close()


@dataclass
class Running:
    """A consumer on a thread of its own, and what it hinted at or failed of."""

    consumer: Consumer
    hinted: list[Due]
    failed: list[BaseException] = field(default_factory=list)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop it as SIGTERM does, and wait for its end."""
        self.consumer.stop()
        self.thread.join(60)
        assert not self.thread.is_alive()

    def _run(self) -> None:
        try:
            self.consumer.run()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.failed.append(error)


@contextlib.contextmanager
def consuming(
    url: str, store: Store, taking: TakingIn | None = None, **options: Any
) -> Iterator[Running]:
    """Run a consumer; it has stopped, and not failed, at the end."""
    hinted: list[Due] = []
    chosen = Options(**{"admit_drama": True, "patience_seconds": 20} | options)
    consumer = Consumer(url, topology(), taking or taking_in(store), store, hinted.extend, chosen)
    running = Running(consumer, hinted)
    try:
        yield running
    finally:
        running.stop()
        if running.failed:
            raise running.failed[0]


class Relay:
    """A line to a server that a test can cut, and hold cut. The clients connect to ``url``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self.is_cut = False
        self.refused = 0
        port = self._listener.getsockname()[1]
        login, _, _ = parts.netloc.rpartition("@")
        place = f"{login}@127.0.0.1:{port}" if login else f"127.0.0.1:{port}"
        self.url = urlunsplit(parts._replace(netloc=place))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """End all connections, and let no new one through."""
        with self._lock:
            self.is_cut = True
            ends, self._ends = self._ends, []
        _end(ends)

    def mend(self) -> None:
        """Let connections through again."""
        with self._lock:
            self.is_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self.is_cut:
                    self.refused += 1
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    _end([source, sink])


def _end(ends: Sequence[socket.socket]) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
