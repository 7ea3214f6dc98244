"""What is broken? Our processes, each of which can be killed, stopped, frozen and started again.

A process that ends by itself is started again, as a supervisor does, and counted: ``ends`` says
which and how. With ``failpoints`` it kills itself where they say, once; it comes back without them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tests.waiting import eventually

_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
_START_SECONDS = 240  # five at once, on a busy machine
_STOP_SECONDS = 90
_LOOK_SECONDS = 0.1
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "intake": ("intake",),
    "dispatch-soon": ("dispatch", "--lanes", "live,urgent"),
    "dispatch-later": ("dispatch", "--lanes", "routine,bulk"),
    "upkeep": ("upkeep",),
    "web": ("web",),
}
SUPERVISED: Mapping[str, tuple[str, ...]] = {"up": ("up",)}
DISPATCH = ("dispatch-soon", "dispatch-later")


class Installation:
    """Our processes by name. Made by ``running``."""

    def __init__(self, settings: Mapping[str, str], logs: Path) -> None:
        self.settings = dict(settings)
        self.ends: Counter[str] = Counter()
        self._logs = logs
        self._words: dict[str, tuple[str, ...]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._supervise, name="supervisor")
        self._watch.start()

    def start(
        self, name: str, words: tuple[str, ...] | None = None, also: Mapping[str, str] | None = None
    ) -> None:
        """Start one process, with further settings for this time alone."""
        with self._lock, (self._logs / f"{name}.log").open("ab") as log:
            self._words[name] = words or self._words.get(name) or PROCESSES[name]
            self._running[name] = subprocess.Popen(
                [*_ONWARD, *self._words[name]],
                env={**self.settings, **(also or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def pid(self, name: str) -> int:
        """The number of a process."""
        return self._running[name].pid

    def pids(self) -> dict[str, int]:
        """The numbers of all that run."""
        with self._lock:
            return {name: process.pid for name, process in self._running.items()}

    def kill(self, name: str) -> None:
        """End a process as a power cut does, and start it again."""
        with self._lock:
            process = self._running.pop(name)
            process.kill()
            process.wait()
            self.start(name)

    def restart(self, name: str, also: Mapping[str, str] | None = None) -> None:
        """Stop a process in order (SIGTERM), and start it again."""
        self.stop(name)
        self.start(name, also=also)

    def stop(self, name: str) -> None:
        """Stop a process in order. Raises ``TimeoutExpired`` where it does not come to its end."""
        with self._lock:
            process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        code = process.wait(_STOP_SECONDS)
        if code not in {0, -signal.SIGTERM}:  # uvicorn, done, ends by the signal it was given
            self.ends[f"{name} stopped with {code}"] += 1

    def freeze(self, name: str) -> None:
        """Let a process stand still (SIGSTOP)."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid(name), signal.SIGCONT)

    def until_ended(self, name: str, seconds: float) -> bool:
        """Wait for a process to end by itself (it is started again); whether it did."""
        before = self.ends.total()
        with contextlib.suppress(AssertionError):
            eventually(lambda: self.ends.total() > before, f"{name} ends", seconds)
        return self.ends.total() > before

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands to its end."""
        return subprocess.run(
            [*_ONWARD, *words],
            env=self.settings,
            check=False,
            capture_output=True,
            text=True,
            timeout=_STOP_SECONDS,
        )

    def open(self) -> None:
        """Wait until the HTTP door is open."""
        port = int(self.settings["ONWARD_DOOR_PORT"])
        eventually(lambda: _listens(port), "the door is open", _START_SECONDS)

    def close(self) -> None:
        """Stop all, whatever state they are in."""
        self._over.set()
        self._watch.join()
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _supervise(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            with self._lock:
                ended = {n: p for n, p in self._running.items() if p.poll() is not None}
                for name, process in ended.items():
                    self.ends[f"{name} ended with {process.returncode}"] += 1
                    self.start(name)


@contextlib.contextmanager
def running(
    settings: Mapping[str, str], folder: Path, processes: Mapping[str, tuple[str, ...]] = PROCESSES
) -> Iterator[Installation]:
    """Set an installation up and run its processes."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    made = Installation(settings, logs)
    try:
        for word in ("migrate", "topology"):
            done = made.command(word)
            assert done.returncode == 0, f"onward {word} says: {done.stdout}{done.stderr}"
        for name, words in processes.items():
            made.start(name, words)
        made.open()
        yield made
    finally:
        made.close()


def url_through(url: str, port: int) -> str:
    """Give the same URL by another port of this machine."""
    parts = urlsplit(url)
    account, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}{at}127.0.0.1:{port}").geturl()


def _listens(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1),
    ):
        return True
    return False
