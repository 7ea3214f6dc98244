"""What do processes take: memory, with what they share counted once, and processor time?"""

import contextlib
import re
import threading
from collections.abc import Mapping
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_MEBI = 1024


def pss_mib(pid: int) -> float:
    """Give a process's proportional set size, in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = _PSS.search(text)
    return int(found[1]) / _MEBI if found else 0.0


def most_resident_mib(pid: int) -> float:
    """Give the most resident memory that a process ever had, in MiB, what it shares included."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = _HIGH_WATER.search(text)
    return int(found[1]) / _MEBI if found else 0.0


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def cpu_of_services(database: str) -> dict[str, float]:
    """Give the processor time of PostgreSQL's processes for one database, and of RabbitMQ."""
    used = {"postgresql": 0.0, "rabbitmq": 0.0}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            if words.startswith("postgres:") and database in words:
                used["postgresql"] += cpu_seconds(int(folder.name))
            elif "beam.smp" in words.partition("\0")[0]:
                used["rabbitmq"] += cpu_seconds(int(folder.name))
    return used


class Memory:
    """Looks at some processes every second; ``most`` is the greatest sum seen."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory")
        self.most: dict[str, float] = {}
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """Look a last time, and give what each had when all together had the most."""
        self._over.set()
        self._thread.join()
        return self.most

    def _look(self) -> None:
        while True:
            now = {name: pss_mib(pid) for name, pid in self._pids.items()}
            if sum(now.values()) > sum(self.most.values()):
                self.most = now
            if self._over.wait(1.0):
                return
