"""How do hints travel over RabbitMQ? By Dramatiq's broker, with three of its habits mended.

Dramatiq 2.2 (measured; see ``docs/decisions/0012-our-own-consumer.md``):

- acknowledges on whatever channel its consumer has now. Tags begin again with each channel, so
  after a reconnect it acknowledges hints that nobody has run;
- publishes a hint up to six times while the broker is blocked by a resource alarm, and each copy
  may still arrive;
- counts what waits on a channel that it never replaces when it is lost.
"""

from collections.abc import Callable
from functools import partial

from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.errors import ConnectionClosed
from pika import BasicProperties
from pika.exceptions import AMQPError, ConnectionBlockedTimeout, NackError, UnroutableError
from structlog import get_logger

from workers.running.broker import parameters
from workers.running.failpoints import reach

log = get_logger(__name__)
BLOCKED_SECONDS = 3
MOST_WAITING = 20_000  # hints in one queue; a hint takes some 3.5 KB at most
_UNREACHABLE_MS = 5_000
_PERSISTENT = BasicProperties(delivery_mode=2)  # type: ignore[no-untyped-call] # pika has no types


class FullError(Exception):
    """A queue holds as many hints as it may; what is due is found in the store."""


class OwnConsumer(_RabbitmqConsumer):
    """A consumer that settles nothing but what its own channel was given.

    What another channel was given the broker took back with that channel, and gives again.
    """

    def __init__(self, *given: object) -> None:
        self._held: dict[int, MessageProxy] = {}
        super().__init__(*given)  # type: ignore[no-untyped-call] # Dramatiq gives it no types

    def __next__(self) -> MessageProxy | None:
        """Give the next hint, and keep in mind which it was."""
        found: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call] # the same
        if found is not None:
            self._held[_tag(found)] = found
        return found

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge a hint, if this channel was given it."""
        self._settle(message, self._acknowledge)

    def nack(self, message: MessageProxy) -> None:
        """Refuse a hint, if this channel was given it."""
        self._settle(message, partial(self.channel.basic_nack, requeue=False))

    def _settle(self, message: MessageProxy, settle: Callable[[int], None]) -> None:
        tag = _tag(message)
        if self._held.get(tag) is not message:
            log.info("hint_comes_again", queue=self.queue_name)
            return
        del self._held[tag]
        self.known_tags.discard(tag)
        try:
            self.connection.add_callback_threadsafe(partial(settle, tag))
        except AMQPError:  # its channel is gone, so the broker gives it again
            log.info("hint_comes_again", queue=self.queue_name)

    def _acknowledge(self, tag: int) -> None:
        self.channel.basic_ack(tag)
        reach("dispatch.acknowledged")


class HintBroker(RabbitmqBroker):
    """Dramatiq's broker over RabbitMQ; nothing is connected before it is used."""

    def __init__(self, url: str, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        super().__init__(url=url, middleware=[], confirm_delivery=True)
        bounded = parameters(url, "onward hints")
        bounded.blocked_connection_timeout = BLOCKED_SECONDS
        bounded.tcp_options = {"TCP_USER_TIMEOUT": _UNREACHABLE_MS}
        self.parameters = [bounded]

    @property
    def consumer_class(self) -> type[OwnConsumer]:
        """What consumes."""
        return OwnConsumer

    def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
        # Full, it refuses: what is not hinted at is found in the store when there is room again.
        given = super()._build_queue_arguments(queue_name)  # type: ignore[no-untyped-call] # the same
        return {**given, "x-max-length": self._most_waiting, "x-overflow": "reject-publish"}

    def enqueue(self, message: Message[None], *, delay: int | None = None) -> Message[None]:
        """Publish a hint and wait for the confirm. Raises ``ConnectionClosed`` or ``FullError``.

        Tried once more where the connection was lost, as an idle one is; never where the broker
        is blocked: what has been written to it then may still arrive. So a hint leaves at most
        two copies, and holds up its thread no longer than the broker's silence is waited out.
        """
        name = message.queue_name
        for is_last in (False, True):
            try:
                self.declare_queue(name, ensure=True)
                self.emit_before("enqueue", message, delay)
                self.channel.basic_publish(
                    exchange="",
                    routing_key=name,
                    body=message.encode(),
                    properties=_PERSISTENT,
                    mandatory=True,
                )
                self.emit_after("enqueue", message, delay)
                return message
            except NackError:
                raise FullError from None
            except AMQPError as error:
                del self.connection
                if isinstance(error, UnroutableError):  # somebody has deleted the queue
                    self.queues_pending.add(name)
                if is_last or isinstance(error, ConnectionBlockedTimeout):
                    raise _closed(error) from None
        raise AssertionError("the last try returns or raises")

    def waiting(self, queue_name: str) -> int:
        """Count the hints that wait in a queue. Raises ``ConnectionClosed``."""
        try:
            declared = self._declare_queue(queue_name)  # type: ignore[no-untyped-call] # the same
            return int(declared.method.message_count)
        except AMQPError as error:
            del self.connection
            raise _closed(error) from None


def _tag(message: MessageProxy) -> int:
    return int(message._tag)  # noqa: SLF001 - how Dramatiq's consumers know their messages


def _closed(error: AMQPError) -> ConnectionClosed:
    return ConnectionClosed(error)  # type: ignore[no-untyped-call] # the same
