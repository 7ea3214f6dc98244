"""How does a process end when its supervisor is gone? It holds the other end of a pipe.

The supervisor holds the writing end of a pipe that is every child's standard input, and writes
nothing. Whatever ends the supervisor, the kernel closes its end, and each child reads the end of
the file: it then stops as on SIGTERM, finishing what is under way, and is gone within its grace
whatever holds it up. A signal on the parent's death (PR_SET_PDEATHSIG) would be lost when it comes
before it is asked for, goes by the thread that started the child, and is Linux's alone.
"""

import os
import signal
import threading
import time

from structlog import get_logger

log = get_logger(__name__)

GONE = 70  # the exit code of a child that did not stop within its grace


def hold_on(grace: float, descriptor: int = 0) -> None:
    """Tie this process to its supervisor; returns at once."""
    threading.Thread(target=_watch, args=(descriptor, grace), name="lifeline", daemon=True).start()


def _watch(descriptor: int, grace: float) -> None:
    while os.read(descriptor, 1):
        pass
    log.warning("supervisor_gone", seconds=grace)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(GONE)
