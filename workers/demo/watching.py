"""How does the demo wait for things to come to rest, and show that it does?

It looks again and again until what it hopes for is there or a deadline has passed: it never
sleeps and hopes.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.status import Status

from store.engine import Store
from store.reading.queries import event_story
from workers.demo.telling import Hour, Told, lines_of

_LOOK_SECONDS = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Astray:
    """An event that did not become what it should."""

    told: Told
    expected: Counter[str]
    found: Counter[str]

    def says(self) -> str:
        """Say it in a line."""
        return (
            f"{self.told.id} ({self.told.type}):"
            f" expected {_said(self.expected)}; found {_said(self.found)}"
        )


def _said(lines: Counter[str]) -> str:
    counted = (f"{times} × {line}" if times > 1 else line for line, times in lines.items())
    return ", ".join(sorted(counted)) or "nothing"


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float) -> T:
    """Look until what is seen is good, or the time is over; give what was seen last."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return seen


def astray(store: Store, told: Sequence[Told], *, at_the_end: bool) -> list[Astray]:
    """Find the events that are not what they should be by now."""
    found = []
    with store.read() as tx:
        for one in told:
            if one.again:
                continue
            expected = one.expected(at_the_end=at_the_end)
            there = lines_of(event_story(tx, one.source, one.id))
            if there != expected:
                found.append(Astray(one, expected, there))
    return found


class Watch:
    """Shows an hour's progress, and waits until all of it has come to rest."""

    def __init__(self, console: Console, store: Store) -> None:
        self._console = console
        self._store = store

    def begin(self, hour: Hour) -> Status:
        """Announce an hour; shown for as long as the status is entered."""
        return self._console.status(f"[bold]{hour.clock}[/] {hour.title} …")

    def rest(self, hour: Hour, seconds: float) -> list[Astray]:
        """Wait until an hour's events are what they should be at its end; give those that are not.

        What has come to rest once is not looked at again before the end of the day.
        """
        left = list(hour.told)

        def look() -> list[Astray]:
            nonlocal left
            found = astray(self._store, left, at_the_end=False)
            left = [one.told for one in found]
            return found

        return until(look, lambda found: not found, seconds)

    def ended(self, hour: Hour, wrong: Sequence[Astray], began: float) -> None:
        """Say how an hour went."""
        took = time.monotonic() - began
        mark = "[green]✓[/]" if not wrong else "[red]✗[/]"
        count = f"{len(hour.told)} events"
        self._console.print(
            f"{mark} [bold]{hour.clock}[/] {hour.title} [dim]({count}, {took:.1f} s)[/]"
        )
        for one in hour.told:
            if one.shows:
                self._console.print(f"    [dim]{one.id:>9}[/]  {one.shows}", highlight=False)
        for each in wrong:
            self._console.print(f"    [red]{each.says()}[/]", highlight=False)
