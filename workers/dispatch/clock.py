"""How long has a claim been held? By a clock that goes on while the machine is suspended."""

import time

# Linux's monotonic clock stands still in a suspended machine, while the lease in the store runs
# on. Where there is no such clock (macOS), the monotonic one counts suspension itself.
_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Give seconds since some moment; only differences mean anything."""
    return time.clock_gettime(_BOOT_TIME)
