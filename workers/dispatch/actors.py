"""Which Dramatiq actors are there? One a channel, each behind a queue for every lane."""

from collections.abc import Callable, Sequence
from uuid import UUID

from dramatiq import Actor, Broker

from contracts.vocabulary import Channel, Lane
from workers.dispatch.broker import SENDING, queue_name
from workers.dispatch.hints import actor_name

Deliver = Callable[[Channel, Sequence[UUID]], None]


def declare_actors(broker: Broker, deliver: Deliver | None = None) -> None:
    """Declare every queue, and, where ``deliver`` is given, the actors that work them off."""
    for channel in SENDING:
        for lane in Lane:
            broker.declare_queue(queue_name(channel, lane))
        if deliver is not None:
            Actor(
                _thin(deliver, channel),
                broker=broker,
                actor_name=actor_name(channel),
                queue_name=queue_name(channel, Lane.ROUTINE),
                priority=0,
                options={},
            )


def _thin(deliver: Deliver, channel: Channel) -> Callable[[list[str]], None]:
    def deliver_hinted(ids: list[str]) -> None:
        deliver(channel, [UUID(hex=one) for one in ids])

    return deliver_hinted
