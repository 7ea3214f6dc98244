"""How do these suites run a whole installation? As an operator does: by ``onward up``."""

import os
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docs.reading import ROOT
from tests.logs import entries_of
from tests.rooms import fresh_database
from tests.service_answers import free_port
from tests.waiting import eventually
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings

ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
START_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Installed:
    """A full installation that is set up, and that nothing of ours runs in yet."""

    environment: Mapping[str, str]
    sandbox: Sandbox

    @property
    def database(self) -> str:
        """Where its store is."""
        return self.environment["ONWARD_DATABASE_URL"]


@dataclass(frozen=True, slots=True)
class Up:
    """``onward up`` at work over RabbitMQ and PostgreSQL, and what it has said."""

    process: "subprocess.Popen[bytes]"
    log: Path
    environment: Mapping[str, str]
    sandbox: Sandbox

    def said(self, event: str) -> list[dict[str, Any]]:
        """Give the log lines of one event."""
        return [line for line in entries_of(self.log) if line.get("event") == event]

    def pid(self, child: str) -> int:
        """Give the number of the process that was last started for a child."""
        return int(
            [line for line in self.said("child_started") if line["child"] == child][-1]["pid"]
        )

    def pids(self) -> dict[str, int]:
        """Give the numbers of all processes that were last started."""
        return {line["child"]: int(line["pid"]) for line in self.said("child_started")}

    def started(self, child: str) -> int:
        """How often a child was started."""
        return sum(line["child"] == child for line in self.said("child_started"))

    def await_well(self, child: str) -> None:
        """Wait until the process that was last started for a child answers for its work."""
        eventually(
            lambda: self.pid(child) in {line["pid"] for line in self.said("child_well")},
            f"{child} is well",
            START_SECONDS,
        )

    def onward(self, *words: str) -> str:
        """Run a command of the same installation; give what it printed."""
        done = subprocess.run(
            [*ONWARD, *words],
            env=dict(self.environment),
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def door(self) -> str:
        """Give the door's address."""
        return f"http://127.0.0.1:{self.environment['ONWARD_DOOR_PORT']}"


def is_there(pid: int) -> bool:
    """Whether a process is running, and not a zombie that nobody has buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def installed(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[Installed]:
    """Set up a full installation: migrated, declared, with a sandbox for its providers."""
    with (
        fresh_database(database_url, f"onward_up_{secrets.token_hex(4)}") as database,
        Sandbox(SandboxSettings(tmp_path / "sandbox")) as sandbox,
    ):
        environment = _environment(tmp_path, sandbox) | {
            "ONWARD_BROKER_URL": broker_url,
            "ONWARD_DATABASE_URL": database,
        }
        for command in ("migrate", "topology"):
            subprocess.run([*ONWARD, command], env=environment, cwd=ROOT, check=True)
        yield Installed(environment, sandbox)


@pytest.fixture
def up(tmp_path: Path, installed: Installed) -> Iterator[Up]:
    """Run ``onward up`` until the end of the test; all of it has ended then."""
    with running_up(installed.environment, installed.sandbox, tmp_path / "up.log") as running:
        for child in running.pids():
            running.await_well(child)
        yield running


@contextmanager
def running_up(environment: Mapping[str, str], sandbox: Sandbox, log: Path) -> Iterator[Up]:
    """Run it, with all its processes started."""
    with log.open("wb") as said:
        process = subprocess.Popen([*ONWARD, "up"], env=dict(environment), cwd=ROOT, stderr=said)
    running = Up(process, log, environment, sandbox)
    try:
        eventually(lambda: len(running.pids()) == 5, "five processes", START_SECONDS)
        yield running
    finally:
        _end(running)


def _end(up: Up) -> None:
    if up.process.poll() is None:
        up.process.send_signal(signal.SIGTERM)
        try:
            up.process.wait(60)
        except subprocess.TimeoutExpired:
            up.process.kill()
            up.process.wait()
    for pid in up.pids().values():
        eventually(lambda p=pid: not is_there(p), "a child ends", 60)  # type: ignore[misc]


def _environment(folder: Path, sandbox: Sandbox) -> dict[str, str]:
    outside = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    return outside | {
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(folder / "data"),
        "ONWARD_MASTER_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "ONWARD_TWILIO_API_URL": sandbox.http_url,
        "ONWARD_TWILIO_ACCOUNT_SID": sandbox.account_sid,
        "ONWARD_TWILIO_AUTH_TOKEN": sandbox.auth_token,
        "ONWARD_SMTP_HOST": sandbox.smtp_host,
        "ONWARD_SMTP_PORT": str(sandbox.smtp_port),
        "ONWARD_SMTP_SECURITY": "none",
        "ONWARD_DOOR_PORT": str(free_port()),
    }
