"""How does a test wait for another process or thread, without sleeping longer than it must?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

FIRST_STEP_SECONDS, LONGEST_STEP_SECONDS = 0.01, 0.1  # a look costs what is looked for, too
PATIENCE_SECONDS = 60.0  # a busy machine is no failure; one that is quick never waits so long

T = TypeVar("T")


class NeverHappenedError(AssertionError):
    """What a test waited for did not come about in time."""


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Look until what is seen is true, and give it; fail naming ``what`` after ``seconds``."""
    deadline, step = time.monotonic() + seconds, FIRST_STEP_SECONDS
    while True:
        if seen := look():
            return seen
        if time.monotonic() >= deadline:
            raise NeverHappenedError(f"not within {seconds:g} s: {what}")
        time.sleep(step)
        step = min(1.5 * step, LONGEST_STEP_SECONDS)


async def eventually_async(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE_SECONDS
) -> T:
    """Do the same on an event loop."""
    deadline, step = time.monotonic() + seconds, FIRST_STEP_SECONDS
    while True:
        if seen := await look():
            return seen
        if time.monotonic() >= deadline:
            raise NeverHappenedError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(step)
        step = min(1.5 * step, LONGEST_STEP_SECONDS)
