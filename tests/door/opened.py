"""A door that is really open: the app behind uvicorn on a free port, and a customer to send to."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from config.policies import policies
from config.settings import Settings
from contracts.envelope import parse_structured
from contracts.events import Event, parse_event
from contracts.problems import Malformed
from contracts.tolls import may_be_reached
from contracts.vocabulary import Answer, Door, Role
from store import publishers
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.encryption.keys import RootKey
from store.engine import Store, open_engine
from store.files import Files
from store.publishers import Publisher
from tests import factories
from tests.waiting import eventually
from workers.intake.door import DoorParts, Mounted, door
from workers.intake.submission import Answered, Submission
from workers.intake.taking_in import TakingIn
from workers.receipts.counts import Counts
from workers.receipts.webhooks import HookParts, Webhooks

PUBLIC_URL = "https://onward.example"
AUTH_TOKEN = "a token for tests"
SPARE_TOKEN = "the token of a second account"
TOKENS = (AUTH_TOKEN, SPARE_TOKEN)
HELP_TEXT = "Brindle & Hart passes on calls. Ring +441632960100."
SOURCE = "/callcentre/doncaster"
EVERYTHING = Publisher("all", ("*",), ("*",), tuple(Door), tuple(Role))
DONCASTER = Publisher("doncaster", ("call.*",), (SOURCE,), (Door.OUTCOMES,), (Role.CALL_CENTRE,))
RULES = [
    {
        "rule_id": "in-turn",
        "action": {
            "timing": "now",
            "mode": "first",
            "steps": [{"destination": "d-mobile"}, {"destination": "d-mail"}],
        },
    }
]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the door answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Office:
    """One store with what works on it; ``hinted`` gathers every hint."""

    store: Store
    folder: Path
    readings: Readings = field(default_factory=Readings)
    settings: Settings = field(init=False)
    hinted: list[Due] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.settings = Settings(sandbox=True, data_dir=self.folder / "data")

    @property
    def files(self) -> Files:
        return Files((self.folder / "blobs").as_uri(), self.store.root)

    @property
    def taking_in(self) -> TakingIn:
        return TakingIn(self.store, self.readings, policies(self.settings))

    def admit(self, publisher: Publisher) -> str:
        """Enter a publisher; give its key."""
        with self.store.write() as tx:
            return publishers.add(tx, publisher)

    def revoke(self, publisher: Publisher) -> None:
        with self.store.write() as tx:
            publishers.revoke(tx, publisher.name)

    def hint(self, due: Sequence[Due]) -> None:
        self.hinted.extend(due)

    def parts(self, **changes: Any) -> DoorParts:
        given: dict[str, Any] = {
            "store": self.store,
            "readings": self.readings,
            "taking_in": self.taking_in,
            "hint": self.hint,
            "files": self.files,
            "admit_drama": True,
            "body_limit": 65_536,
            "blob_limit": 65_536,
        }
        return DoorParts(**(given | changes))

    def webhooks(self, public_url: str = PUBLIC_URL) -> Webhooks:
        lanes = policies(self.settings).lanes
        return Webhooks(
            HookParts(
                self.store,
                self.readings,
                lanes,
                self.hint,
                public_url,
                TOKENS,
                lambda place: may_be_reached(place, {"GB"}),
                self.counts,
                "Brindle & Hart",
                HELP_TEXT,
            )
        )

    def hand_in(self, *events: factories.Sample) -> list[Answered]:
        """Take events in as the office's own, whatever is answered."""
        bodies = [json.dumps(event).encode() for event in events]
        taken = self.taking_in.take_in(
            [Submission(EVERYTHING, "test", _judged(body), body) for body in bodies]
        )
        self.hint(taken.due)
        return list(taken.answers)

    def tell(self, *events: factories.Sample) -> None:
        """Take in events that must all be accepted."""
        answers = [(a.answer, a.problems) for a in self.hand_in(*events)]
        assert all(answer is Answer.ACCEPTED for answer, _ in answers), answers

    def serve(self, ref: str = "C-1042", **registered: Any) -> None:
        """Have a customer with two verified destinations, whose services have started."""
        services = ["phone_answering", "mail_forwarding"]
        about = factories.envelope
        self.tell(
            about("customer.registered", subject=ref, services=services, **registered),
            about(
                "destination.added",
                subject=ref,
                destination_id="d-mobile",
                kind="mobile",
                value="07700900123",
            ),
            about(
                "destination.added",
                subject=ref,
                destination_id="d-mail",
                kind="email",
                value="jo@harbourlane.example",
            ),
            about("destination.verified", subject=ref, destination_id="d-mobile"),
            about("destination.verified", subject=ref, destination_id="d-mail"),
            about("preferences.set", subject=ref, rules=RULES, based_on_version=...),
            about("service.started", subject=ref, services=services),
        )


def _judged(body: bytes) -> Event | Malformed:
    try:
        return parse_event(parse_structured(body), admit_drama=True)
    except Malformed as broken:
        return broken


@contextlib.contextmanager
def an_office(url: str, folder: Path) -> Iterator[Office]:
    """Open an empty store, and close it."""
    engine = open_engine(url)
    store = Store(engine, RootKey(b"k" * 32), policy_version="2020-04")
    try:
        yield Office(store, folder)
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Opened:
    """A door on loopback."""

    port: int
    key: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Reply:
        """Ask once. A body that is an iterator is sent in chunks, without its length."""
        shown = key if key is not None else self.key
        sent = {"Authorization": f"Bearer {shown}"} if shown else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, named, content)
        finally:
            connection.close()

    def publish(self, event: Any, key: str | None = None) -> Reply:
        """Hand in one structured event, or a list of them as a batch."""
        form = "cloudevents-batch" if isinstance(event, list) else "cloudevents"
        headers = {"Content-Type": f"application/{form}+json"}
        return self.ask("POST", "/events", json.dumps(event), headers, key)


@contextlib.contextmanager
def opened(parts: DoorParts, key: str | None = None, *beside: Mounted) -> Iterator[Opened]:
    """Serve a door until the block ends, then let it finish."""
    with serving(door(parts, beside)) as port:
        yield Opened(port, key)


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """Run uvicorn on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        eventually(lambda: server.started, "the door is open")
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
