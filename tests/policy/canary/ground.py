"""On what does the canary's day stand? A whole installation, its services beyond lines to cut.

Everything that ours write lies in one folder: what a process says, files, journals, temporary ones.
"""

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import CompletedProcess
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from bench.installation import broker_user
from tests.faults.installation import PROCESSES, Installation, url_through
from tests.faults.provider import Provider, provider
from tests.faults.proxy import Line
from tests.policy.canary.search import Hit, hits, in_process, scraped
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import free_port
from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

Form = Literal["full", "embedded"]
BATCH = "application/cloudevents-batch+json"
ONE = "application/cloudevents+json"
_SHORT = {
    "ONWARD_TIME_SCALE": "0.01",
    "ONWARD_SMS_THROTTLE": "true",
    "ONWARD_SMS_PER_HOUR": "18",
    "ONWARD_TWILIO_TIMEOUT_SECONDS": "2",
    "ONWARD_SMTP_TIMEOUT_SECONDS": "2",
    "ONWARD_SMTP_FINAL_TIMEOUT_SECONDS": "2",
    "ONWARD_LEASE_SECONDS": "14",
    "ONWARD_UPKEEP_INTERVAL_SECONDS": "0.3",
    "ONWARD_WAITING_LIMIT_URGENT_SECONDS": "1",
    "ONWARD_CHECKPOINT_INTERVAL_SECONDS": "5",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """What one of our commands printed."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str


@dataclass(slots=True)
class Ground:
    """An installation, what may be broken of it, and what was seen of it so far.

    ``name`` is that of its database, its vhost and its publisher.
    """

    form: Form
    name: str
    folder: Path
    settings: Mapping[str, str]
    ours: Installation
    provider: Provider
    lines: Mapping[str, Line]
    ops: Mapping[str, int]
    database: str | None = None
    broker: str | None = None
    publisher: str | None = None
    key: str = ""
    printed: list[Printed] = field(default_factory=list)
    figures: list[bytes] = field(default_factory=list)
    seen: list[Hit] = field(default_factory=list)
    pages: int = 0

    @property
    def home(self) -> Path:
        """Where ours write."""
        return self.folder / "ours"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / "onward"

    @property
    def public_url(self) -> str:
        """Where the door is."""
        return self.settings["ONWARD_PUBLIC_URL"]

    def start(self, name: str, **also: str) -> None:
        """Start one process, with its operations port."""
        words = PROCESSES.get(name, (name,))
        self.ours.start(name, words, {"ONWARD_OPS_PORT": str(self.ops[name])} | also)

    def restart(self, name: str, **also: str) -> None:
        """Stop a process in order, once all that may be seen of it has been, and start it again."""
        self.look()
        self.ours.stop(name)
        self.start(name, **also)

    def look(self) -> None:
        """Look at what processes show of themselves, and at what is gone when they are done."""
        for name, pid in self.ours.pids().items():
            with contextlib.suppress(OSError, HTTPException):  # it is just being started again
                self.figures.append(scraped(self.ops[name]))
            with contextlib.suppress(OSError):
                self.seen += in_process(name, pid)
        for page in sorted(self.data.glob("journals/**/*")):
            with contextlib.suppress(OSError):
                content = page.read_bytes()
                self.seen += hits(f"the journal {page.name}", content)
                self.pages += b"mark" in content

    def onward(self, *words: str) -> Printed:
        """Run a command as an operator does; what it prints is kept."""
        done: CompletedProcess[str] = self.ours.command(*words)
        found = Printed(words, done.returncode, done.stdout, done.stderr)
        self.printed.append(found)
        return found

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = ONE,
        also: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, bytes]:
        """Ask the door as the publisher does, with further headers; give status and answer."""
        address = urlsplit(self.public_url)
        connection = HTTPConnection(address.hostname or "", address.port or 0, timeout=60)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind, **also}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextlib.contextmanager
def ground(form: Form, folder: Path, services: Mapping[str, str]) -> Iterator[Ground]:
    """Set an installation up, start it, and stop it. ``services`` are those of the full form."""
    with contextlib.ExitStack() as opened:
        enter = opened.enter_context
        home = folder / "ours"
        for name in ("logs", "temporary", "templates"):
            (home / name).mkdir(parents=True)
        bounces = free_port()
        sandbox = enter(provider(folder, "--bounce-port", str(bounces)))
        name = f"canary_{secrets.token_hex(4)}"
        database = broker = publisher = None
        targets = {"sms": sandbox.http_port, "mail": sandbox.smtp_port}
        if form == "full":
            database = enter(fresh_database(services["database"], name))
            broker = enter(fresh_vhost(services["broker"], name, services["management"] or None))
            publisher = enter(broker_user(broker, name, services["management"] or None))
            targets |= {
                "database": urlsplit(database).port or 5432,
                "broker": urlsplit(broker).port or 5672,
            }
        lines = {line: Line(port) for line, port in targets.items()}
        for line in lines.values():
            opened.callback(line.close)
        settings = _settings(form, home, lines, bounces, database, broker)
        ours = Installation(settings, home / "logs")
        opened.callback(ours.close)
        names = [*PROCESSES, "bounces"] if form == "full" else ["up"]
        made = Ground(
            form,
            name,
            folder,
            settings,
            ours,
            sandbox,
            lines,
            {name: free_port() for name in names},
            database,
            broker,
            publisher,
        )
        _set_up(made, names)
        yield made


def _set_up(made: Ground, names: list[str]) -> None:
    for words in (("migrate",), ("topology",)) if made.broker else ():
        assert made.onward(*words).code == 0
    for name in names:
        made.start(name)
    made.ours.open()
    everything = ("--type", "*", "--source", "*")
    doors = [word for one in ("blobs", "items", "rules", "outcomes") for word in ("--door", one)]
    added = made.onward("publishers", "add", made.name, *everything, *doors)
    assert added.code == 0, added.err
    made.key = added.out.rpartition(": ")[2].split()[0]


def _settings(
    form: Form,
    home: Path,
    lines: Mapping[str, Line],
    bounces: int,
    database: str | None,
    broker: str | None,
) -> dict[str, str]:
    door = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    urls: dict[str, str] = {}
    if database is not None and broker is not None:
        urls = {
            "ONWARD_DATABASE_URL": url_through(database, lines["database"].port),
            "ONWARD_BROKER_URL": url_through(broker, lines["broker"].port),
        }
    return kept | {
        "TMPDIR": str(home / "temporary"),
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(home / "onward"),
        "ONWARD_TEMPLATES_DIR": str(home / "templates"),
        "ONWARD_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ONWARD_TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT_SID,
        "ONWARD_TWILIO_AUTH_TOKEN": SANDBOX_AUTH_TOKEN,
        "ONWARD_TWILIO_API_URL": f"http://127.0.0.1:{lines['sms'].port}",
        "ONWARD_SMTP_HOST": "127.0.0.1",
        "ONWARD_SMTP_PORT": str(lines["mail"].port),
        "ONWARD_SMTP_SECURITY": "none",
        "ONWARD_MAIL_BOUNCE_DOMAIN": "bounces.example.com",
        "ONWARD_BOUNCE_PORT": str(bounces),
        "ONWARD_DOOR_PORT": str(door),
        "ONWARD_PUBLIC_URL": f"http://127.0.0.1:{door}",
        "ONWARD_LOG_LEVEL": "debug",
        "ONWARD_LOG_FORMAT": "json" if form == "full" else "console",
        **urls,
        **_SHORT,
    }


def as_json(*events: Any) -> bytes:
    """Events as a publisher writes them: a batch."""
    return json.dumps(events, ensure_ascii=False).encode()
