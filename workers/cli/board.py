"""How do the queues stand now, on one screen? Store, providers and broker, asked at one moment."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import BreakerState
from store.providers import ProviderState, states
from store.reading.queues import QueueFigures, queue_figures
from workers.bootstrap.parts import Parts
from workers.cli.words import ago
from workers.depths import Depth, Depths

_NO_BROKER = "no broker: events come in by HTTP and by hand"
_COLUMNS = ("Lane", "Channel", "Due", "Oldest", "Later", "Held", "Sending", "Uncertain", "Sent/min")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen. ``intake`` is the broker's queues, or a sentence on why there are none."""

    at: datetime
    queues: tuple[QueueFigures, ...]
    providers: tuple[ProviderState, ...]
    intake: tuple[Depth, ...] | str
    fault: str | None = None

    def as_plain(self) -> dict[str, Any]:
        """Give it as JSON takes it."""
        return {
            "at": self.at,
            "queues": [
                {**asdict(one), "oldest_seconds": one.oldest_seconds(self.at)}
                for one in self.queues
            ],
            "providers": [
                {**asdict(one), "paused": one.paused, "usable": one.usable(self.at)}
                for one in self.providers
            ],
            "intake": self.intake
            if isinstance(self.intake, str)
            else [asdict(one) for one in self.intake],
        }

    def drawn(self) -> RenderableType:
        """Draw it for a terminal."""
        parts: list[RenderableType] = [Text(f"{self.at:%Y-%m-%d %H:%M:%S} UTC", style="dim")]
        if self.fault is not None:
            parts.append(Text(self.fault, style="bold red"))
        parts += [_queues(self), Text(), _providers(self), Text(), _intake(self.intake)]
        return Group(*parts)

    def print(self) -> None:
        """Print it once."""
        console = Console()
        console.print(self.drawn())


class Board:
    """Looks again and again. While the database is away it shows what it saw last."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        broker = parts.settings.broker
        self._depths = Depths(broker) if broker is not None else None
        self._last: Seen | None = None

    def look(self) -> Seen:
        """Ask all of them. Raises what the database raises at the first look alone."""
        try:
            with self._store.read() as tx:
                queues, known, now = queue_figures(tx), states(tx), tx.now
        except DBAPIError as error:
            if self._last is None:
                raise
            fault = f"the database does not answer ({type(error.orig).__name__}); as last seen:"
            last = self._last
            return Seen(last.at, last.queues, last.providers, self._ask(), fault)
        self._last = Seen(now, tuple(queues), tuple(known), self._ask())
        return self._last

    def close(self) -> None:
        """Close the connection to the broker."""
        if self._depths is not None:
            self._depths.close()

    def _ask(self) -> tuple[Depth, ...] | str:
        if self._depths is None:
            return _NO_BROKER
        found = self._depths.ask()
        return f"the broker does not answer ({found})" if isinstance(found, str) else tuple(found)


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < 2 else "right")
    return table


def _queues(seen: Seen) -> RenderableType:
    if not seen.queues:
        return Text("nothing waits, and nothing is under way")
    table = _table(*_COLUMNS)
    for one in seen.queues:
        seconds = one.oldest_seconds(seen.at)
        table.add_row(
            one.lane.value,
            one.channel.value,
            str(one.due),
            "" if seconds is None else ago(timedelta(seconds=seconds)),
            str(one.later),
            str(one.held),
            str(one.sending),
            str(one.uncertain),
            str(one.sent),
        )
    return table


def _providers(seen: Seen) -> RenderableType:
    if not seen.providers:
        return Text("no provider has been used yet", style="dim")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Provider", "Channel", "State"):
        table.add_column(heading)
    for one in seen.providers:
        usable = one.usable(seen.at)
        table.add_row(
            one.name, one.channel.value, Text(_state(seen.at, one), style="" if usable else "red")
        )
    return table


def _state(now: datetime, one: ProviderState) -> str:
    if one.paused_at is not None:
        since = ago(now - one.paused_at)
        return f"paused by {one.paused_by} {since} ago; onward resume {one.name}"
    why = f" ({one.reason.value}{' ' + one.code if one.code else ''})" if one.reason else ""
    match one.state:
        case BreakerState.OPEN:
            since = f" for {ago(now - one.opened_at)}" if one.opened_at else ""
            return f"does not work{since}{why}; probed again soon"
        case BreakerState.HALF_OPEN:
            return f"works again, it seems{why}; being probed"
        case BreakerState.CLOSED:
            if one.wait_until is not None and one.waits(now):
                return f"told us to wait until {one.wait_until:%H:%M:%S}{why}"
            return "works"


def _intake(found: tuple[Depth, ...] | str) -> RenderableType:
    if isinstance(found, str):
        return Text(f"Intake: {found}", style="dim")
    table = _table("Intake queue", "", "Ready", "Consumers")
    for one in found:
        forsaken = one.ready > 0 and one.consumers == 0
        table.add_row(
            one.queue, "", str(one.ready), str(one.consumers), style="red" if forsaken else None
        )
    return table
