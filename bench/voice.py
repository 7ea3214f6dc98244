"""How long does somebody who rings one of our numbers wait for our answer, and under load?

``python -m bench.voice`` prints a table and writes build/bench-voice.json. Calls are posted as
Twilio posts them, one after the other at a steady rate: first alone, then while messages come in.
The delay runs from the request to the whole of the TwiML that dials.
"""

import argparse
import http.client
import os
import secrets
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench import samples
from bench.figures import Row, as_json, as_table, percentile, row
from bench.installation import admit, broker_user, environment, running, sandbox
from bench.publisher import Publisher
from bench.watching import Watcher
from tests.receipts.callbacks import sign
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import BROKER, DATABASE, MANAGEMENT
from workers.sandbox import SANDBOX_AUTH_TOKEN

_TAKEN_IN = "SELECT count(*) FROM events"
_PATH = "/hooks/twilio/voice"
_OURS, _DESK, _CALLER = "+442079460100", "+442079460106", "+447700900400"
_PATIENCE = 240.0


def main() -> None:
    """Read the command line and measure."""
    given = _arguments()
    name = f"onward_bench_{secrets.token_hex(4)}"
    management = os.environ.get(MANAGEMENT)
    with (
        tempfile.TemporaryDirectory(prefix="onward-bench-") as at,
        fresh_database(os.environ[DATABASE], name) as database,
        fresh_vhost(os.environ[BROKER], name, management) as broker,
        sandbox(Path(at)) as provider,
    ):
        folder = Path(at)
        settings = environment(provider, folder, database_url=database, broker_url=broker)
        settings["ONWARD_PUBLIC_URL"] = f"http://127.0.0.1:{settings['ONWARD_DOOR_PORT']}"
        with (
            running(settings, folder / "logs") as made,
            Watcher(database) as watcher,
            broker_user(broker, name, management) as publisher,
        ):
            admit(settings, name)
            known = [*samples.customers(), *samples.telephone("C-00000", _OURS, _DESK)]
            _publish(folder, publisher, watcher, known)
            rows = _measure(made.door, folder, publisher, given)
            made.assert_alive()
    print(as_table(rows))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(as_json(rows), encoding="utf-8")


def _publish(folder: Path, url: str, watcher: Watcher, known: list[samples.Sample]) -> None:
    publisher = Publisher(folder / "known.json", url, known, None)
    publisher.begin()
    watcher.until(_TAKEN_IN, len(known), _PATIENCE)
    publisher.published()


def _measure(door: str, folder: Path, url: str, given: argparse.Namespace) -> list[Row]:
    _delays(door, given.warm_up, given.rate)
    alone = _delays(door, given.calls, given.rate)
    seconds = int(given.calls / given.rate) + 5
    load = Publisher(
        folder / "load.json", url, samples.messages("load", seconds * given.load), given.load
    )
    load.begin()
    meanwhile = _delays(door, given.calls, given.rate)
    load.published()
    return [
        row("voice-alone/p50", "ms", [percentile(alone, 0.50)]),
        row("voice-alone/p99", "ms", [percentile(alone, 0.99)]),
        row(f"voice-at-{given.load}/s/p50", "ms", [percentile(meanwhile, 0.50)]),
        row(f"voice-at-{given.load}/s/p99", "ms", [percentile(meanwhile, 0.99)]),
    ]


def _delays(door: str, calls: int, rate: float) -> list[float]:
    parts = urlsplit(door)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    took = []
    begun = time.monotonic()
    for number in range(calls):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        sid = f"CA{secrets.token_hex(16)}"
        form = {"CallSid": sid, "CallStatus": "ringing", "From": _CALLER, "To": _OURS}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(SANDBOX_AUTH_TOKEN, f"{door}{_PATH}", form),
        }
        asked = time.monotonic()
        connection.request("POST", _PATH, urlencode(form), headers)
        answer = connection.getresponse().read().decode()
        took.append((time.monotonic() - asked) * 1000)
        assert _DESK in answer, answer
    connection.close()
    return took


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.voice", description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--rate", type=float, default=10, help="calls a second")
    parser.add_argument("--load", type=int, default=20, help="messages a second, meanwhile")
    parser.add_argument("--out", type=Path, default=Path("build/bench-voice.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
