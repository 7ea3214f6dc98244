"""How long does planning a notice to very many customers take, and do urgent messages wait for it?

``python -m bench.notices`` prints a table and writes build/bench-notices.json. Urgent messages are
published at a steady rate: first alone, then from the moment at which the notice has come in. Their
delay runs from being published to being on the ledger as accepted.
"""

import argparse
import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import many, samples
from bench.figures import Row, as_json, as_table, row
from bench.measuring import Full, full
from store.encryption.keys import MasterKey
from store.encryption.root_keys import open_root
from store.engine import Store, open_engine
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import BROKER, DATABASE, MANAGEMENT

_PLANNED = "SELECT count(*) FROM planning_tasks WHERE done_at IS NOT NULL"
_SECONDS = "SELECT ceil(extract(epoch FROM max(done_at - created_at)) * 1000) FROM planning_tasks"
_TOLD = "SELECT count(*) FROM notice_recipients"
_SETTLED = "SELECT count(*) FROM deliveries WHERE lane = 'bulk' AND status = 'accepted'"
_SLOWEST = 50  # notices planned and sent a second, at the very least
_SENT_FOR_SURE = 5_000  # all of them would take as long as their pace says


def main() -> None:
    """Read the command line and measure."""
    given = _arguments()
    name = f"onward_bench_{secrets.token_hex(4)}"
    with (
        tempfile.TemporaryDirectory(prefix="onward-bench-") as folder,
        fresh_database(os.environ[DATABASE], name) as database,
        fresh_vhost(os.environ[BROKER], name, os.environ.get(MANAGEMENT)) as broker,
        full(
            broker, database, os.environ.get(MANAGEMENT), Path(folder), to_the_end=False
        ) as installation,
    ):
        _fill(installation, database, given.customers)
        rows = _measure(installation, given)
    print(as_table(rows))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(as_json(rows), encoding="utf-8")


def _fill(installation: Full, database: str, count: int) -> None:
    master = MasterKey.from_base64(installation.made.environment["ONWARD_MASTER_KEY"])
    engine = open_engine(database)
    store = Store(engine, open_root(engine, master), policy_version="bench")
    many.make(store, count)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    store.close()


def _measure(installation: Full, given: argparse.Namespace) -> list[Row]:
    watcher = installation.watcher
    alone = installation.delays(given.events, given.rate, "urgent")
    installation.publish(samples.policy_notice(datetime.now(UTC)))
    meanwhile = installation.delays(given.events, given.rate, "urgent", rested=False)
    patience = 60 + given.customers / _SLOWEST
    watcher.until(_PLANNED, 1, patience)
    told = watcher.number(_TOLD)
    watcher.until(_SETTLED, min(told, _SENT_FOR_SURE), patience)
    return [
        row("notice/customers", "customers", [told]),
        row("notice/planned", "ms", [watcher.number(_SECONDS)]),
        row("urgent-alone/p50", "ms", [alone.p50]),
        row("urgent-alone/p99", "ms", [alone.p99]),
        row("urgent-meanwhile/p50", "ms", [meanwhile.p50]),
        row("urgent-meanwhile/p99", "ms", [meanwhile.p99]),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.notices", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_200, help="urgent ones, each time")
    parser.add_argument("--rate", type=float, default=20, help="urgent ones a second")
    parser.add_argument("--out", type=Path, default=Path("build/bench-notices.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
