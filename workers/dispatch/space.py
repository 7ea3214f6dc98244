"""How much of this process's memory may documents take while they are sent?"""

import threading


class Space:
    """A number of bytes that batches share. Safe between threads.

    What is larger than all of it is let in alone.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._changed = threading.Condition()

    @property
    def taken(self) -> int:
        """How much is in use."""
        return self._taken

    def take(self, weight: int) -> bool:
        """Take so much, if there is room for it now."""
        with self._changed:
            if self._taken and self._taken + weight > self._most:
                return False
            self._taken += weight
            return True

    def give(self, weight: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._taken -= weight
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until something is given back, so long at the most."""
        with self._changed:
            self._changed.wait(seconds)
