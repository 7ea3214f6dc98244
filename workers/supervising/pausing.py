"""How long is waited before a process that ended is started again?

At once as good as, where it had been running well; longer each time where it ends again and again,
so that a wrong setting does not take the machine's whole processor. Never for ever, and never in
step with the others: what ended them all (the database went away) should not meet them all at once.
"""

STEADY_SECONDS = 30.0  # what has lived so long ended for another reason than the last one
_FIRST = 0.25
_LONGEST = 30.0
_DOUBLINGS = 10  # beyond these the longest has been reached


def early_ends(before: int, lived: float) -> int:
    """Count how often in a row a process has ended soon after its start."""
    return 0 if lived >= STEADY_SECONDS else before + 1


def pause(early: int, chance: float) -> float:
    """Give the seconds to wait; ``chance`` (0 to 1) takes away up to half of them."""
    longest = min(_LONGEST, _FIRST * 2.0 ** min(early, _DOUBLINGS))
    return longest * (1 - chance / 2)
