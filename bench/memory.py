"""How much memory do processes take, what they share counted once?"""

import re
import threading
from collections.abc import Sequence
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_MEBI = 1024


def pss_mib(pid: int) -> float:
    """Give a process's proportional set size, in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = _PSS.search(text)
    return int(found[1]) / _MEBI if found else 0.0


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Memory:
    """Looks at some processes every second; ``most`` is the greatest sum seen."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory")
        self.most = 0.0
        self._thread.start()

    def stop(self) -> float:
        """Look a last time, and give the most."""
        self._over.set()
        self._thread.join()
        return self.most

    def _look(self) -> None:
        while True:
            self.most = max(self.most, sum(pss_mib(pid) for pid in self._pids))
            if self._over.wait(1.0):
                return
