"""How is a hint put into RabbitMQ? Once, and never waiting for longer than hints are worth.

Dramatiq's own broker tries six times. With the broker blocked by a resource alarm (memory, disk)
each try hangs for as long as is allowed and then leaves a copy behind, which is delivered when the
alarm is over: one call took minutes and made six hints.
"""

from dramatiq import Message
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed
from pika import BasicProperties
from pika.exceptions import (
    AMQPChannelError,
    AMQPConnectionError,
    ConnectionBlockedTimeout,
    UnroutableError,
)

from workers.broker import parameters

MOST_WAITING = 20_000  # hints in one queue; a hint holds up to some 3.5 KB
_BLOCKED_SECONDS = 5
_PERSISTENT = 2
_TRIES = 2  # a connection that idled may be gone, which is noticed only when it is used


class Rabbit(RabbitmqBroker):
    """RabbitMQ for hints; nothing is connected before it is used."""

    def __init__(self, url: str) -> None:
        super().__init__(url=url, middleware=[], confirm_delivery=True)
        wanted = parameters(url, "onward hints")
        wanted.blocked_connection_timeout = _BLOCKED_SECONDS
        self.parameters = wanted  # type: ignore[assignment]

    def enqueue(self, message: Message, *, delay: int | None = None) -> Message:  # type: ignore[type-arg]
        """Publish a hint and wait for the confirm, for seconds at most.

        Raises ``ConnectionClosed``, and ``pika.exceptions.NackError`` where the queue is full.
        """
        if delay is not None:
            raise ValueError("what is due later stands in the store; no hint is delayed")
        for last in (False, True):
            try:
                return self._publish(message)
            except (AMQPConnectionError, AMQPChannelError) as error:
                del self.connection
                # Blocked, it would be blocked again; and what was written may still arrive.
                if isinstance(error, UnroutableError):
                    self.queues_pending.add(message.queue_name)
                if last or isinstance(error, ConnectionBlockedTimeout):
                    raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        raise AssertionError("the last try returns or raises")

    def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
        # Full, it refuses: what is not hinted at is found in the store when there is room again.
        given = super()._build_queue_arguments(queue_name)  # type: ignore[no-untyped-call]
        return {**given, "x-max-length": MOST_WAITING, "x-overflow": "reject-publish"}

    def _publish(self, message: Message) -> Message:  # type: ignore[type-arg]
        self.declare_queue(message.queue_name, ensure=True)
        properties = BasicProperties(delivery_mode=_PERSISTENT)  # type: ignore[no-untyped-call]
        self.channel.basic_publish("", message.queue_name, message.encode(), properties, True)
        return message
