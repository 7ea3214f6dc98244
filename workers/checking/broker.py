"""Is the broker in order? Reachable, our topology declared as this code has it, and consumed."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from config.settings import Settings
from config.topology import (
    DEAD_QUEUE,
    Exchange,
    Queue,
    hint_queues,
    intake_queues,
    topology,
)
from workers.checking.finding import Finding, fine, unset, wrong
from workers.running.broker import LOST, connect, reason_of

_NOT_FOUND, _OTHERWISE, _FORBIDDEN = 404, 406, 403
_HOW = {
    _NOT_FOUND: "missing (run onward topology)",
    _OTHERWISE: "declared with other properties (let it run empty, delete it, onward topology)",
    _FORBIDDEN: "closed to our broker user (give it configure, read and write on onward.*)",
}


def broker(found: Settings) -> Sequence[Finding]:
    """Look at the broker. Declares nothing that is not there."""
    if found.broker is None:
        return [unset("broker", "none: everything runs in one process (onward up)")]
    where = pika.URLParameters(found.broker)
    try:
        connection = connect(found.broker, "onward check")
    except LOST as error:
        told = f"RabbitMQ at {where.host}:{where.port} cannot be used ({reason_of(error)})"
        return [wrong("broker", f"{told}: is it running, and are user, password and vhost right?")]
    try:
        reached = fine("broker", f"RabbitMQ {_version(connection)} answers")
        return [reached, _topology(connection), *_consumed(connection)]
    except LOST as error:
        return [wrong("broker", f"the connection was lost meanwhile ({reason_of(error)})")]
    finally:
        if connection.is_open:
            connection.close()


def _version(connection: pika.BlockingConnection) -> str:
    told = connection._impl.server_properties or {}  # noqa: SLF001 - pika shows it nowhere else
    version = told.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)


def _topology(connection: pika.BlockingConnection) -> Finding:
    faults = list(_faults(connection))
    if faults:
        return wrong("topology", "; ".join(faults))
    wanted = topology()
    told = f"{len(wanted.exchanges)} exchanges and {len(wanted.queues)} queues"
    return fine("topology", f"{told} are declared as this code has them")


def _faults(connection: pika.BlockingConnection) -> Iterator[str]:
    wanted = topology()
    for exchange in wanted.exchanges:
        if fault := _refusal(connection, partial(_declare_exchange, exchange)):
            yield f"exchange {exchange.name} is {fault}"
    for queue in wanted.queues:
        if fault := _refusal(connection, partial(_declare_queue, queue)):
            yield f"queue {queue.name} is {fault}"


def _declare_exchange(exchange: Exchange, channel: BlockingChannel, *, passive: bool) -> None:
    arguments = dict(exchange.arguments)
    channel.exchange_declare(
        exchange.name, exchange.kind, durable=True, passive=passive, arguments=arguments
    )


def _declare_queue(queue: Queue, channel: BlockingChannel, *, passive: bool) -> None:
    arguments = dict(queue.arguments)
    channel.queue_declare(queue.name, durable=True, passive=passive, arguments=arguments)


def _refusal(connection: pika.BlockingConnection, declare: Callable[..., None]) -> str | None:
    """Say why something is not as wanted; a refusal closes its channel, so each has its own."""
    channel = connection.channel()
    try:
        declare(channel, passive=True)
        # Passively, RabbitMQ compares no arguments; what is there is not changed by declaring it.
        declare(channel, passive=False)
    except ChannelClosedByBroker as refused:
        return _HOW.get(refused.reply_code, f"refused with code {refused.reply_code}")
    channel.close()
    return None


def _consumed(connection: pika.BlockingConnection) -> Iterator[Finding]:
    for what, command, names in (
        ("intake queues", "onward intake", (*intake_queues(), DEAD_QUEUE)),
        ("hint queues", "onward dispatch", hint_queues()),
    ):
        forsaken = [
            f"{name} ({count})"
            for name in names
            for count, consumers in [depth(connection, name)]
            if count and not consumers
        ]
        if forsaken:
            told = f"nobody takes from {', '.join(forsaken)}: is {command} running?"
            yield wrong(what, told)
        else:
            yield fine(what, "nothing stands in them without a taker")


def depth(connection: pika.BlockingConnection, name: str) -> tuple[int, int]:
    """Give how much stands in a queue, and how many take from it; of a missing queue, nothing."""
    channel = connection.channel()
    try:
        counted = channel.queue_declare(name, passive=True).method
    except ChannelClosedByBroker:
        return 0, 0  # missing: told by the topology, or declared when dispatch first runs
    channel.close()
    return counted.message_count, counted.consumer_count
