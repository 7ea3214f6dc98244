"""How much memory has any process of ours had at most? Looked at every second of a run."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

from bench.memory import pss_mib
from tests.faults.installation import Installation


class Most:
    """The greatest proportional set size of one process seen, by the process's name, in MiB."""

    def __init__(self) -> None:
        self.by_name: dict[str, float] = {}

    def look(self, ours: Installation) -> None:
        """Look once, at a supervisor's children too; what has just ended is no matter."""
        for name, pid in ours.pids().items():
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                for each in (pid, *(child.pid for child in psutil.Process(pid).children())):
                    self.by_name[name] = max(self.by_name.get(name, 0.0), pss_mib(each))

    @property
    def of_one(self) -> float:
        """What the largest of them had."""
        return max(self.by_name.values(), default=0.0)


@contextlib.contextmanager
def watched(ours: Installation) -> Iterator[Most]:
    """Look while the block runs."""
    most, over = Most(), threading.Event()

    def go_on() -> None:
        while not over.wait(1.0):
            most.look(ours)

    thread = threading.Thread(target=go_on, name="memory")
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()
