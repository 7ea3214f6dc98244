"""Can this process do its work? Each thing it stands on is asked, in bounded time.

What hangs is asked by one thread only, however often somebody wants to know.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from types import MappingProxyType

from structlog import get_logger

log = get_logger(__name__)
PATIENCE_SECONDS = 3.0
NEWS_SECONDS = 1.0

Ask = Callable[[], str | None]


class Readiness:
    """What this process stands on, each by its name.

    An answer younger than ``news`` seconds is given again: asking must not become a load.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS, news: float = NEWS_SECONDS) -> None:
        self._patience = patience
        self._news = news
        self._asked: dict[str, Ask] = {}
        self._running: dict[str, Future[str | None]] = {}
        self._told: Mapping[str, str | None] = MappingProxyType({})
        self._told_at = float("-inf")
        self._lock = threading.Lock()

    def ask(self, name: str, asked: Ask) -> None:
        """Have ``asked`` say what is wrong, or none; what it raises is told by its kind alone."""
        self._asked[name] = asked

    def found(self) -> Mapping[str, str | None]:
        """Say of each what is wrong; none where nothing is."""
        with self._lock:
            if time.monotonic() - self._told_at >= self._news:
                self._told = MappingProxyType(self._ask_all())
                self._told_at = time.monotonic()
            return self._told

    def _ask_all(self) -> dict[str, str | None]:
        for name, asked in self._asked.items():
            if name not in self._running:
                self._running[name] = _asking(name, asked)
        until = time.monotonic() + self._patience
        return {name: self._answer(name, until) for name in self._asked}

    def _answer(self, name: str, until: float) -> str | None:
        try:
            told = self._running[name].result(max(0.0, until - time.monotonic()))
        except NotInTime:
            return f"no answer within {self._patience:g} s"
        except Exception as error:  # noqa: BLE001 - its text may hold what must not be shown
            told = f"does not answer as it should ({type(error).__name__})"
        del self._running[name]
        return told


def _asking(name: str, asked: Ask) -> Future[str | None]:
    future: Future[str | None] = Future()

    def run() -> None:
        try:
            future.set_result(asked())
        except Exception as error:  # noqa: BLE001 - told by whoever waits for the answer
            future.set_exception(error)

    # A daemon: what hangs in a system call must not keep the process from ending.
    threading.Thread(target=run, name=f"ready {name}", daemon=True).start()
    return future
