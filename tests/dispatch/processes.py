"""How does a test run the real dispatch process, and end it as operators and accidents do?"""

import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.dispatch.sending import Sending
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
_LONGEST_SECONDS = 60


@contextlib.contextmanager
def dispatching(sending: Sending, folder: Path, **settings: str) -> Iterator["Dispatching"]:
    """Run ``onward dispatch`` on the store, broker and sandbox of a house; kill it at the end."""
    given = sending.parts.settings
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    nothing_more = folder / "onward.toml"
    nothing_more.touch()
    environment |= {
        "ONWARD_CONFIG": str(nothing_more),
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(given.data_dir),
        "ONWARD_MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
        "ONWARD_BROKER_URL": given.broker or "",
        "ONWARD_DATABASE_URL": given.database,
        "ONWARD_TWILIO_ACCOUNT_SID": sending.sandbox.account_sid,
        "ONWARD_TWILIO_AUTH_TOKEN": sending.sandbox.auth_token,
        "ONWARD_TWILIO_API_URL": sending.sandbox.http_url,
        "ONWARD_SMTP_HOST": sending.sandbox.smtp_host,
        "ONWARD_SMTP_PORT": str(sending.sandbox.smtp_port),
        "ONWARD_SMTP_SECURITY": "none",
    } | {f"ONWARD_{name.upper()}": value for name, value in settings.items()}
    log = folder / f"dispatch-{secrets.token_hex(4)}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_ONWARD, "dispatch"], env=environment, cwd=ROOT, stdout=output, stderr=output
        )
    try:
        yield Dispatching(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(_LONGEST_SECONDS)


class Dispatching:
    """A dispatch process of the test's own."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    def until_it_says(self, event: str) -> None:
        """Wait until an event stands in its log; fail with the log where it ends before that."""

        def said() -> bool:
            ended = self._process.poll() is not None
            found = event.encode() in self._log.read_bytes()
            assert found or not ended, f"ended without {event}:\n{self._log.read_text()}"
            return found

        eventually(said, f"it says {event}")

    @property
    def most_memory(self) -> int:
        """The most bytes of memory that it has had in use so far, as the system counts them."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def until_it_dies(self) -> int:
        """Wait for its end by itself; give how it ended."""
        return self._process.wait(_LONGEST_SECONDS)

    def until_it_stands(self) -> None:
        """Wait until it is stopped as by SIGSTOP."""
        _, status = os.waitpid(self._process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def go_on(self) -> None:
        """Let it go on, where it stands."""
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> int:
        """Tell it to end, as a supervisor does; give how it ended."""
        self.tell_to_end()
        return self.until_it_dies()

    def tell_to_end(self) -> None:
        """Tell it to end, and do not wait."""
        self._process.terminate()
