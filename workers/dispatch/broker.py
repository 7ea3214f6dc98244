"""Over what do hints travel? RabbitMQ, or this process's memory where there is no broker.

Hints are no more than hints: losing one or running it twice does no harm. So none of Dramatiq's
retries, age limits or time limits are wanted: a time limit would fail an actor whose sends go on.
"""

from dramatiq import Broker
from dramatiq.brokers.stub import StubBroker

from contracts.vocabulary import Channel, Lane
from workers.dispatch.rabbitmq import HintBroker

# Post is never hinted: the mailroom reports what it sent on.
SENDING = (Channel.SMS, Channel.EMAIL, Channel.CALL)


def queue_name(channel: Channel, lane: Lane) -> str:
    """The queue of one lane of one channel."""
    return f"onward.{channel.value}.{lane.value}"


def open_broker(url: str | None) -> Broker:
    """Open the broker for hints; nothing is connected before it is used."""
    return StubBroker(middleware=[]) if url is None else HintBroker(url)
