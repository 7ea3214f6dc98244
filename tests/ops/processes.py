"""How is one of our processes run, and asked on its operations port?"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs.reading import ROOT
from tests.logs import entries_of
from tests.waiting import eventually

KEY = b"k" * 32
_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Watched:
    """A running process of ours, and its operations port."""

    process: "subprocess.Popen[bytes]"
    port: int

    def get(self, path: str, seconds: float = 30) -> tuple[int, str]:
        """Ask for a page; give status and body, 0 where nobody answers in time."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def found(self, path: str) -> dict[str, Any]:
        """Ask for what was found."""
        status, body = self.get(path)
        return {"status": status, **(json.loads(body)["found"] if body else {})}

    def until_found(self, path: str, name: str, word: str) -> dict[str, Any]:
        """Wait until ``word`` stands in what was found of ``name``; give all that was found."""

        def seen() -> dict[str, Any] | None:
            found = self.found(path)
            return found if word in found.get(name, "") else None

        return eventually(seen, f"{name} says {word}")


def settings(folder: Path, **more: str) -> dict[str, str]:
    """Give the environment of a process with an operations port of its own."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    own = {
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(folder / "data"),
        "ONWARD_MASTER_KEY": b64encode(KEY).decode(),
        "ONWARD_DOOR_PORT": "0",
        "ONWARD_OPS_PORT": "0",
        "PYTHONPATH": str(ROOT),
    }
    return outside | own | {f"ONWARD_{name.upper()}": value for name, value in more.items()}


@contextmanager
def running(folder: Path, environment: Mapping[str, str], *command: str) -> Iterator[Watched]:
    """Run a process until the end of the block; its log is in ``folder``."""
    said = folder / f"{'-'.join(command)}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*_ONWARD, *command], cwd=folder, env=dict(environment), stderr=log
        )
    try:
        port = eventually(lambda: _port(said, process), "the operations port is open", 60)
        yield Watched(process, port)
    finally:
        process.kill()
        process.wait()


def _port(said: Path, process: "subprocess.Popen[bytes]") -> int | None:
    assert process.poll() is None, f"it ended at once:\n{said.read_text()}"
    ports = [line["port"] for line in entries_of(said) if line.get("event") == "ops_open"]
    return int(ports[0]) if ports else None
