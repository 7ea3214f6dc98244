import asyncio
import threading
from collections.abc import Sequence

import pytest

from tests.waiting import eventually_async
from workers.running.gathering import CrowdedError, Gathering


def test_what_comes_while_busy_goes_together_next() -> None:
    """The lone caller waits for nobody; the crowd shares."""
    batches: list[list[int]] = []
    go = threading.Event()

    def work(members: Sequence[int]) -> list[int]:
        go.wait(60)
        batches.append(list(members))
        return [member * 10 for member in members]

    async def run() -> list[list[int]]:
        gathering = Gathering(work, abreast=1)
        first = asyncio.create_task(gathering.hand_in([1]))
        await asyncio.sleep(0)
        rest = [asyncio.create_task(gathering.hand_in([n, n + 1])) for n in (2, 4)]
        await asyncio.sleep(0)
        go.set()
        answers = [await first, *[await each for each in rest]]
        await gathering.close()
        return answers

    assert asyncio.run(run()) == [[10], [20, 30], [40, 50]]
    assert batches == [[1], [2, 3, 4, 5]]


def test_one_callers_fault_is_not_anothers() -> None:
    """A bug that one event brings out must not fail the calls beside it."""
    go = threading.Event()

    def work(members: Sequence[int]) -> list[int]:
        go.wait(60)
        if 13 in members:
            raise ZeroDivisionError
        return list(members)

    async def run() -> list[object]:
        gathering = Gathering(work, abreast=1)
        tasks = [asyncio.create_task(gathering.hand_in([n])) for n in (1, 12, 13, 14)]
        await asyncio.sleep(0)
        go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await gathering.close()
        return list(found)

    answers = asyncio.run(run())

    assert answers[:2] == [[1], [12]]
    assert isinstance(answers[2], ZeroDivisionError)
    assert answers[3] == [14]


def test_an_outage_is_told_at_once() -> None:
    """Asking a dead database once for every caller only makes them wait."""
    asked = []
    go = threading.Event()

    def work(members: Sequence[int]) -> list[int]:
        go.wait(60)
        asked.append(len(members))
        raise ConnectionError

    async def run() -> list[object]:
        gathering = Gathering(
            work, abreast=1, hopeless=lambda error: isinstance(error, ConnectionError)
        )
        tasks = [asyncio.create_task(gathering.hand_in([n])) for n in range(5)]
        await asyncio.sleep(0)
        go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await gathering.close()
        return list(found)

    answers = asyncio.run(run())

    assert all(isinstance(answer, ConnectionError) for answer in answers)
    assert sum(asked) == 5
    assert len(asked) < 5


def test_beyond_its_bound_nothing_more_is_taken() -> None:
    """What cannot be done soon is refused now."""
    go = threading.Event()

    def work(members: Sequence[int]) -> list[int]:
        go.wait(60)
        return list(members)

    async def run() -> None:
        gathering = Gathering(work, abreast=1, bound=2)
        running = asyncio.create_task(gathering.hand_in([1]))
        await eventually_async(lambda: _idle(gathering), "the first is being worked on")
        waiting = asyncio.create_task(gathering.hand_in([2, 3]))
        await asyncio.sleep(0)
        with pytest.raises(CrowdedError):
            await gathering.hand_in([4])
        go.set()
        await asyncio.gather(running, waiting)
        await gathering.close()

    asyncio.run(run())


async def _idle(gathering: Gathering[int, int]) -> bool:
    """Whether nothing waits in line."""
    await asyncio.sleep(0)
    return gathering._waiting == 0
