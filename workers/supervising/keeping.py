"""How is one process kept running? It is started, watched, and replaced for as long as we stand.

One that ends is started again, after a pause that grows where it ends again and again; nothing is
given up. One that does not answer for its work is killed, and replaced likewise: what it held goes
back when its leases end, as after any crash.
"""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from structlog import get_logger

from workers.supervising.children import Child
from workers.supervising.pausing import early_ends, pause

log = get_logger(__name__)

_LOOK_SECONDS = 0.5
_AGAIN_AND_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Started:
    """A process, and how it is asked whether it is at its work."""

    process: subprocess.Popen[bytes]
    is_well: Callable[[], bool]


Start = Callable[[Child], Started]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process may be silent: after its start, and once it has answered."""

    first_seconds: float
    silent_seconds: float


class Keeper:
    """Keeps one child, in a thread of its own. ``stop`` ends both."""

    def __init__(self, child: Child, start: Start, patience: Patience) -> None:
        self.child = child
        self.replaced = 0
        self.answered = False
        self._start = start
        self._patience = patience
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # none is started once we are stopping
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keep {child.name}", daemon=True)

    def start(self) -> None:
        """Begin keeping; returns at once."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask_to_stop(self) -> None:
        """Tell the child to finish, and start no other; returns at once."""
        with self._lock:
            self._stopping.set()
            if self._process is not None and self._process.poll() is None:
                # What is stopped (SIGSTOP) could not hear us.
                self._process.send_signal(signal.SIGTERM)
                self._process.send_signal(signal.SIGCONT)

    def stop(self, until: float) -> None:
        """Wait for the child's end until ``until`` (monotonic seconds), then kill it."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive() and self._process is not None:
            log.error("child_killed", child=self.child.name, pid=self._process.pid)
            self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        early = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            process = self._begin()
            if process is not None:
                self._watch(process)
            if self._stopping.is_set():
                code = process.process.returncode if process is not None else None
                log.info("child_stopped", child=self.child.name, how=_how(code))
                return
            early = early_ends(early, time.monotonic() - began)
            waited = pause(early, random.random())  # noqa: S311 - chance, no secret
            self._say_ended(process, early, waited)
            self.replaced += 1
            self._stopping.wait(waited)

    def _begin(self) -> Started | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            try:
                started = self._start(self.child)
            except OSError:  # no memory, no more processes: that may pass
                log.exception("child_not_started", child=self.child.name)
                return None
            self._process = started.process
        log.info("child_started", child=self.child.name, pid=started.process.pid)
        return started

    def _watch(self, started: Started) -> None:
        """Return when the child has ended, by itself or by us."""
        began = heard = time.monotonic()
        self.answered = False
        while not _ended(started.process, _LOOK_SECONDS):
            if self._stopping.is_set():
                continue  # it is finishing; how long it may, is its stage's grace
            now = time.monotonic()
            if started.is_well():
                if not self.answered:
                    pid = started.process.pid
                    log.info(
                        "child_well", child=self.child.name, pid=pid, seconds=round(now - began, 1)
                    )
                heard, self.answered = now, True
                continue
            silent = now - heard if self.answered else now - began
            allowed = (
                self._patience.silent_seconds if self.answered else self._patience.first_seconds
            )
            if silent >= allowed:
                pid = started.process.pid
                log.error("child_hangs", child=self.child.name, pid=pid, seconds=round(silent, 1))
                started.process.kill()

    def _say_ended(self, started: Started | None, early: int, waited: float) -> None:
        code = started.process.returncode if started is not None else None
        say = log.error if early >= _AGAIN_AND_AGAIN else log.warning
        say(
            "child_ended",
            child=self.child.name,
            how=_how(code),
            in_a_row=early,
            seconds=round(waited, 2),
        )


def stop_in_order(stages: Sequence[Sequence[Keeper]]) -> None:
    """Stop keepers stage by stage; those of one stage together, each within its grace."""
    for stage in stages:
        for keeper in stage:
            keeper.ask_to_stop()
        began = time.monotonic()
        for keeper in stage:
            keeper.stop(began + keeper.child.grace)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _how(code: int | None) -> str:
    if code is None:
        return "not started"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit {code}"
