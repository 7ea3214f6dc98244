"""How often does a long-lived process look for cyclic garbage?

What is loaded at the start stays to the end: looking through it again and again cost a tenth of
the processor time under load. So it is set aside, and the young are looked at less often.
"""

import gc

_YOUNG = 20_000  # Python's own 700 are passed several times by one batch
_MIDDLE = 20
_OLD = 20


def settle() -> None:
    """Set aside what is loaded by now; call once, when the process is ready to work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
