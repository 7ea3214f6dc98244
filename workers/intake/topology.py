"""How are exchanges, queues and bindings declared at the broker?

Declaring what is there already changes nothing. What is there with other arguments is never
changed by RabbitMQ (it answers 406), so that is told with what an operator can do.
"""

from collections.abc import Callable
from functools import partial

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from config.topology import Topology
from workers.running.broker import LOST, BrokerAwayError, connect

_PRECONDITION_FAILED = 406
_HOW = {
    "queue": "stop what publishes to it, let it run empty, delete it with"
    " `rabbitmqctl delete_queue {name}`",
    "exchange": "delete it on RabbitMQ's management page",
}


class TopologyError(Exception):
    """The topology cannot be declared; the text is for an operator."""


class OtherTopologyError(TopologyError):
    """An exchange or queue is there with other arguments than ours; ``name`` says which."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        how = _HOW[kind].format(name=name)
        super().__init__(
            f"the {kind} {name} is at the broker already with other properties, which RabbitMQ"
            f" never changes; {how}, then declare it again with `onward topology`"
        )


def declare_at(url: str, topology: Topology) -> None:
    """Declare everything at a broker. Raises ``TopologyError``, also where it does not answer."""
    try:
        connection = connect(url, "onward topology")
        try:
            declare(connection.channel(), topology)
        finally:
            if connection.is_open:
                connection.close()
    except LOST as error:
        raise TopologyError(str(BrokerAwayError(url, 0, error))) from None


def declare(channel: BlockingChannel, topology: Topology) -> None:
    """Declare everything, in order. Raises ``OtherTopologyError``, and what pika raises."""
    for exchange in topology.exchanges:
        declaring = partial(
            channel.exchange_declare,
            exchange.name,
            exchange.kind,
            durable=True,
            arguments=dict(exchange.arguments),
        )
        _declared("exchange", exchange.name, declaring)
    for queue in topology.queues:
        asking = partial(
            channel.queue_declare, queue.name, durable=True, arguments=dict(queue.arguments)
        )
        _declared("queue", queue.name, asking)
    for binding in topology.bindings:
        channel.queue_bind(binding.queue, binding.exchange, binding.key)


def _declared(kind: str, name: str, declaring: Callable[[], object]) -> None:
    try:
        declaring()
    except ChannelClosedByBroker as refused:
        if refused.reply_code == _PRECONDITION_FAILED:
            raise OtherTopologyError(kind, name) from None
        raise
