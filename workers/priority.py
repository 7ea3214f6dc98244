"""Who yields the processor to whom?

What nobody waits for runs at a lower priority than what somebody does: upkeep, which plans notices
to everyone, and the dispatch of routine and bulk alone. They get what the others leave.
"""

import os

_BY = 10  # of 19: a tenth of the share of one that yields to nobody, while both want the processor


def yield_to_others() -> None:
    """Lower this thread's priority, and that of all that it starts; where the system knows of it.

    Call it first in a process: threads and processes that exist already keep theirs.
    """
    if hasattr(os, "nice"):
        os.nice(_BY)
