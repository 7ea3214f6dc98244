"""Is what a process stands on asked in bounded time, and told without personal values?"""

import threading

from workers.running.readiness import Readiness


def test_each_is_told_by_its_name() -> None:
    """An operator reads which of them it is."""
    readiness = Readiness()
    readiness.ask("store", lambda: None)
    readiness.ask("hints", lambda: "nothing is taken from onward.sms.live")

    found = readiness.found()

    assert found == {"store": None, "hints": "nothing is taken from onward.sms.live"}


def test_what_is_raised_is_told_by_its_kind_alone() -> None:
    """A driver's text may quote a row."""
    readiness = Readiness()

    def fail() -> None:
        raise ValueError("Ann Reed, 07700 900123")

    readiness.ask("store", fail)

    assert readiness.found() == {"store": "does not answer as it should (ValueError)"}


def test_what_hangs_is_asked_once_and_holds_nobody_up() -> None:
    """A store that is cut off must not gather a thread for every look."""
    readiness = Readiness(patience=0.01, news=0)
    asked = 0
    leave = threading.Event()

    def hang() -> None:
        nonlocal asked
        asked += 1
        leave.wait(60)

    readiness.ask("store", hang)
    first = readiness.found()

    second = readiness.found()

    leave.set()
    assert first == second == {"store": "no answer within 0.01 s"}
    assert asked == 1
