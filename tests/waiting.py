"""How does a test wait for another process or thread, without sleeping longer than it must?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

STEP_SECONDS = 0.01

T = TypeVar("T")


class NeverHappenedError(AssertionError):
    """What a test waited for did not come about in time."""


def eventually(look: Callable[[], T | None], what: str, seconds: float = 15) -> T:
    """Look until what is seen is true, and give it; fail naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        if seen := look():
            return seen
        if time.monotonic() >= deadline:
            raise NeverHappenedError(f"not within {seconds:g} s: {what}")
        time.sleep(STEP_SECONDS)


async def eventually_async(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float = 15
) -> T:
    """Do the same on an event loop."""
    deadline = time.monotonic() + seconds
    while True:
        if seen := await look():
            return seen
        if time.monotonic() >= deadline:
            raise NeverHappenedError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(STEP_SECONDS)
