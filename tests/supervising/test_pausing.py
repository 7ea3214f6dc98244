"""Is what ends again and again started again, ever more slowly, and never given up?"""

import pytest

from workers.supervising.pausing import STEADY_SECONDS, early_ends, pause


def test_the_first_end_after_a_steady_life_is_mended_at_once() -> None:
    """A process killed once must be missed for as short a time as can be."""
    early = early_ends(7, STEADY_SECONDS)

    assert early == 0
    assert pause(early, 0.0) <= 0.25


def test_pauses_grow_while_a_process_ends_soon_and_stop_growing() -> None:
    """A wrong setting must not take the machine; a mended one must be noticed soon."""
    early, pauses = 0, []
    for _ in range(500):
        early = early_ends(early, 1.0)
        pauses.append(pause(early, 0.0))

    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0


@pytest.mark.parametrize("early", [0, 3, 50])
def test_chance_takes_half_at_most(early: int) -> None:
    """What ended them all must not find them all starting in the same instant."""
    assert pause(early, 1.0) == pause(early, 0.0) / 2
