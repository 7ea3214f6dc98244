"""``onward``, with the processor time that encryption and the ledger take counted as it goes.

``python -m bench.counted FILE WORDS...`` runs a command. The seconds of each kind stand in FILE for
others to read. What encrypts within the ledger counts as the ledger's. The counting itself, some
half a microsecond a call, counts too. What runs as it is runs without any of this.
"""

import mmap
import sys
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store.encryption.keys import RootKey
from store.engine import Transaction
from store.record import ledger, sealing

ENCRYPTION, LEDGER = 0, 1
_COUNTED: tuple[tuple[Any, int, tuple[str, ...]], ...] = (
    (Transaction, ENCRYPTION, ("seal", "open", "prepare_keys", "prepare_opening")),
    (RootKey, ENCRYPTION, ("seal_alone", "open_alone", "index", "term", "digest")),
    (ledger, LEDGER, ("append", "open_where")),
    (sealing, LEDGER, ("seal_next",)),
)


def main() -> None:
    """Count, and run the command line."""
    file = Path(sys.argv.pop(1))
    count(file)
    from workers.cli import main as run  # noqa: PLC0415 - what it imports by name is counted too

    run()


def count(file: Path) -> None:
    """Count from now on, into a file."""
    file.write_bytes(bytes(16))
    with file.open("r+b") as opened:
        seconds = memoryview(mmap.mmap(opened.fileno(), 16)).cast("d")
    lock, counting = threading.Lock(), threading.local()
    for owner, kind, names in _COUNTED:
        for name in names:
            setattr(owner, name, _counted(getattr(owner, name), kind, seconds, lock, counting))


def seconds_in(file: Path) -> tuple[float, float]:
    """Read how many seconds encryption and the ledger have taken by now."""
    encryption, ledgers = array("d", file.read_bytes())
    return encryption, ledgers


def _counted(
    called: Callable[..., Any],
    kind: int,
    seconds: "memoryview[float]",
    lock: threading.Lock,
    counting: threading.local,
) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it is
        if getattr(counting, "on", False):
            return called(*given, **named)
        counting.on = True
        begun = time.thread_time()
        try:
            return called(*given, **named)
        finally:
            took = time.thread_time() - begun
            counting.on = False
            with lock:
                seconds[kind] += took

    return call


if __name__ == "__main__":
    main()
