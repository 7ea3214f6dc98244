"""What nobody waits for yields the processor to what somebody does."""

import os
import sys
import threading
from contextlib import suppress

_BY = 10  # of 19: a tenth of the share of one that yields to nobody, while both want the processor


def yield_to_others() -> None:
    """Lower the priority of the thread that calls this, for good, where threads have one of theirs.

    Elsewhere, and where it is not allowed, nothing changes.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with suppress(OSError):
        lower = max(_BY, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, lower)
