"""Who got what, how, when, and why not? The day's table, from the record alone; places masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from contracts.vocabulary import DeliveryStatus
from store.engine import Store
from store.reading.queries import event_story, sends_of_customer
from store.reading.read_models import EventStory, SendLine
from workers.demo.office import Business
from workers.demo.telling import Told

_OFFICE = ZoneInfo("Europe/London")
_GOOD = frozenset({DeliveryStatus.ACCEPTED.value, DeliveryStatus.DELIVERED.value})
_BAD = frozenset({DeliveryStatus.FAILED.value, DeliveryStatus.UNDELIVERED.value})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    at: datetime
    what: str
    how: str
    where: str
    outcome: str
    why: str


def record_of(store: Store, refs: Sequence[str]) -> dict[str, list[SendLine]]:
    """Read every customer's record, as ``onward sends`` does."""
    with store.read() as tx:
        return {ref: sends_of_customer(tx, ref, limit=10_000) for ref in refs}


def print_day(
    console: Console,
    store: Store,
    office: Sequence[Business],
    record: Mapping[str, Sequence[SendLine]],
    told: Sequence[Told],
) -> None:
    """Print the table, customer by customer."""
    with store.read() as tx:
        stories = [event_story(tx, one.source, one.id) for one in told if not one.again]
    table = Table(title="Who got what, how, when, and why not", title_justify="left", expand=True)
    for heading in ("When", "What", "How", "Where", "Outcome", "Why"):
        table.add_column(heading, overflow="fold")
    for business in sorted(office, key=lambda one: one.ref):
        table.add_section()
        table.add_row("", f"[bold]{business.ref} {business.name}[/]")
        rows = [*_sent(record[business.ref]), *_not_due(business, stories)]
        for row in sorted(rows, key=lambda one: one.at):
            table.add_row(
                f"{row.at.astimezone(_OFFICE):%H:%M:%S}",
                row.what,
                row.how,
                row.where,
                _coloured(row.outcome),
                row.why,
            )
    console.print(table)


def _sent(lines: Sequence[SendLine]) -> list[Row]:
    """Give the last word on each delivery, and every deliberate non-send."""
    last: dict[object, SendLine] = {}
    for line in lines:
        last[line.delivery_id or line.id] = line
    return [
        Row(
            line.at,
            f"{line.event_type} {line.event_id}",
            line.channel.value if line.channel is not None else "",
            line.masked,
            line.outcome.replace("_", " "),
            _why(line.reason, line.detail),
        )
        for line in last.values()
    ]


def _not_due(business: Business, stories: Sequence[EventStory | None]) -> list[Row]:
    """Give what is planned and not on record yet, because its time has not come."""
    return [
        Row(
            line.changed_at,
            f"{story.type} {story.event_id}",
            line.channel.value,
            line.masked,
            "not yet due" if line.due_at is not None else line.status.value,
            _why(line.reason, _due(line.due_at, business.time_zone) or line.detail),
        )
        for story in stories
        if story is not None and story.customer_ref == business.ref
        for line in story.deliveries
        if line.status is DeliveryStatus.PENDING
    ]


def _due(at: datetime | None, zone: str) -> str | None:
    return None if at is None else f"due {at.astimezone(ZoneInfo(zone)):%a %H:%M}, {zone}"


def _why(reason: str, detail: str | None) -> str:
    words = str(reason).replace("_", " ")
    return f"{words} ({detail})" if detail else words


def _coloured(outcome: str) -> str:
    if outcome in _GOOD:
        return f"[green]{outcome}[/]"
    return f"[red]{outcome}[/]" if outcome in _BAD else f"[yellow]{outcome}[/]"
