"""How are many AMQP messages published at once, and each confirmed by the broker?

pika's blocking channel waits for every single confirm (1,500 a second). Transactions are no way
out: RabbitMQ commits one although a full quorum queue has refused what was in it. So this drives
pika's own event loop, publishes a batch, and gathers the confirms.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pika import BasicProperties, SelectConnection, URLParameters
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPConnectionError, AMQPError
from pika.frame import Method
from pika.spec import Basic

from workers.running.broker import ANSWER_SECONDS, LOST, parameters

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
    """The broker did not confirm in time; what it has taken is not known."""


class BlockedError(AMQPError):
    """The broker takes nothing for now, by a resource alarm of its own (memory, disk)."""


class Confirming:
    """A connection that publishes batches. Opened when first used, and again after a loss.

    Blocked by a resource alarm, it waits for nothing and stays open: what was written to it is
    taken when the alarm is over, and each new connection would leave one more copy behind.

    For one thread. Between batches nobody serves the connection, so the broker may drop it after
    two heartbeats without one; the next batch then opens it anew.
    """

    def __init__(self, url: str, name: str) -> None:
        self._parameters = parameters(url, name)
        self._parameters.blocked_connection_timeout = None
        self._line: _Line | None = None

    def publish(self, letters: Sequence[Letter], seconds: float = 10) -> list[bool]:
        """Publish, and tell of each whether the broker took it (true) or refused it (false).

        Raises one of ``workers.running.broker.LOST``, soon; then any of them may have been taken.
        """
        if not letters:
            return []
        line = self._open()
        try:
            return line.publish(letters, seconds)
        except BlockedError:
            raise
        except LOST:
            self.close()
            raise

    def close(self) -> None:
        """Close in good order; what is lost already is no matter."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _open(self) -> "_Line":
        if self._line is not None and not self._line.is_open():
            self.close()
        if self._line is None:
            line = _Line(self._parameters)
            try:
                line.open()
            except BaseException:
                line.close()
                raise
            self._line = line
        return self._line


class _Line:
    """One connection with one channel in confirm mode, on an event loop of its own."""

    def __init__(self, wanted: URLParameters) -> None:
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._channel: Channel | None = None
        self._lost: BaseException | None = None
        self._closed = False
        self._blocked = False
        self._waiting: dict[int, int] = {}
        self._refused: set[int] = set()
        self._last_tag = 0
        self._connection = SelectConnection(
            wanted,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_close,
            on_close_callback=self._on_close,
            custom_ioloop=self._loop,
        )

    def open(self) -> None:
        self._until(lambda: self._channel is not None, ANSWER_SECONDS)

    def is_open(self) -> bool:
        """Whether it is still there; what came meanwhile, a loss too, is noticed."""
        self._serve(0)
        return self._lost is None

    def publish(self, letters: Sequence[Letter], seconds: float) -> list[bool]:
        if self._blocked:
            raise BlockedError
        self._refused = set()
        self._waiting = {}
        for place, letter in enumerate(letters):
            self._publish_one(place, letter)
        self._until(lambda: not self._waiting, seconds)
        return [place not in self._refused for place in range(len(letters))]

    def close(self) -> None:
        if not (self._connection.is_closed or self._connection.is_closing):
            self._connection.close()
        # Blocked, it answers no more than it reads.
        until = time.monotonic() + (0 if self._blocked else ANSWER_SECONDS)
        while not self._closed and (left := until - time.monotonic()) > 0:
            self._serve(left)
        self._loop.close()

    def _publish_one(self, place: int, letter: Letter) -> None:
        if self._channel is None:
            raise UnansweredError
        properties = BasicProperties(  # type: ignore[no-untyped-call]
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
            if self._lost is not None:
                raise self._lost
            if self._blocked:
                raise BlockedError
            if left <= 0:
                raise UnansweredError
            self._serve(left)

    def _serve(self, seconds: float) -> None:
        rung: list[bool] = []
        timer = self._loop.call_later(seconds, lambda: rung.append(True))
        self._loop.poll()
        self._loop.process_timeouts()
        if not rung:
            self._loop.remove_timeout(timer)

    def _on_open(self, connection: SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(partial(self._on_alarm, True))
        connection.add_on_connection_unblocked_callback(partial(self._on_alarm, False))
        connection.channel(on_open_callback=self._on_channel)

    def _on_alarm(self, on: bool, *_: object) -> None:  # noqa: FBT001 - bound, never called so
        self._blocked = on

    def _on_channel(self, channel: Channel) -> None:
        def confirming(_frame: object) -> None:
            self._channel = channel

        channel.add_on_close_callback(self._on_channel_close)
        channel.confirm_delivery(self._on_confirm, callback=confirming)

    def _on_channel_close(self, _channel: Channel, why: BaseException) -> None:
        self._lost = why

    def _on_close(self, _connection: SelectConnection, why: BaseException | str) -> None:
        self._closed = True
        self._lost = why if isinstance(why, BaseException) else AMQPConnectionError(why)

    def _on_confirm(self, frame: "Method[Basic.Ack | Basic.Nack]") -> None:
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        tags = [one for one in self._waiting if one <= tag] if multiple else [tag]
        places = [self._waiting.pop(one) for one in tags if one in self._waiting]
        if isinstance(frame.method, Basic.Nack):
            self._refused.update(places)
