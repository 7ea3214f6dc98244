"""How are events put into RabbitMQ in a benchmark? By a process of its own, made beforehand.

``python -m bench.publisher FILE`` reads what to publish (JSON, from ``write_work``), connects,
says ``ready``, waits for a line on standard input, publishes, and prints when it did, as JSON.
Without a rate it publishes as fast as it can, without confirms. It hangs up only at the end of
its input: a quorum queue's channel may hold messages back, and they are lost if it is closed.
"""

import json
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pika

from bench.samples import Sample
from config.topology import EVENTS

_CONTENT_TYPE = "application/cloudevents+json"
_BETWEEN_SERVINGS = 256
_SERVING_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Published:
    """When each event went out, by its id; seconds since the epoch."""

    times: dict[str, float]

    @property
    def first(self) -> float:
        """When the first one went out."""
        return min(self.times.values())


class Publisher:
    """A publisher's process, ready to go."""

    def __init__(self, file: Path, url: str, events: Sequence[Sample], rate: float | None) -> None:
        work = {
            "url": url,
            "rate": rate,
            "events": [[e.id, e.key, e.body.decode()] for e in events],
        }
        file.write_text(json.dumps(work), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.publisher", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = self._process.stdout.readline() if self._process.stdout else ""
        assert said == "ready\n", "the publisher did not get ready"

    def begin(self) -> None:
        """Let it publish."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def published(self) -> Published:
        """Wait until all is published, and let it hang up; call when all has been taken in."""
        out, _ = self._process.communicate(timeout=300)
        assert self._process.returncode == 0, "the publisher failed"
        return Published(json.loads(out))


def main() -> None:
    """Publish what the file named on the command line says."""
    work: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    parameters = pika.URLParameters(work["url"])
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    properties = pika.BasicProperties(  # type: ignore[no-untyped-call]
        content_type=_CONTENT_TYPE,
        delivery_mode=2,
        user_id=unquote(urlsplit(work["url"]).username or ""),  # checked by the broker
    )
    events = [(event_id, key, body.encode()) for event_id, key, body in work["events"]]
    print("ready", flush=True)
    sys.stdin.readline()
    times: dict[str, float] = {}
    interval = 1 / work["rate"] if work["rate"] else 0.0
    begun = time.monotonic()
    for number, (event_id, key, body) in enumerate(events):
        if interval:
            connection.sleep(max(0.0, begun + number * interval - time.monotonic()))
        elif number % _BETWEEN_SERVINGS == 0:
            connection.process_data_events(0)
        times[event_id] = time.time()
        channel.basic_publish(EVENTS, key, body, properties)
    print(json.dumps(times), flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        connection.process_data_events(_SERVING_SECONDS)
    connection.close()


if __name__ == "__main__":
    main()
