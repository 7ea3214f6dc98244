"""How rows are named: UUIDs of version 7, in order of making.

Source: RFC 9562 section 5.7, with the counter of method 1 in ``rand_a``, so that ids made by one
process within a millisecond keep their order too.
"""

import os
import threading
import time
from uuid import UUID


class Ids:
    """Makes ids that rise within one process; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> UUID:
        """Give an id greater than every one this object gave before."""
        random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
        with self._lock:
            stamp = max(time.time_ns() // 1_000_000 << 12, self._last + 1)
            self._last = stamp
        value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random
        return UUID(int=value)


def read_id(text: str) -> UUID | None:
    """Read an id that somebody wrote; none where it is none of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None
