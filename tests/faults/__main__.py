"""``python -m tests.faults``: break things, judge, print a row a fault, write build/faults.json."""

import argparse
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.faults.catalogue import FAULTS
from tests.faults.peers import PEER_EVENTS, PEERS, PeerRow, run_peer
from tests.faults.report import Row, as_table, row, told, write
from tests.faults.running import run
from tests.faults.scene import Fault
from tests.faults.servers import Ground, ground
from tests.service_answers import CannotStartError

_BY_NAME = {fault.name: fault for fault in FAULTS}


def main() -> int:
    """Read the command line and run; 1 if an invariant was broken, 2 if nothing can be run."""
    given = _arguments()
    if given.list:
        for fault in FAULTS:
            print(f"{fault.name:28} {fault.tells}")
        return 0
    # told to stop, what was started is stopped and removed too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    chosen = _chosen(given)
    print(f"seed {seed}", flush=True)
    rows: list[Row] = []
    peers: list[dict[str, object]] = []
    try:
        with ground() as made:
            for fault in chosen:
                try:
                    rows.append(_tried(fault, made, given, seed))
                except CannotStartError as error:
                    print(f"{fault.name}: LEFT OUT: {error}", flush=True)
                write(rows, peers, given.out)
            if not given.only or "peers" in given.only:
                for name in PEERS:
                    peers.append(asdict(_peer(name, made, given, seed)))
                    write(rows, peers, given.out)
    except CannotStartError as error:
        print(f"the servers that are to be killed cannot be started: {error}", file=sys.stderr)
        return 2
    if rows:
        print(as_table(rows))
    print(f"{sum(one.events for one in rows):,} events; written to {given.out}")
    return 0 if all(one.kept for one in rows) else 1


def _tried(fault: Fault, made: Ground, given: argparse.Namespace, seed: int) -> Row:
    events = given.events or (fault.quick if given.quick else None) or fault.events
    runs = [run(fault, made, seed + number, events) for number in range(given.runs)]
    found = row(fault, runs)
    print(
        f"{fault.name}: {found.events} events, {found.lost} lost, {found.duplicated} twice,"
        f" {found.uncertain} uncertain ({told(found.settled)}), {found.parked} parked,"
        f" recovery {found.recovery_s} s, {found.memory_mib:.0f} MiB,"
        f" seeds {_numbers(found.seeds)}, {found.seconds:.0f} s",
        flush=True,
    )
    for line in (*found.problems, *found.missed, *found.notes):
        print(f"  {line}", flush=True)
    if found.ends:
        print(f"  ended by themselves: {dict(found.ends)}", flush=True)
    return found


def _peer(name: str, made: Ground, given: argparse.Namespace, seed: int) -> PeerRow:
    found = run_peer(name, made, seed, given.events or PEER_EVENTS)
    print(
        f"peer {name}: {found.events} jobs, {found.lost} lost, {found.duplicated} twice,"
        f" seed {found.seed}, {found.seconds:.0f} s",
        flush=True,
    )
    return found


def _chosen(given: argparse.Namespace) -> list[Fault]:
    if given.only:
        return [_BY_NAME[name] for name in given.only if name in _BY_NAME]
    if given.quick:
        return [fault for fault in FAULTS if fault.quick is not None]
    return [fault for fault in FAULTS if not fault.alone]


def _numbers(seeds: Sequence[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add(
        "--only",
        nargs="+",
        choices=[*sorted(_BY_NAME), "peers"],
        metavar="FAULT",
        help="see --list",
    )
    add("--list", action="store_true", help="say which faults there are")
    add("--quick", action="store_true", help="the most important ones, with fewer events")
    add("--seed", type=int, help="repeat a run's chances")
    add("--events", type=int, help="in a run, in place of each fault's own number")
    add("--runs", type=int, default=1, help="of each fault, each with the next seed")
    add("--out", type=Path, default=Path("build/faults.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
