"""What part of our processes' time do encryption and the ledger take, at work?

A full installation of its own, in which every process counts (``bench.counted``). A run begins and
ends when all is sealed and told, so that what upkeep does later is in it.
"""

from bench.counted import seconds_in
from bench.figures import Row, row
from bench.measuring import Full
from bench.memory import cpu_seconds


def rows(installation: Full, events: int, runs: int) -> list[Row]:
    """Measure some runs; an event is one message, sent on by one text or email."""
    found = [_run(installation, events) for _ in range(runs)]
    micros = [tuple(seconds / events * 1e6 for seconds in one) for one in found]
    return [
        row("record/share", "%", [100 * (e + g) / whole for e, g, whole in found]),
        row("record/encryption", "µs/event", [encryption for encryption, _, _ in micros]),
        row("record/ledger", "µs/event", [ledger for _, ledger, _ in micros]),
        row("record/of", "µs/event", [whole for _, _, whole in micros]),
    ]


def _run(installation: Full, events: int) -> tuple[float, float, float]:
    installation.watcher.rest()
    before = _seconds(installation)
    installation.throughput(events, 0)
    installation.watcher.rest()
    encryption, ledger, whole = (
        now - then for now, then in zip(_seconds(installation), before, strict=True)
    )
    return encryption, ledger, whole


def _seconds(installation: Full) -> tuple[float, float, float]:
    """Seconds of encryption, of the ledger, and of all, by all our processes since they began."""
    counted = [seconds_in(file) for file in installation.made.counts.values()]
    whole = sum(cpu_seconds(pid) for pid in installation.made.pids.values())
    return sum(e for e, _ in counted), sum(g for _, g in counted), whole
