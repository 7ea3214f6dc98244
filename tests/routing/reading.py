"""How is a table of cases read, and how does a plan read in one?

A file holds scenes in YAML: rules, and rows of moment | event | what follows. A moment
is written as the customer's clock shows it, with its day of the week and its distance from
Greenwich, both of which are checked: `Sun 2026-03-29 00:30+00`. What follows is, for each delivery,
its channel, destination, `now` or the moment it is due at (`in digest` with others, `held`, or
`unverified` until its destination is), and its rule; where the next step waits for it, for how long
and `for` what; `not` and a reason for what is not sent; and `do` for the mailroom.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from config.bank_holidays import bank_holidays
from contracts.planning import Customer, LanePolicy, Plan, PlannedDelivery, Routable
from contracts.rule_words import Acknowledge
from contracts.rules import Callers, Rule
from contracts.vocabulary import Mode, Reason
from tests.unit.routing.samples import POLICY, customer
from workers.routing.sample_events import sample_event

TABLES = Path(__file__).parent / "tables"
CELLS = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """Rules, and where they are in force."""

    name: str
    rules: tuple[Rule, ...]
    callers: Callers
    policy: LanePolicy
    customer: Customer
    rows: tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One event at one moment, and what follows from it."""

    name: str
    moment: str
    event: str
    expected: tuple[str, ...]


def scenes() -> list[Scene]:
    """Read every scene of every table."""
    return [
        _scene(f"{path.stem}[{number}]", read)
        for path in sorted(TABLES.glob("*.yaml"))
        for number, read in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]


def _scene(name: str, read: Mapping[str, Any]) -> Scene:
    rules = tuple(Rule.model_validate(rule) for rule in read["rules"])
    callers = Callers.model_validate(read.get("callers", {}))
    about = {"time_zone": read.get("zone", "Europe/London")}
    if "terminated" in read:
        about["terminated_at"] = at(read["terminated"], ZoneInfo(about["time_zone"]))
    return Scene(
        name=name,
        rules=rules,
        callers=callers,
        policy=LanePolicy(POLICY.deadline_seconds, bank_holidays(read.get("nation", "england"))),
        customer=customer(
            *rules,
            callers=read.get("callers", {}),
            unverified=read.get("unverified", ()),
            **about,
        ),
        rows=tuple(_rows(name, read["rows"])),
    )


def _rows(name: str, text: str) -> Iterator[Row]:
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        cells = [" ".join(cell.split()) for cell in line.split("|")]
        assert len(cells) == CELLS, f"{name}: {line}"
        expected = tuple(part.strip() for part in cells[2].split(";"))
        yield Row(f"{name}-{number}", cells[0], cells[1], expected)


def event_of(row: Row, now: datetime) -> Routable:
    """The event of a row: its type, and what is said of it, an underscore for a space."""
    kind, *words = row.event.split()
    said: dict[str, str | tuple[str, ...]] = {}
    for word in words:
        name, _, value = word.partition("=")
        said[name] = tuple(value.split(",")) if name == "contains" else value.replace("_", " ")
    if "post_class" in said:
        said["post_class"] = str(said["post_class"]).replace(" ", "_")
    return sample_event(kind, said, now)


def at(text: str, tz: ZoneInfo) -> datetime:
    """The instant that is written; the day of the week and the clock must be that zone's."""
    found = datetime.fromisoformat(f"{text[4:]}:00")
    local = found.astimezone(tz)
    assert text.startswith(f"{local:%a} "), f"{text}: that was a {local:%A}"
    assert local.utcoffset() == found.utcoffset(), f"{text}: the clock shows {local}"
    return found.astimezone(UTC)


def written(moment: datetime, tz: ZoneInfo) -> str:
    """A moment as a table has it."""
    local = moment.astimezone(tz)
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    rest = f":{abs(minutes) % 60:02}" if minutes % 60 else ""
    return f"{local:%a %Y-%m-%d %H:%M}{sign}{abs(minutes) // 60:02}{rest}"


def as_told(plan: Plan, now: datetime, tz: ZoneInfo) -> tuple[str, ...]:
    """A plan as a table has it."""
    return (
        *(
            f"{sent.channel} {sent.destination_id} {_when(sent, now, tz)}{_wait(sent)}"
            f" by {sent.rule_id}"
            for sent in plan.deliveries
        ),
        *(
            f"not {withheld.reason}" + (f" by {withheld.rule_id}" if withheld.rule_id else "")
            for withheld in plan.non_sends
        ),
        *([f"do {plan.post.do}"] if plan.post is not None else []),
    )


def _when(sent: PlannedDelivery, now: datetime, tz: ZoneInfo) -> str:
    if sent.reason is Reason.DESTINATION_UNVERIFIED:
        return "unverified"
    if sent.held:
        return "held"
    digest = "in digest " if sent.digest is not None else ""
    return "now" if sent.due_at == now else digest + written(sent.due_at, tz)


def _wait(sent: PlannedDelivery) -> str:
    if sent.mode is not Mode.ESCALATE or sent.wait is None:
        return ""
    what = "" if sent.acknowledge is Acknowledge.NONE else f" for {sent.acknowledge}"
    return f", {sent.wait.total_seconds():.0f} s{what}"
