"""How are many AMQP messages published at once, and each confirmed by the broker?

pika's blocking channel waits for every single confirm (1,500 a second). Transactions are no way
out: RabbitMQ commits one although a full quorum queue has refused what was in it. So this drives
pika's own event loop, publishes a batch, and gathers the confirms.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pika import BasicProperties, SelectConnection
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic

from workers.broker import ANSWER_SECONDS, parameters

_PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Letter:
    """One AMQP message to publish."""

    exchange: str
    routing_key: str
    id: str
    content_type: str
    body: bytes = field(repr=False)


class UnansweredError(AMQPError):
    """The broker did not confirm in time, or closed the channel; nothing is known of the rest."""


class Confirming:
    """A connection that publishes batches. Opened when first used, and again after a loss.

    For one thread. Between batches nobody serves the connection, so the broker may drop it after
    two heartbeats without one; the next batch then opens it anew.
    """

    def __init__(self, url: str, name: str) -> None:
        self._parameters = parameters(url, name)
        self._connection: SelectConnection | None = None
        self._channel: Channel | None = None
        self._lost: BaseException | None = None
        self._waiting: dict[int, int] = {}
        self._refused: set[int] = set()
        self._last_tag = 0

    def publish(self, letters: Sequence[Letter], seconds: float = 30) -> list[bool]:
        """Publish, and tell of each whether the broker took it (true) or refused it (false).

        Raises what pika raises and ``UnansweredError``; then any of them may have been taken.
        """
        if not letters:
            return []
        self._serve(0)  # a loss meanwhile is noticed here
        if self._channel is None:
            self._open()
        self._refused = set()
        for place, letter in enumerate(letters):
            self._publish_one(place, letter)
        self._until(lambda: not self._waiting, seconds)
        return [place not in self._refused for place in range(len(letters))]

    def close(self) -> None:
        """Close in good order; what is lost already is no matter."""
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
            with contextlib.suppress(*LOST):
                self._until(lambda: self._connection is None, ANSWER_SECONDS)
        self._forget()

    def _open(self) -> None:
        self._forget()
        self._lost = None
        self._connection = SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_loss,
            on_close_callback=self._on_loss,
        )
        try:
            self._until(lambda: self._channel is not None, ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise

    def _on_open(self, connection: SelectConnection) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        def ready(_frame: object) -> None:
            self._channel = channel
            self._stop()

        channel.add_on_close_callback(self._on_loss)
        channel.confirm_delivery(self._on_confirm, callback=ready)

    def _on_loss(self, _what: object, error: BaseException) -> None:
        self._lost = error
        self._channel = None
        if isinstance(_what, SelectConnection):
            self._connection = None
        self._stop()

    def _on_confirm(self, frame: Method) -> None:
        method = frame.method
        tags = (
            [tag for tag in self._waiting if tag <= method.delivery_tag]
            if method.multiple
            else [method.delivery_tag]
        )
        places = [self._waiting.pop(tag) for tag in tags if tag in self._waiting]
        if isinstance(method, Basic.Nack):
            self._refused.update(places)
        if not self._waiting:
            self._stop()

    def _publish_one(self, place: int, letter: Letter) -> None:
        if self._channel is None:
            raise UnansweredError
        properties = BasicProperties(
            content_type=letter.content_type, delivery_mode=_PERSISTENT, message_id=letter.id
        )
        self._channel.basic_publish(letter.exchange, letter.routing_key, letter.body, properties)
        self._last_tag += 1
        self._waiting[self._last_tag] = place

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        """Serve the connection until ``done``. Raises what it was lost by, or that time ran out."""
        until = time.monotonic() + seconds
        while not done():
            left = until - time.monotonic()
            if self._lost is not None or left <= 0:
                lost = self._lost or UnansweredError()
                self._forget()
                raise lost
            self._serve(left)

    def _serve(self, seconds: float) -> None:
        if self._connection is None:
            return
        self._loop = self._connection.ioloop
        timer = self._loop.call_later(seconds, self._loop.stop)
        self._loop.start()
        self._loop.remove_timeout(timer)

    def _stop(self) -> None:
        if self._loop is not None:
            self._loop.stop()

    def _forget(self) -> None:
        self._connection = None
        self._channel = None
        self._waiting = {}
        self._last_tag = 0
