"""``python -m tests.backpressure.far_clients KIND URL``: who waits at the far end of a dead line?

Says ``ready`` once it is connected, then does what its kind does; says how long it took until it
noticed that nobody answers, and whether it took that for an outage.

- ``asks``: has asked the database, and waits for the answer
- ``writes``: asks the database only when a line comes in, and the line is dead by then
- ``consumes``: waits for what the broker may deliver
"""

import sys
import time

from sqlalchemy import text

from store.engine import is_outage, open_engine
from workers.running.broker import LOST, connect


def _asks(url: str, *, waits: bool) -> bool:
    with open_engine(url).connect() as connection:
        connection.execute(text("SELECT 1"))
        _say("ready")
        if waits:
            sys.stdin.readline()
        try:
            connection.execute(text("SELECT pg_sleep(600)"))
        except Exception as error:  # noqa: BLE001 - what it is, is what is asked
            connection.invalidate()
            return is_outage(error)
    return False


def _consumes(url: str) -> bool:
    connection = connect(url, "a test's far end")
    _say("ready")
    try:
        connection.process_data_events(time_limit=600)
    except LOST:
        return True
    return False


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Do what the command line says."""
    kind, url = sys.argv[1:]
    began = time.monotonic()
    match kind:
        case "consumes":
            noticed = _consumes(url)
        case _:
            noticed = _asks(url, waits=kind == "writes")
    _say(f"{noticed} {time.monotonic() - began:.1f}")


if __name__ == "__main__":
    main()
