"""How is one process kept, whatever it does?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.waiting import eventually
from workers.supervising.children import Child
from workers.supervising.keeping import Keeper, Patience, Started, stop_in_order

_LASTING = "import time; time.sleep(600)"
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
_PATIENCE = Patience(first_seconds=2, silent_seconds=0.6)


def _child(name: str = "one", stage: int = 1, grace: float = 10) -> Child:
    return Child(name, (), stage, grace)


def _start(code: str, is_well: Callable[[], bool] = lambda: True) -> Callable[[Child], Started]:
    def start(_child: Child) -> Started:
        return Started(subprocess.Popen([sys.executable, "-c", code]), is_well)

    return start


@contextmanager
def _kept(keeper: Keeper) -> Iterator[Keeper]:
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.ask_to_stop()
        keeper.stop(time.monotonic())


def test_one_that_ends_by_itself_is_started_again() -> None:
    """With whatever code: nothing of an installation is ever done."""
    with _kept(Keeper(_child(), _start("pass"), _PATIENCE)) as keeper:
        eventually(lambda: keeper.replaced >= 2, "it was replaced twice")


def test_one_that_cannot_be_started_is_tried_again() -> None:
    """A machine out of memory for a moment is no reason to give a part up."""
    tries: list[Child] = []

    def failing_once(child: Child) -> Started:
        tries.append(child)
        if len(tries) == 1:
            raise BlockingIOError
        return _start(_LASTING)(child)

    with _kept(Keeper(_child(), failing_once, _PATIENCE)) as keeper:
        eventually(lambda: keeper.pid, "it runs after all")

    assert len(tries) == 2


def test_one_that_falls_silent_is_killed_and_replaced() -> None:
    """It has answered once, so silence says that it hangs."""
    well = [True]

    with _kept(Keeper(_child(), _start(_LASTING, lambda: well[0]), _PATIENCE)) as keeper:
        first = eventually(lambda: keeper.pid, "it runs")
        eventually(lambda: keeper.answered, "it has answered")
        well[0] = False
        eventually(lambda: keeper.pid not in {first, None}, "another runs")


def test_one_that_is_slow_to_start_is_given_longer() -> None:
    """Importing alone takes seconds on a busy machine; killed each time, it would never start."""
    began = time.monotonic()
    slow = _start(_LASTING, lambda: time.monotonic() - began > 1.5)

    with _kept(Keeper(_child(), slow, _PATIENCE)) as keeper:
        eventually(lambda: keeper.answered, "it answers at last")

        assert keeper.replaced == 0


def test_one_that_does_not_stop_is_killed_when_its_grace_is_over() -> None:
    """A stop is bounded, whatever a process is caught in."""
    keeper = Keeper(_child(grace=0.3), _start(_DEAF), _PATIENCE)
    keeper.start()
    pid = eventually(lambda: keeper.pid, "it runs")

    stop_in_order([[keeper]])

    assert not _is_there(pid)


def test_one_that_was_stopped_by_a_signal_hears_that_it_is_to_end() -> None:
    """SIGSTOP keeps SIGTERM waiting; it must not cost the whole grace."""
    keeper = Keeper(_child(grace=60), _start(_LASTING), _PATIENCE)
    keeper.start()
    pid = eventually(lambda: keeper.pid, "it runs")
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()

    stop_in_order([[keeper]])

    assert time.monotonic() - began < 30


def test_stages_stop_one_after_the_other() -> None:
    """What takes in ends before what sends, so that nothing new comes to it."""
    keepers = [
        [Keeper(_child(f"{stage}-{n}", stage), _start(_LASTING), _PATIENCE) for n in range(2)]
        for stage in (1, 2)
    ]
    for stage in keepers:
        for keeper in stage:
            keeper.start()
            eventually(lambda k=keeper: k.pid, "it runs")  # type: ignore[misc]
    first, second = keepers

    stop_in_order([first])

    assert [keeper.pid for keeper in first] == [None, None]
    assert all(keeper.pid for keeper in second)
    stop_in_order([second])
    assert [keeper.pid for keeper in second] == [None, None]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
