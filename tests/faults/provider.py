"""Who takes what is sent, and keeps the durable record that judges? A sandbox, with fsync."""

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.waiting import eventually
from workers.sandbox.acceptance import Acceptance, acceptance

_START_SECONDS = 60
Rule = dict[str, Any]


class Provider:
    """The sandbox's process, steered over HTTP; its record is read from its file."""

    def __init__(self, process: subprocess.Popen[bytes], ready: Path, record: Path) -> None:
        self.process = process
        ports = json.loads(ready.read_text(encoding="utf-8"))
        self.http_port = int(ports["http_port"])
        self.smtp_port = int(ports["smtp_port"])
        self._record = record
        self._seed = 0

    def seed(self, number: int) -> None:
        """Let chance in its rules be repeatable."""
        self._seed = number

    def behave(self, rules: Sequence[Rule]) -> None:
        """Let these rules hold from now, in place of all others."""
        self._ask("PUT", "/sandbox/behaviour", {"rules": list(rules), "seed": self._seed})

    def waiting_call(self, caller: str, dialled: str) -> str:
        """Put a caller on the line; give the call's sid."""
        answer = self._ask("POST", "/sandbox/calls", {"from": caller, "to": dialled})
        return str(answer["call_sid"])

    def hang_up(self, sid: str) -> None:
        """Let a caller hang up."""
        self._ask("POST", f"/sandbox/calls/{sid}/hang_up")

    def texts(self, sender: str, to: str, body: str, url: str) -> None:
        """Let somebody text a number of ours; our word on it goes back to them."""
        self._ask("POST", "/sandbox/replies", {"from": sender, "to": to, "body": body, "url": url})

    def rings(self, sender: str, to: str, url: str) -> str:
        """Let somebody ring a number of ours that is answered at ``url``; give the call's sid."""
        asked = {"from": sender, "to": to, "url": url}
        return str(self._ask("POST", "/sandbox/calls/incoming", asked)["call_sid"])

    def callbacks_waiting(self) -> int:
        """How many callbacks have not been begun."""
        return int(self._ask("GET", "/sandbox/counts")["callbacks"]["waiting"])

    def acceptances(self) -> list[Acceptance]:
        """Read the whole record; the last line may be torn while it is being written."""
        lines = self._record.read_bytes().split(b"\n")[:-1]
        return [acceptance(json.loads(line)) for line in lines]

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            said = refused.read().decode(errors="replace")
            raise AssertionError(f"the sandbox answers {refused.code}: {said}") from refused


@contextlib.contextmanager
def provider(folder: Path, *more: str) -> Iterator[Provider]:
    """Run a sandbox that keeps its record in ``folder``; ``more`` are further options of its."""
    ready = folder / "sandbox.json"
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "workers.sandbox"),
                *("--folder", str(folder / "sandbox"), "--ready-file", str(ready)),
                *more,
            ],
            stdout=log,
            stderr=log,
        )
    try:
        eventually(ready.exists, "the sandbox listens", _START_SECONDS)
        yield Provider(process, ready, folder / "sandbox" / "record.jsonl")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
