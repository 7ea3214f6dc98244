"""When is a broker that failed tried again? After a rest, longer each time, and by one alone.

Hints are worth no waiting: while the broker is away, blocked by a resource alarm or full, a thread
that has hints to send goes on with its work, and the store is where they are found again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FIRST_SECONDS = 2.0
_LONGEST_SECONDS = 30.0


class Resting:
    """Whether something may be tried now. Safe to share between threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rest = 0.0
        self._until = 0.0
        self._alone = threading.Lock()

    @contextmanager
    def trying(self) -> Iterator[bool]:
        """Try something, if the value is true; what it raises begins a rest, and is raised."""
        if not self._rest:
            with self._noting():
                yield True
        elif self._monotonic() >= self._until and self._alone.acquire(blocking=False):
            try:
                with self._noting():
                    yield True
            finally:
                self._alone.release()
        else:
            yield False

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._rest = min(_LONGEST_SECONDS, self._rest * 2 or _FIRST_SECONDS)
            self._until = self._monotonic() + self._rest
            raise
        self._rest = 0.0
