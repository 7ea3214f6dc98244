"""What is measured: a full installation of our own processes, and the sandbox as the provider."""

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from store.publishers import Publisher
from tests.rooms import delete_user, load_definitions
from workers.publishers import broker_definitions
from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
_COUNTED = (sys.executable, "-m", "bench.counted")
_FULL = {
    "intake": ("intake",),
    "dispatch-soon": ("dispatch", "--lanes", "live,urgent"),
    "dispatch-later": ("dispatch", "--lanes", "routine,bulk"),
    "upkeep": ("upkeep",),
    "web": ("web",),
}
_EMBEDDED = {"up": ("up",)}
_SMTP_CONNECTIONS = 128  # the default of 20 allows 200 emails a second at 100 ms


@dataclass(slots=True)
class Sandbox:
    """The provider's stand-in, a process of its own."""

    process: subprocess.Popen[bytes]
    ports: Mapping[str, Any]

    def answer_after(self, milliseconds: int) -> None:
        """Let every send take so long."""
        rules = [{"act": "slow", "latency_ms": milliseconds}] if milliseconds else []
        self._ask("PUT", "/sandbox/behaviour", {"rules": rules})

    def accepted(self) -> int:
        """How many sends it has on its record."""
        counts: dict[str, int] = self._ask("GET", "/sandbox/counts")["accepted"]
        return sum(counts.values())

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['http_port']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return json.load(answer)


@dataclass(slots=True)
class Installation:
    """Our processes at work, by name."""

    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    counts: dict[str, Path] = field(default_factory=dict)
    door: str = ""

    @property
    def pids(self) -> dict[str, int]:
        """The processes' numbers."""
        return {name: process.pid for name, process in self.processes.items()}

    def assert_alive(self) -> None:
        """Stop the measurement if one of ours has died."""
        for name, process in self.processes.items():
            assert process.poll() is None, f"onward {name} ended with {process.returncode}"


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[Sandbox]:
    """Run a sandbox that answers at once."""
    ready = folder / "sandbox.json"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "workers.sandbox", "--no-fsync"),
            *("--folder", str(folder / "sandbox"), "--ready-file", str(ready)),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _until(ready.exists, "the sandbox listens")
        yield Sandbox(process, json.loads(ready.read_text(encoding="utf-8")))
    finally:
        _stop([process])


def environment(
    provider: Sandbox, folder: Path, *, database_url: str | None, broker_url: str | None
) -> dict[str, str]:
    """Give the settings of an installation; without URLs it is the embedded one."""
    ports = provider.ports
    settings = {
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(folder / "onward"),
        "ONWARD_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ONWARD_TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT_SID,
        "ONWARD_TWILIO_AUTH_TOKEN": SANDBOX_AUTH_TOKEN,
        "ONWARD_TWILIO_API_URL": f"http://127.0.0.1:{ports['http_port']}",
        "ONWARD_SMTP_HOST": "127.0.0.1",
        "ONWARD_SMTP_PORT": str(ports["smtp_port"]),
        "ONWARD_SMTP_SECURITY": "none",
        "ONWARD_SMTP_CONNECTIONS": str(_SMTP_CONNECTIONS),
        "ONWARD_DOOR_PORT": str(_free_port()),
        "ONWARD_LOG_LEVEL": "warning",
    }
    if database_url is not None:
        settings["ONWARD_DATABASE_URL"] = database_url
    if broker_url is not None:
        settings["ONWARD_BROKER_URL"] = broker_url
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    return kept | settings


@contextlib.contextmanager
def running(
    settings: Mapping[str, str], logs: Path, *, counted: bool = False
) -> Iterator[Installation]:
    """Set an installation up and run its processes; ``counted``: as ``bench.counted`` does."""
    full = "ONWARD_BROKER_URL" in settings
    if full:
        command(settings, "migrate")
        command(settings, "topology")
    made = Installation(settings, door=f"http://127.0.0.1:{settings['ONWARD_DOOR_PORT']}")
    logs.mkdir(parents=True, exist_ok=True)
    try:
        for name, words in (_FULL if full else _EMBEDDED).items():
            program: tuple[str, ...] = _ONWARD
            if counted:
                made.counts[name] = logs / f"{name}.counts"
                program = (*_COUNTED, str(made.counts[name]))
            with (logs / f"{name}.log").open("wb") as log:
                made.processes[name] = subprocess.Popen(
                    [*program, *words], env=dict(settings), stdout=log, stderr=log
                )
        _until(lambda: _answers(made.door), "the door is open", made)
        yield made
    finally:
        _stop(list(made.processes.values()))


def command(settings: Mapping[str, str], *words: str) -> str:
    """Run one of our commands and give what it printed."""
    done = subprocess.run(
        [*_ONWARD, *words], env=dict(settings), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"onward {words[0]} says: {done.stdout}{done.stderr}"
    return done.stdout


def admit(settings: Mapping[str, str], name: str) -> str:
    """Admit a publisher of everything, and give its key."""
    said = command(
        settings,
        *("publishers", "add", name, "--type", "*", "--source", "*"),
    )
    return said.rpartition(": ")[2].strip()


@contextlib.contextmanager
def broker_user(broker_url: str, name: str, management: str | None) -> Iterator[str]:
    """Make a publisher's broker user, give its URL, and delete it at the end."""
    parts = urlsplit(broker_url)
    password = secrets.token_hex(8)
    publisher = Publisher(name, ("*",), ("*",))
    made = broker_definitions(publisher, unquote(parts.path[1:]), password)
    load_definitions(broker_url, made, management)
    place = parts.netloc.rpartition("@")[2]
    try:
        yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{place}"))
    finally:
        delete_user(broker_url, name, management)


def _answers(door: str) -> bool:
    parts = urlsplit(door)
    with (
        contextlib.suppress(OSError),
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1),
    ):
        return True
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _until(
    seen: Callable[[], object], what: str, made: Installation | None = None, seconds: float = 120
) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        if made is not None:
            made.assert_alive()
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
