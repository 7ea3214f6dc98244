"""Does what nobody waits for yield the processor, and only that?"""

import os
import threading

from workers.running.priority import yield_to_others


def _priority_in_a_thread(before: int) -> int:
    found: list[int] = []

    def work() -> None:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, before)
        yield_to_others()
        found.append(os.getpriority(os.PRIO_PROCESS, thread))

    one = threading.Thread(target=work)
    one.start()
    one.join()
    return found[0]


def test_a_thread_yields_alone() -> None:
    """The rest of its process keeps its priority."""
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert _priority_in_a_thread(own) == max(10, own)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own


def test_what_yields_already_goes_on_as_it_does() -> None:
    """Taking more of the processor again is not allowed to everybody, and would fail."""
    assert _priority_in_a_thread(19) == 19
