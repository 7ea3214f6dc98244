"""How many callers of one process share a transaction, without waiting for one another.

What is handed in while nothing is being written is written at once; what comes in meanwhile is
gathered and written together next. So a lone caller waits for no window, and fifty at a time do
not make fifty commits.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from structlog import get_logger

T = TypeVar("T")
R = TypeVar("R")

log = get_logger(__name__)


class CrowdedError(Exception):
    """So much waits already that more would only wait longer. Nothing of it was kept."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} are waiting already")
        self.waiting = waiting


@dataclass(frozen=True, slots=True)
class _Group(Generic[T, R]):
    """What one caller handed in, which stays together."""

    members: Sequence[T]
    done: asyncio.Future[list[R]]


class Gathering(Generic[T, R]):
    """Gathers members of many callers into batches for ``work``, which runs in a thread.

    ``work`` gives one answer a member, in order, or raises: then each caller's members are given
    to it again by themselves, unless ``hopeless`` says that this would not help (an outage). At
    most ``most`` members go together (a caller's own are never split), ``abreast`` batches run at
    once, and beyond ``bound`` waiting members ``hand_in`` raises `CrowdedError`.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        *,
        most: int = 200,
        bound: int = 5_000,
        abreast: int = 2,
        hopeless: Callable[[BaseException], bool] = lambda _: False,
    ) -> None:
        self._work = work
        self._most = most
        self._bound = bound
        self._hopeless = hopeless
        self._abreast = abreast
        self._queue: deque[_Group[T, R]] = deque()
        self._waiting = 0
        self._running: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(abreast, thread_name_prefix="gathered")

    async def hand_in(self, members: Sequence[T]) -> list[R]:
        """Have ``members`` worked on; give their answers. Raises what ``work`` raised."""
        if self._waiting and self._waiting + len(members) > self._bound:
            raise CrowdedError(self._waiting)
        done: asyncio.Future[list[R]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Group(members, done))
        self._waiting += len(members)
        if len(self._running) < self._abreast:
            task = asyncio.create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await done

    async def close(self) -> None:
        """Finish what was handed in, and give back the threads."""
        while self._running:
            await asyncio.gather(*self._running)
        self._threads.shutdown()

    async def _run(self) -> None:
        while self._queue:
            groups = self._next()
            await self._work_on(groups)

    def _next(self) -> list[_Group[T, R]]:
        groups = [self._queue.popleft()]
        size = len(groups[0].members)
        while self._queue and size + len(self._queue[0].members) <= self._most:
            groups.append(self._queue.popleft())
            size += len(groups[-1].members)
        self._waiting -= size
        return groups

    async def _work_on(self, groups: Sequence[_Group[T, R]]) -> None:
        members = [member for group in groups for member in group.members]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._threads, self._work, members)
        except Exception as error:  # noqa: BLE001 - whatever it is, its callers are told
            if len(groups) == 1 or self._hopeless(error):
                for group in groups:
                    _tell(group, error)
                return
            log.warning("batch_split", size=len(groups), error_type=type(error).__name__)
            for group in groups:
                await self._work_on([group])
            return
        if len(answers) != len(members):  # a promise broken: no caller may get another's answer
            for group in groups:
                _tell(group, AssertionError(f"{len(answers)} answers to {len(members)} members"))
            return
        start = 0
        for group in groups:
            end = start + len(group.members)
            if not group.done.done():
                group.done.set_result(list(answers[start:end]))
            start = end


def _tell(group: _Group[T, R], error: BaseException) -> None:
    if not group.done.done():
        group.done.set_exception(error)
