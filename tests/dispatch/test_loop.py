"""Do sends run abreast within bounds, begin only in time, and all report, whatever happens?"""

import asyncio
import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from contracts.vocabulary import Channel, Reason
from store.engine import steadily
from workers.dispatch.journal import JournalError
from workers.dispatch.loop import Loop, NotBegun, Sent
from workers.providers.base import Accepted, Outgoing, Tag, Text, Unknown, Verdict


class Gate:
    """A provider that answers once it is let; it counts how many are inside."""

    def __init__(self, name: str = "gate") -> None:
        self.name = name
        self.channel = Channel.SMS
        self.timeout = 5.0
        self.inside = 0
        self.most = 0
        self.begun = threading.Event()
        self.open = threading.Event()

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = lambda: None
    ) -> Verdict:
        """Answer when the gate is open."""
        before_first_byte()
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.begun.set()
        while not self.open.is_set():  # noqa: ASYNC110 - opened by another thread
            await asyncio.sleep(0.001)
        self.inside -= 1
        if outgoing.tag.delivery_id == "bad":
            raise ZeroDivisionError
        return Accepted(outgoing.tag.delivery_id)

    async def probe(self) -> Verdict:
        """Be there."""
        return Accepted("here")

    async def close(self) -> None:
        """Have nothing to give back."""


@pytest.fixture
def loop() -> Iterator[Loop]:
    """Give a loop that is running."""
    running = Loop()
    yield running
    running.close()


def _text(name: str) -> Text:
    return Text(Tag(name, 1), "+447700900123", "Onward", "Hello", 60, None)


class Notes:
    """Where the sends of a batch are noted, in this test's memory."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.marked: list[int] = []
        self.verdicts: dict[int, Verdict] = {}

    def mark(self, place: int) -> None:
        if self.full:
            raise JournalError(Path("journals"), OSError(errno.ENOSPC, "No space left"))
        self.marked.append(place)

    def answered(self, place: int, verdict: Verdict) -> None:
        self.verdicts[place] = verdict


def _send(
    loop: Loop,
    gate: Gate,
    *names: str,
    width: int = 10,
    seconds: float = 10,
    notes: Notes | None = None,
) -> "SimpleQueue[Sent]":
    results: SimpleQueue[Sent] = SimpleQueue()
    numbered = [(place, _text(name)) for place, name in enumerate(names)]
    loop.send(gate, width, numbered, steadily() + seconds, notes or Notes(), results)
    return results


def _all(results: "SimpleQueue[Sent]", count: int) -> dict[int, object]:
    return {sent.place: sent.verdict for sent in (results.get(timeout=60) for _ in range(count))}


def test_each_send_reports_under_its_own_place(loop: Loop) -> None:
    """Whatever the order in which providers answer."""
    gate = Gate()
    gate.open.set()

    found = _all(_send(loop, gate, "a", "b", "c"), 3)

    assert found == {0: Accepted("a"), 1: Accepted("b"), 2: Accepted("c")}


def test_no_more_sends_are_under_way_than_a_provider_has_places(loop: Loop) -> None:
    """From two batches together: connections are the process's, not the batch's."""
    gate = Gate()
    first = _send(loop, gate, *"abcd", width=3)
    second = _send(loop, gate, *"efgh", width=3)
    gate.begun.wait()

    gate.open.set()

    assert len(_all(first, 4)) + len(_all(second, 4)) == 8
    assert gate.most == 3


def test_a_send_that_would_outlast_its_claim_is_not_begun(loop: Loop) -> None:
    """Its lease might end while the request is under way, and another send it too."""
    gate = Gate()
    gate.open.set()

    found = _all(_send(loop, gate, "late", seconds=0), 1)

    assert (found, gate.most) == ({0: NotBegun()}, 0)


def test_a_send_whose_claim_has_aged_before_its_first_byte_is_not_begun() -> None:
    """A process stopped for longer than its lease goes on exactly where it stood."""
    seconds = iter([0.0, 99.0])
    gate, notes = Gate(), Notes()
    gate.open.set()
    loop = Loop(clock=lambda: next(seconds))
    results: SimpleQueue[Sent] = SimpleQueue()

    loop.send(gate, 1, [(0, _text("aged"))], 60.0, notes, results)

    assert _all(results, 1) == {0: NotBegun()}
    assert (gate.most, notes.marked) == (0, [])
    loop.close()


def test_a_send_that_cannot_be_noted_is_not_begun_and_waits_a_while(loop: Loop) -> None:
    """A full disk would turn every crash into sends that nobody can account for."""
    gate = Gate()
    gate.open.set()

    found = _all(_send(loop, gate, "a", notes=Notes(full=True)), 1)

    (not_begun,) = found.values()
    assert isinstance(not_begun, NotBegun)
    assert (not_begun.pause > 0, gate.most) == (True, 0)


def test_each_send_is_noted_before_and_after(loop: Loop) -> None:
    """What stands in the journal is all that a crash leaves behind."""
    gate, notes = Gate(), Notes()
    gate.open.set()

    _all(_send(loop, gate, "a", "b", notes=notes), 2)

    assert (sorted(notes.marked), notes.verdicts) == ([0, 1], {0: Accepted("a"), 1: Accepted("b")})


def test_after_a_stop_nothing_more_begins_and_what_is_under_way_ends(loop: Loop) -> None:
    """What was begun has left us; what was not is given back."""
    gate = Gate()
    results = _send(loop, gate, "a", "b", "c", width=1)
    gate.begun.wait()

    loop.stop_beginning()
    gate.open.set()

    assert _all(results, 3) == {0: Accepted("a"), 1: NotBegun(), 2: NotBegun()}


def test_a_provider_that_raises_leaves_us_not_knowing_and_others_unharmed(loop: Loop) -> None:
    """A bug of ours must not be taken for a definite answer."""
    gate = Gate()
    gate.open.set()

    found = _all(_send(loop, gate, "good", "bad"), 2)

    assert found == {
        0: Accepted("good"),
        1: Unknown(Reason.NO_ANSWER, "raised:ZeroDivisionError"),
    }
