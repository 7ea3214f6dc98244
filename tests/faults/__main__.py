"""``python -m tests.faults``: break things, judge, print a row a fault, write build/faults.json."""

import argparse
import secrets
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from tests.faults.catalogue import FAULTS
from tests.faults.peers import PEERS, PeerRow
from tests.faults.report import Row, as_table, told, write
from tests.faults.side_by_side import Asked, LeftOut, all_run
from tests.service_answers import CannotStartError


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
    print(f"seed {seed}", flush=True)
    asked = Asked(seed, given.runs, given.events, quick=given.quick, jobs=given.jobs)
    rows: dict[str, Row] = {}
    peers: dict[str, PeerRow] = {}
    try:
        for name, found in all_run(_chosen(given), asked):
            _tell(name, found)
            match found:
                case Row():
                    rows[name] = found
                case PeerRow():
                    peers[name] = found
                case LeftOut():
                    continue
            write(_ordered(rows), [asdict(peers[n]) for n in PEERS if n in peers], given.out)
    except CannotStartError as error:
        print(f"the servers that are to be killed cannot be started: {error}", file=sys.stderr)
        return 2
    if rows:
        print(as_table(_ordered(rows)))
    print(f"{sum(one.events for one in rows.values()):,} events; written to {given.out}")
    return 0 if all(one.kept for one in rows.values()) else 1


def _ordered(rows: dict[str, Row]) -> list[Row]:
    return [rows[fault.name] for fault in FAULTS if fault.name in rows]


def _tell(name: str, found: Row | PeerRow | LeftOut) -> None:
    match found:
        case LeftOut():
            print(f"{name}: LEFT OUT: {found.why}", flush=True)
        case PeerRow():
            print(
                f"peer {name}: {found.events} jobs, {found.lost} lost, {found.duplicated} twice,"
                f" seed {found.seed}, {found.seconds:.0f} s",
                flush=True,
            )
        case Row():
            print(
                f"{name}: {found.events} events, {found.lost} lost, {found.duplicated} twice,"
                f" {found.uncertain} uncertain ({told(found.settled)}), {found.parked} parked,"
                f" recovery {found.recovery_s} s, {found.memory_mib:.0f} MiB,"
                f" seeds {', '.join(map(str, found.seeds))}, {found.seconds:.0f} s",
                flush=True,
            )
            for line in (*found.problems, *found.missed, *found.notes):
                print(f"  {line}", flush=True)
            if found.ends:
                print(f"  ended by themselves: {dict(found.ends)}", flush=True)


def _chosen(given: argparse.Namespace) -> list[str]:
    if given.only:
        return [each for name in given.only for each in (PEERS if name == "peers" else [name])]
    if given.quick:
        return [fault.name for fault in FAULTS if fault.quick is not None]
    return [*(fault.name for fault in FAULTS if not fault.alone), *PEERS]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add(
        "--only",
        nargs="+",
        choices=[*sorted(fault.name for fault in FAULTS), "peers"],
        metavar="FAULT",
        help="see --list",
    )
    add("--list", action="store_true", help="say which faults there are")
    add("--quick", action="store_true", help="the most important ones, with fewer events")
    add("--seed", type=int, help="repeat a run's chances")
    add("--events", type=int, help="in a run, in place of each fault's own number")
    add("--jobs", type=int, default=2, help="so many at a time, each with servers of its own")
    add("--runs", type=int, default=1, help="of each fault, each with the next seed")
    add("--out", type=Path, default=Path("build/faults.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
