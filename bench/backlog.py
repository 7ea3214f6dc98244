"""Do queues grow, not processes, while the provider is slow? ``python -m bench.backlog``.

Publishes very many events over RabbitMQ to a full installation whose provider takes eight seconds
for each send, and prints the most memory that each process ever had. Exits 1 where one had more
than it may.
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

from bench import samples
from bench.installation import Installation, admit, broker_user, environment, running, sandbox
from bench.measuring import Full
from bench.memory import most_resident_mib
from bench.publisher import Publisher
from bench.watching import Watcher
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import BROKER, DATABASE, MANAGEMENT

LIMIT_MIB = 300.0
_LATENCY_MS = 8_000
_AT_ONCE = 10_000
_PATIENCE = 1_800.0
_COUNT = "SELECT count(*) FROM events"
_PENDING = "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'sending')"


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.backlog", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--drain", type=float, default=60, help="seconds of working it off")
    given = parser.parse_args()
    name = f"onward_backlog_{secrets.token_hex(4)}"
    management = os.environ.get(MANAGEMENT)
    with (
        tempfile.TemporaryDirectory(prefix="onward-bench-") as folder,
        fresh_database(os.environ[DATABASE], name) as database,
        fresh_vhost(os.environ[BROKER], name, management) as broker,
    ):
        most = _measure(Path(folder), database, broker, management, given.events, given.drain)
    for child, mib in most.items():
        print(f"{child:16} {mib:6.0f} MiB")
    return 1 if max(most.values()) > LIMIT_MIB else 0


def _measure(
    folder: Path, database: str, broker: str, management: str | None, events: int, drain: float
) -> dict[str, float]:
    name = f"bench_{secrets.token_hex(4)}"
    with sandbox(folder) as provider:
        settings = environment(provider, folder, database_url=database, broker_url=broker)
        with (
            running(settings, folder / "logs") as made,
            Watcher(database) as watcher,
            broker_user(broker, name, management) as url,
        ):
            admit(settings, name)
            Full(made, provider, watcher, url, folder).prepare()
            provider.answer_after(_LATENCY_MS)
            # a publisher that the broker slows down sends no heartbeat in time
            patient = f"{url}?heartbeat=0"
            before = watcher.number(_COUNT)
            for start in range(0, events, _AT_ONCE):
                some = samples.messages(f"backlog-{start}", min(_AT_ONCE, events - start))
                publisher = Publisher(folder / "work.json", patient, some, None)
                publisher.begin()
                watcher.until(_COUNT, before + start + len(some), _PATIENCE)
                publisher.published()
                made.assert_alive()
                most = ", ".join(f"{child} {mib:.0f}" for child, mib in _most(made).items())
                unsent = watcher.number(_PENDING)
                print(f"{start + len(some):,} taken in, {unsent:,} unsent; MiB: {most}", flush=True)
            provider.answer_after(0)
            time.sleep(drain)
            print(f"after {drain:g} s of working it off: {watcher.number(_PENDING):,} unsent")
            made.assert_alive()
            return _most(made)


def _most(made: Installation) -> dict[str, float]:
    return {child: most_resident_mib(pid) for child, pid in made.pids.items()}


if __name__ == "__main__":
    sys.exit(main())
