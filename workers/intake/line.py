"""What has the broker delivered that nobody has acknowledged, and how is it acknowledged?

One connection with two channels. ``events`` are the families' queues, taken in batches; ``dead``
are the dead letters, one at a time: what ends a process ends it alone there. Prefetch is by
consumer (quorum queues know no other), so each queue may have so many unacknowledged.
"""

import time
from collections import deque
from collections.abc import Sequence

from pika import BasicProperties, BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pika.spec import Basic

from workers.intake.reading import Arrived


class ConsumerCancelledError(AMQPError):
    """The broker ended our consuming of a queue: it was deleted, or its leader moved."""


class Feed:
    """One channel's deliveries, in the order received. Tags mean something on it alone."""

    def __init__(
        self, connection: BlockingConnection, queues: Sequence[str], prefetch: int
    ) -> None:
        self.arrived: deque[Arrived] = deque()
        self.cancelled = False
        self._channel = connection.channel()
        self._channel.add_on_cancel_callback(self._cancel)
        self._channel.basic_qos(prefetch_count=prefetch)
        for queue in queues:
            self._channel.basic_consume(queue, self._take)

    def next(self, limit: int) -> list[Arrived]:
        """Give the next deliveries, at most ``limit``."""
        return [self.arrived.popleft() for _ in range(min(limit, len(self.arrived)))]

    def acknowledge(self, last: Arrived) -> None:
        """Acknowledge this delivery and all before it. Raises where the channel is no more."""
        self._channel.basic_ack(last.tag, multiple=True)

    def _take(
        self,
        _channel: BlockingChannel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        headers = properties.headers or {}
        tries = headers.get("x-delivery-count", 0)
        self.arrived.append(
            Arrived(
                method.delivery_tag,
                method.routing_key,
                properties.user_id,
                properties.content_type,
                headers,
                body,
                tries if isinstance(tries, int) else 0,
            )
        )

    def _cancel(self, _frame: object) -> None:
        self.cancelled = True


class Line:
    """The connection with both feeds. Everything unacknowledged goes back when it closes."""

    def __init__(
        self,
        connection: BlockingConnection,
        queues: Sequence[str],
        dead_queue: str,
        prefetch: int,
    ) -> None:
        self._connection = connection
        self.events = Feed(connection, queues, prefetch)
        self.dead = Feed(connection, [dead_queue], 1)

    def serve(self, seconds: float) -> None:
        """Serve the connection until something comes, at most so long. Raises when it is lost."""
        self._connection.process_data_events(time_limit=max(seconds, 0))
        if self.events.cancelled or self.dead.cancelled:
            raise ConsumerCancelledError

    def drain(self, limit: int) -> None:
        """Take over events that have come already, until there are ``limit``."""
        before = -1
        while before < len(self.events.arrived) < limit:
            before = len(self.events.arrived)
            self.serve(0)

    def rest(self, seconds: float) -> None:
        """Let time pass and answer heartbeats."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.serve(left)

    def close(self) -> None:
        """Close in good order; a connection that is lost already is no matter."""
        try:
            self._connection.close()
        except (AMQPError, OSError):
            return
