"""``python -m bench``: measure rate, latency and memory; print a table, write build/bench.json."""

import argparse
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import share
from bench.embedded import embedded
from bench.figures import Row, as_json, as_table, row
from bench.measuring import Full, full
from bench.planning import microseconds
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import BROKER, DATABASE, MANAGEMENT

ROWS = (
    "pipeline/0ms",
    "pipeline/100ms",
    "embedded/0ms",
    "latency50/p50",
    "latency50/p99",
    "memory",
    "planning",
    "record",
)
ALONE = {"embedded/0ms", "planning"}  # rows that want no services
OFFERED = 50.0


def main() -> None:
    """Read the command line and measure."""
    given = _arguments()
    # told to stop, what was started is stopped and removed too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = set(given.rows)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="onward-bench-") as folder:
        if chosen - ALONE - {"record"}:
            rows += _full_rows(given, chosen, Path(folder))
        if "record" in chosen:
            rows += _record_rows(given, Path(folder) / "record")
        if "embedded/0ms" in chosen:
            rows.append(_embedded_row(given, Path(folder)))
        if "planning" in chosen:
            rows.append(row("planning", "µs", [microseconds() for _ in range(given.runs)]))
    rows.sort(key=_place)
    print(as_table(rows))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(as_json(rows), encoding="utf-8")


def _place(one: Row) -> int:
    return ROWS.index(one.name if one.name in ROWS else one.name.partition("/")[0])


def _full_rows(given: argparse.Namespace, chosen: set[str], folder: Path) -> list[Row]:
    with _installed(folder) as installation:
        return _measure(installation, given, chosen)


def _record_rows(given: argparse.Namespace, folder: Path) -> list[Row]:
    with _installed(folder, counted=True) as installation:
        return share.rows(installation, given.events, given.runs)


@contextmanager
def _installed(folder: Path, *, counted: bool = False) -> Iterator[Full]:
    name = f"onward_bench_{secrets.token_hex(4)}"
    management = os.environ.get(MANAGEMENT)
    with (
        fresh_database(os.environ[DATABASE], name) as database,
        fresh_vhost(os.environ[BROKER], name, management) as broker,
        full(broker, database, management, folder, counted=counted) as installation,
    ):
        yield installation


def _embedded_row(given: argparse.Namespace, folder: Path) -> Row:
    with embedded(folder / "embedded") as installation:
        rates = [installation.throughput(given.embedded_events) for _ in range(given.runs)]
    return row("embedded/0ms", "events/s", rates)


def _measure(installation: Full, given: argparse.Namespace, chosen: set[str]) -> list[Row]:
    rows: list[Row] = []
    memory: list[float] = []
    for latency in (0, 100):
        if f"pipeline/{latency}ms" not in chosen and not (latency == 0 and "memory" in chosen):
            continue
        rates = []
        for number in range(given.runs):
            run = installation.throughput(given.events, latency)
            print(f"pipeline/{latency}ms, run {number + 1}: {run.told()}", flush=True)
            rates.append(run.rate)
            memory.append(run.whole_memory)
        rows.append(row(f"pipeline/{latency}ms", "events/s", rates))
    if chosen & {"latency50/p50", "latency50/p99"}:
        delays = [installation.delays(given.latency_events, OFFERED) for _ in range(given.runs)]
        print(delays, flush=True)
        rows.append(row("latency50/p50", "ms", [one.p50 for one in delays]))
        rows.append(row("latency50/p99", "ms", [one.p99 for one in delays]))
    if memory:
        rows.append(row("memory", "MiB PSS", memory))
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=6_000, help="in a run of a pipeline")
    parser.add_argument("--latency-events", type=int, default=1_000, help="at 50 a second")
    parser.add_argument("--embedded-events", type=int, default=2_000, help="in a run of it")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
