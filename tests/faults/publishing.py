"""How does a careful publisher publish? Until the broker confirms, however often that takes.

Several hands share the events, each with a connection of its own. One that got no confirm sends
the same event again, so that what was confirmed is known exactly and duplicates come by themselves.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from config.topology import EVENTS
from tests.faults.load import Sample

_CONTENT_TYPE = "application/cloudevents+json"
_LOST = (AMQPError, OSError)
_AGAIN_SECONDS = 0.3
_BLOCKED_SECONDS = 5


class Publishing:
    """Publishes samples at a pace, in threads. ``confirmed`` says when the broker took each.

    It goes on after the first ``least`` of them, as far as there are more, until there is
    ``enough``: whatever is broken is broken under load.
    """

    def __init__(
        self,
        url: str,
        samples: Sequence[Sample],
        pace: float | None,
        *,
        least: int | None = None,
        hands: int = 4,
    ) -> None:
        self._url = url
        self._user = unquote(urlsplit(url).username or "")
        self._samples = samples
        self._places = iter(range(len(samples)))
        self._pace = pace
        self._least = len(samples) if least is None else least
        self._enough = threading.Event()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.confirmed: dict[str, float] = {}
        self._done = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"publisher-{hand}") for hand in range(hands)
        ]
        self._begun = 0.0

    def begin(self) -> None:
        """Let it publish."""
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def share(self) -> float:
        """How much of the least is confirmed, from 0 to 1."""
        return min(1.0, self._done / self._least)

    @property
    def over(self) -> bool:
        """Whether all is confirmed, or it was stopped."""
        return not any(thread.is_alive() for thread in self._threads)

    def enough(self) -> None:
        """Stop once the least is confirmed."""
        self._enough.set()

    def finish(self, seconds: float) -> None:
        """Wait until all is confirmed; raises ``TimeoutError`` where the broker takes not all."""
        self.enough()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if not self.over:
            self.stop()
            raise TimeoutError(
                f"{len(self.confirmed)} of {self._least} events confirmed in {seconds:g} s"
            )

    def stop(self) -> None:
        """Publish no more."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        with _Hand(self._url) as hand:
            while (place := self._next()) is not None:
                sample = self._samples[place]
                if self._pace is not None:
                    self._stopping.wait(self._begun + place / self._pace - time.monotonic())
                while not self._stopping.is_set():
                    if hand.publish(sample, self._user):
                        self._confirm(sample)
                        break
                    self._stopping.wait(_AGAIN_SECONDS)

    def _confirm(self, sample: Sample) -> None:
        with self._lock:
            self.confirmed.setdefault(sample.id, time.time())
            self._done += 1

    def _next(self) -> int | None:
        with self._lock:
            place = None if self._stopping.is_set() else next(self._places, None)
            if place is not None and place >= self._least and self._enough.is_set():
                return None
            return place


class _Hand(contextlib.AbstractContextManager["_Hand"]):
    """One connection, opened when needed and again after a loss."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.heartbeat = 2 * _BLOCKED_SECONDS
        self._parameters.blocked_connection_timeout = _BLOCKED_SECONDS
        self._parameters.socket_timeout = _BLOCKED_SECONDS
        self._parameters.stack_timeout = _BLOCKED_SECONDS
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def publish(self, sample: Sample, user: str) -> bool:
        """Publish once; whether the broker confirmed it."""
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]
            content_type=_CONTENT_TYPE, delivery_mode=2, user_id=user
        )
        try:
            self._open().basic_publish(EVENTS, sample.key, sample.body, properties)
        except _LOST:
            self._hang_up()
            return False
        return True

    def _open(self) -> BlockingChannel:
        if self._channel is None:
            self._connection = pika.BlockingConnection(self._parameters)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        return self._channel

    def _hang_up(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*_LOST):
                connection.close()


@contextlib.contextmanager
def publishing(
    url: str,
    samples: Sequence[Sample],
    pace: float | None,
    *,
    least: int | None = None,
    hands: int = 4,
) -> Iterator[Publishing]:
    """Publish while the block runs; it is stopped at its end, whatever ends it."""
    made = Publishing(url, samples, pace, least=least, hands=hands)
    made.begin()
    try:
        yield made
    finally:
        made.stop()
