"""``python -m workers.sandbox``: ready, stopped, killed, and refusing real credentials."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.sandbox.clients import MESSAGES, SMS
from tests.waiting import eventually
from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from workers.sandbox.settings import real_credentials
from workers.sandbox.wire import basic_credentials

REAL_SID = "AC" + "0123456789abcdef" * 2
PLAIN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a sandbox as a process of its own; gives it and its HTTP port."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "workers.sandbox", "--folder", str(folder)]
    with subprocess.Popen(
        [*command, "--ready-file", str(ready)], env=PLAIN, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            eventually(lambda: ready.exists() or process.poll() is not None, "a ready sandbox")
            yield process, json.loads(ready.read_text())["http_port"]
        finally:
            process.kill()
            ready.unlink(missing_ok=True)


def send(port: int) -> str:
    """Send one SMS; its sid."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{MESSAGES}",
        data=urlencode(SMS).encode(),
        headers={"Authorization": basic_credentials()},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 - as above
        sid: str = json.load(reply)["sid"]
        return sid


def test_a_stopped_sandbox_ends_cleanly_and_has_said_its_ports(tmp_path: Path) -> None:
    """A supervisor sends SIGTERM, and whoever starts it reads one line."""
    with running(tmp_path) as (process, port):
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert json.loads(said)["http_port"] == port


def test_a_killed_sandbox_has_lost_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """The record is the oracle even when the sandbox itself is the victim."""
    with running(tmp_path) as (process, port):
        sids = [send(port) for _ in range(5)]
        process.kill()
        process.wait(60)

    lines = (tmp_path / "record.jsonl").read_text().splitlines()
    assert [json.loads(line)["reference"] for line in lines] == sids


@pytest.mark.parametrize(
    ("environment", "refused"),
    [
        ({}, 0),
        ({"TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT_SID}, 0),
        ({"ONWARD_TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT_SID}, 0),
        ({"TWILIO_AUTH_TOKEN": SANDBOX_AUTH_TOKEN}, 0),
        ({"ONWARD_SMTP_HOST": "127.0.0.1"}, 0),
        ({"ONWARD_SMTP_HOST": "localhost"}, 0),
        ({"ONWARD_SMTP_HOST": "sandbox"}, 0),
        ({"TWILIO_ACCOUNT_SID": REAL_SID}, 1),
        ({"ONWARD_TWILIO_ACCOUNT_SID": REAL_SID}, 1),
        ({"TWILIO_AUTH_TOKEN": "0123456789abcdef" * 2}, 1),
        ({"ONWARD_SMTP_HOST": "smtp.example.com"}, 1),
        ({"ONWARD_SMTP_HOST": "192.0.2.25", "TWILIO_ACCOUNT_SID": REAL_SID}, 2),
    ],
)
def test_real_credentials_are_recognised(environment: Mapping[str, str], refused: int) -> None:
    """One setting away from real customers is too near."""
    found = real_credentials(environment, frozenset())

    assert len(found) == refused


def test_a_sandbox_refuses_to_start_beside_real_credentials(tmp_path: Path) -> None:
    """It says why in plain words, and shows no value."""
    ended = subprocess.run(
        [sys.executable, "-m", "workers.sandbox", "--folder", str(tmp_path)],
        env={**PLAIN, "TWILIO_ACCOUNT_SID": REAL_SID},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "TWILIO_ACCOUNT_SID holds a real Twilio account" in ended.stderr
    assert REAL_SID not in ended.stderr
