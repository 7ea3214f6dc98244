"""How does a page's reader have Onward running? As it says: the sandbox, and `onward up`."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.reading import ROOT
from tests.service_answers import free_port
from tests.waiting import eventually
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings

_BIN = Path(sys.executable).parent
_UP = "onward is up: "


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation, and the folder in which a reader's shell stands."""

    folder: Path
    url: str
    variables: Mapping[str, str]
    sandbox: Sandbox

    def run(self, script: str, seconds: float = 240) -> str:
        """Run a script in the reader's shell; give what it printed. Fails where the script does."""
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=dict(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"the script ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextmanager
def running(folder: Path, services: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Run the sandbox and `onward up`, embedded or over ``services``; stop both at the end."""
    shell = folder / "shell"
    shutil.copytree(ROOT / "docs" / "examples", shell / "docs" / "examples")
    with Sandbox(SandboxSettings(folder / "sandbox")) as sandbox:
        variables = _variables(sandbox, free_port()) | dict(services or {})
        if services:
            for command in ("migrate", "topology"):
                subprocess.run(["onward", command], cwd=shell, env=variables, check=True)
        said = folder / "up.log"
        with said.open("w") as log:
            up = subprocess.Popen(["onward", "up"], cwd=shell, env=variables, stderr=log)
        try:
            url = eventually(lambda: _address(said, up), "onward up says its address", 60)
            yield Installation(shell, url, variables, sandbox)
        finally:
            up.send_signal(signal.SIGTERM)
            ended = up.wait(60)
    assert ended == 0, said.read_text()
    assert "Traceback" not in said.read_text()


def _variables(sandbox: Sandbox, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONWARD_")}
    return kept | {
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
        "ONWARD_SANDBOX": "true",
        "ONWARD_TWILIO_API_URL": sandbox.http_url,
        "ONWARD_TWILIO_ACCOUNT_SID": sandbox.account_sid,
        "ONWARD_TWILIO_AUTH_TOKEN": sandbox.auth_token,
        "ONWARD_SMTP_HOST": sandbox.smtp_host,
        "ONWARD_SMTP_PORT": str(sandbox.smtp_port),
        "ONWARD_SMTP_SECURITY": "none",
        "ONWARD_DOOR_PORT": str(port),
        "ONWARD_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _address(said: Path, up: "subprocess.Popen[bytes]") -> str | None:
    text = said.read_text()
    assert up.poll() is None, f"onward up ended at once:\n{text}"
    lines = [line for line in text.splitlines() if line.startswith(_UP)]
    return lines[0].removeprefix(_UP) if lines else None
