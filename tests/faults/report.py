"""What is reported of the runs of a fault: a row for eyes, and one for machines."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.running import Run
from tests.faults.scene import Fault


@dataclass(frozen=True, slots=True)
class Row:
    """All runs of one fault, summed up; ``missed`` are its limits that were not kept."""

    fault: str
    tells: str
    runs: int
    events: int
    deliveries: int
    lost: int
    duplicated: int
    uncertain: int
    left_uncertain: int
    parked: int
    attention: int
    not_due: int
    resent: int
    recovery_s: float
    memory_mib: float
    seconds: float
    seeds: tuple[int, ...]
    settled: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ends: Mapping[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the invariants were kept in every run."""
        return not self.problems


def row(fault: Fault, runs: Sequence[Run]) -> Row:
    """Sum the runs of a fault up."""
    judged = [one.judgement for one in runs if one.judgement is not None]
    settled: Counter[str] = Counter()
    for judgement in judged:
        settled.update(judgement.settled)
    problems = [f"seed {one.seed}: {one.failed}" for one in runs if one.failed]
    problems += [
        f"seed {one.seed}: {problem}"
        for one in runs
        if one.judgement is not None
        for problem in one.judgement.problems
    ]
    problems += [f"seed {one.seed}: logs are in {one.logs}" for one in runs if not one.kept]
    ends: Counter[str] = Counter()
    for one in runs:
        ends.update(one.ends)

    def total(name: str) -> int:
        return sum(getattr(judgement, name) for judgement in judged)

    made = Row(
        fault=fault.name,
        tells=fault.tells,
        runs=len(runs),
        events=total("events"),
        deliveries=total("deliveries"),
        lost=total("lost"),
        duplicated=total("duplicated"),
        uncertain=total("uncertain"),
        left_uncertain=total("left_uncertain"),
        parked=total("parked"),
        attention=total("attention"),
        not_due=total("not_due"),
        resent=total("resent"),
        recovery_s=round(max((one.recovery for one in runs), default=0.0), 1),
        memory_mib=round(max((one.memory for one in runs), default=0.0)),
        seconds=round(sum(one.seconds for one in runs), 1),
        seeds=tuple(one.seed for one in runs),
        settled=dict(settled),
        problems=tuple(problems),
        notes=tuple(note for one in runs for note in one.notes),
        ends=dict(ends),
    )
    return _held_against(made, fault.limits)


def _held_against(made: Row, limits: Mapping[str, float]) -> Row:
    figures = {
        "uncertain": float(made.uncertain),
        "memory_mib": made.memory_mib,
        "recovery_s": made.recovery_s,
        "attention_per_thousand": 1000 * made.attention / max(1, made.deliveries),
    }
    missed = tuple(
        f"{name} is {figures[name]:g}, wanted {limit:g} at most"
        for name, limit in limits.items()
        if figures[name] > limit
    )
    return Row(**{**asdict(made), "missed": missed})


def as_table(rows: Sequence[Row]) -> str:
    """Write the report for eyes."""
    heading = (
        *("fault", "runs", "events", "lost", "twice", "uncertain", "settled by"),
        *("parked", "for an operator", "recovery s"),
    )
    lines = [heading] + [
        (
            *(one.fault, str(one.runs), f"{one.events:,}", str(one.lost), str(one.duplicated)),
            *(str(one.uncertain), told(one.settled), str(one.parked), str(one.attention)),
            f"{one.recovery_s:.1f}",
        )
        for one in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    left = {0, 6}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def told(settled: Mapping[str, int]) -> str:
    """Say what settled the uncertain."""
    return ", ".join(f"{word} {count}" for word, count in sorted(settled.items())) or "–"


def write(rows: Sequence[Row], peers: Sequence[Mapping[str, object]], to: Path) -> None:
    """Write the report for machines."""
    to.parent.mkdir(parents=True, exist_ok=True)
    content = {"rows": [asdict(one) for one in rows], "peers": list(peers)}
    to.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
