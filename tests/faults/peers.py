"""What do the peers lose and send twice under a load like ours? Same servers, same oracle.

The workers of ``bench/peers`` are killed, their connections dropped and the broker restarted at the
same random moments as in our own row ``killed-and-reconnected``.
"""

import contextlib
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psutil

from tests.faults.evidence import sent_of
from tests.faults.installation import url_through
from tests.faults.provider import Provider, provider
from tests.faults.proxy import Line
from tests.faults.servers import Ground
from tests.rooms import fresh_vhost
from tests.waiting import NeverHappenedError, eventually

PEER_EVENTS = 1_000
PACE = 50.0
SLOW = {"act": "slow", "latency_ms": 120}
_STILL_SECONDS = 15
_AS_MANY_MORE = 4
_PATIENCE_SECONDS = 180

PEERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dramatiq": (
        "dramatiq_worker",
        ("-m", "dramatiq", "bench.peers.dramatiq_worker", "--processes", "1", "--threads", "16"),
    ),
    "celery": (
        "celery_worker",
        (
            *("-m", "celery", "-A", "bench.peers.celery_worker", "worker"),
            *("--concurrency", "8", "--loglevel", "WARNING", "--without-gossip"),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class PeerRow:
    """What a peer came to, of the jobs that it confirmed."""

    peer: str
    runs: int
    events: int
    lost: int
    duplicated: int
    seed: int
    seconds: float


def run_peer(name: str, ground: Ground, seed: int, events: int) -> PeerRow:
    """Put one peer under the load, and count by the provider's record."""
    begun = time.monotonic()
    module, words = PEERS[name]
    vhost = f"peer_{secrets.token_hex(4)}"
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix=f"onward-peer-{name}-") as place,
        fresh_vhost(ground.broker_url, vhost, ground.management) as broker,
        provider(Path(place)) as sandbox,
        _line(urlsplit(broker).port or 0) as line,
    ):
        folder = Path(place)
        sandbox.behave([SLOW])
        settings = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")},
            "PEER_BROKER_URL": url_through(broker, line.port),
            "PEER_API_URL": f"http://127.0.0.1:{sandbox.http_port}",
            "PEER_SMTP_PORT": str(sandbox.smtp_port),
        }
        with _worker(words, settings, folder) as worker:
            confirmed = _produce(
                module, settings, folder, events, lambda: _hurt(rng, worker, line, ground, events)
            )
            _until_still(sandbox)
        accepted = Counter(one.delivery for one in map(sent_of, sandbox.acceptances()))
    return PeerRow(
        peer=name,
        runs=1,
        events=len(confirmed),
        lost=sum(job not in accepted for job in confirmed),
        duplicated=sum(accepted[job] > 1 for job in confirmed),
        seed=seed,
        seconds=round(time.monotonic() - begun, 1),
    )


def injuries(rng: random.Random) -> list[tuple[float, str]]:
    """Give what is done to whoever is under this load: at which share of it, and what.

    Each time connections are dropped, the worker is killed some seconds after they have come back.
    """
    made = [(rng.uniform(0.02, 0.15), "kill"), (rng.uniform(0.35, 0.55), "broker")]
    for drop in (rng.uniform(0.15, 0.2), rng.uniform(0.6, 0.65), rng.uniform(0.75, 0.8)):
        made += [(drop, "drop"), (drop + rng.uniform(3.5, 6) * PACE / PEER_EVENTS, "kill")]
    return sorted(made)


class _Worker:
    """A peer's worker with all its processes; killed as a whole, it is started again."""

    def __init__(self, words: tuple[str, ...], settings: Mapping[str, str], folder: Path) -> None:
        self._words, self._settings, self._log = words, settings, folder / "worker.log"
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self._words], env=dict(self._settings), stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it and all it started with SIGKILL."""
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._process.wait()

    def again(self) -> None:
        """Start it again, if it has ended or was killed."""
        if self._process.poll() is not None:
            self._process = self._start()


@contextlib.contextmanager
def _worker(words: tuple[str, ...], settings: Mapping[str, str], folder: Path) -> Iterator[_Worker]:
    worker = _Worker(words, settings, folder)
    try:
        yield worker
    finally:
        worker.kill()


@contextlib.contextmanager
def _line(port: int) -> Iterator[Line]:
    line = Line(port)
    try:
        yield line
    finally:
        line.close()


def _produce(
    module: str,
    settings: Mapping[str, str],
    folder: Path,
    events: int,
    meanwhile: Callable[[], None],
) -> set[UUID]:
    jobs = [
        {
            "id": str(UUID(int=secrets.randbits(128))),
            "channel": "sms" if number % 2 else "email",
            "to": f"+447700900{number % 1000:03d}" if number % 2 else f"t{number}@example.com",
        }
        for number in range(events * _AS_MANY_MORE)
    ]
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    words = (
        "-m",
        "bench.peers.producer",
        module,
        str(folder / "jobs.json"),
        str(PACE),
        str(events),
    )
    told = folder / "confirmed"
    with told.open("wb") as out, (folder / "producer.log").open("wb") as log:
        producer = subprocess.Popen(
            [sys.executable, *words], env=dict(settings), stdout=out, stderr=log
        )
    try:
        meanwhile()
        producer.wait(_PATIENCE_SECONDS)
    finally:
        if producer.poll() is None:
            producer.kill()
            producer.wait()
    return {UUID(line) for line in told.read_text(encoding="utf-8").split()}


def _hurt(rng: random.Random, worker: _Worker, line: Line, ground: Ground, events: int) -> None:
    begun = time.monotonic()
    for share, what in injuries(rng):
        moment = begun + share * events / PACE
        threading.Event().wait(moment - time.monotonic())
        worker.again()
        match what:
            case "kill":
                worker.kill()
                worker.again()
            case "drop":
                line.cut()
            case _:
                ground.broker.kill()
                ground.broker.start()
    worker.again()


def _until_still(sandbox: Provider) -> None:
    """Wait until nothing has been sent for a good while, longer than any retry waits."""
    seen, since = -1, time.monotonic()

    def still() -> bool:
        nonlocal seen, since
        count = len(sandbox.acceptances())
        if count != seen:
            seen, since = count, time.monotonic()
        return time.monotonic() - since > _STILL_SECONDS

    with contextlib.suppress(NeverHappenedError):
        eventually(still, "nothing is sent any more", _PATIENCE_SECONDS)
