"""Is a loop that no longer turns told from one that waits?"""

import asyncio
import threading

from tests.waiting import eventually
from workers.dispatch.loop import Loop
from workers.running.alive import Beats, beat_on


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_loop_that_has_not_turned_within_its_limit_is_stuck() -> None:
    """A supervisor replaces what is stuck, so a turn that is merely long must not count."""
    watch = Watch()
    beats = Beats(watch)
    beat = beats.loop("intake", 60)
    watch.seconds += 60
    in_time = beats.found()["intake"]
    watch.seconds += 1

    late = beats.found()["intake"]

    assert in_time is None
    assert late == "no turn for 61 s, 60 are allowed"
    beat()
    assert beats.found()["intake"] is None


def test_a_crew_is_stuck_only_when_everyone_is() -> None:
    """One slow batch holds one thread; work goes on by the others."""
    watch = Watch()
    beats = Beats(watch)
    crew = beats.crew("batches", lambda: 2, 120)
    leave = threading.Event()

    def work() -> None:
        with crew:
            leave.wait(60)

    first = threading.Thread(target=work)
    first.start()
    eventually(lambda: crew.busy == 1, "one is at work")
    watch.seconds += 500
    with_a_free_hand = beats.found()["batches"]
    second = threading.Thread(target=work)
    second.start()
    eventually(lambda: crew.busy == 2, "both are at work")
    just_taken = beats.found()["batches"]
    watch.seconds += 121

    stuck = beats.found()["batches"]

    leave.set()
    first.join()
    second.join()
    assert with_a_free_hand is None
    assert just_taken is None
    assert stuck == "all at the same work for 121 s"
    assert beats.found()["batches"] is None


def test_an_event_loop_beats_while_it_answers() -> None:
    """A callback that never returns stops every send of the process."""
    watch = Watch()
    beats = Beats(watch)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    beat = beats.loop("sends", 30)
    watch.seconds += 31

    beat_on(loop, beat)

    eventually(lambda: beats.found()["sends"] is None, "the loop beats")
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_send_that_blocks_the_loop_is_found_out_and_its_end_too() -> None:
    """One careless library call stops every send of the process, and raises nothing."""
    watch = Watch()
    beats = Beats(watch)
    loop = Loop()
    beat = beats.loop("sends", 30)
    beaten = threading.Event()

    def beat_and_tell() -> None:
        beat()
        beaten.set()

    loop.beat(beat_and_tell)
    assert beaten.wait(60)
    blocked, leave = threading.Event(), threading.Event()

    async def block() -> None:
        blocked.set()
        leave.wait(60)  # not awaited: this is the fault

    blocking = threading.Thread(target=loop.call, args=(block,))
    blocking.start()
    assert blocked.wait(60)
    watch.seconds += 31

    stuck = beats.found()["sends"]

    leave.set()
    blocking.join()
    assert stuck == "no turn for 31 s, 30 are allowed"
    eventually(lambda: beats.found()["sends"] is None, "it turns again")
    loop.close()


def test_a_batch_that_waits_for_the_store_is_not_stuck() -> None:
    """In a long outage every batch waits, and replacing its process would mend nothing."""
    watch = Watch()
    beats = Beats(watch)
    crew = beats.crew("batches", lambda: 1, 120)

    with crew:
        watch.seconds += 121
        before = beats.found()["batches"]
        crew.turn()

        assert beats.found()["batches"] is None

    assert before is not None
