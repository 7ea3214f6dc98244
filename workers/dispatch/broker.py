"""Over what do hints travel? RabbitMQ, or this process's memory where there is no broker.

Hints are no more than hints: losing one or running it twice does no harm. So none of Dramatiq's
retries, age limits or time limits are wanted: a time limit would fail an actor whose sends go on.
"""

from dramatiq import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker

from contracts.vocabulary import Channel, Lane

# Post is never hinted: the mailroom reports what it sent on.
SENDING = (Channel.SMS, Channel.EMAIL, Channel.CALL)
_BLOCKED_SECONDS = 20


def queue_name(channel: Channel, lane: Lane) -> str:
    """The queue of one lane of one channel."""
    return f"onward.{channel.value}.{lane.value}"


def open_broker(url: str | None) -> Broker:
    """Open the broker for hints; nothing is connected before it is used.

    Publishing waits for the broker's confirm, and gives up instead of hanging when the broker is
    blocked by a resource alarm.
    """
    if url is None:
        return StubBroker(middleware=[])
    separator = "&" if "?" in url else "?"
    bounded = f"{url}{separator}blocked_connection_timeout={_BLOCKED_SECONDS}"
    return RabbitmqBroker(url=bounded, middleware=[], confirm_delivery=True)
