"""How does the memory of a large document go back to the system as soon as it is free?

glibc gives each thread an arena, and learns from the first large block that is freed to keep such
blocks there for the next: with many threads that is many times what is in use. Told where large
begins, it learns no more, and maps each by itself.

Source: mallopt(3), M_MMAP_THRESHOLD.
"""

import ctypes
from typing import Final

LARGE: Final = 1 << 20
_M_MMAP_THRESHOLD: Final = -3


def map_large_blocks() -> bool:
    """Have it so in this process; false where the C library is another and has no such word."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE))
