"""How the topology is declared at a real broker."""

from dataclasses import replace

import pytest

from config.topology import Exchange, Queue, Topology, topology
from tests.intake.amqp import Desk, Relay
from workers.intake.topology import OtherTopologyError, TopologyError, declare_at
from workers.running.broker import connect


def test_declaring_again_changes_nothing(desk: Desk) -> None:
    """Every process declares at its start."""
    desk.publish({"type": "onward.note.recorded.v1"})

    declare_at(desk.url, topology())

    assert desk.ready("onward.intake.office") == 1


def test_a_queue_with_other_properties_is_named_with_what_to_do(desk: Desk) -> None:
    """RabbitMQ's own words say neither which command helps nor that events may be lost by it."""
    queue = Queue("onward.test.other", {"x-queue-type": "classic"})
    other = Topology((), (queue,), ())
    declare_at(desk.url, other)
    quorum = replace(other, queues=(replace(queue, arguments={"x-queue-type": "quorum"}),))

    with pytest.raises(OtherTopologyError, match="let it run empty") as told:
        declare_at(desk.url, quorum)

    assert told.value.name == queue.name
    connection = connect(desk.url, "tidying")
    connection.channel().queue_delete(queue.name)
    connection.close()


def test_an_exchange_with_other_properties_is_named(desk: Desk) -> None:
    """The same, for the other thing that RabbitMQ never changes."""
    wanted = Topology((Exchange("onward.outcomes", "fanout"),), (), ())

    with pytest.raises(OtherTopologyError, match=r"exchange onward\.outcomes"):
        declare_at(desk.url, wanted)


def test_a_broker_that_is_away_is_told_in_plain_words() -> None:
    """Who sets an installation up has not read pika's exceptions."""
    with Relay("amqp://user:secret@127.0.0.1:5672/%2F") as line:
        line.cut()

        with pytest.raises(TopologyError, match="is it running") as told:
            declare_at(line.url, topology())

    assert "secret" not in str(told.value)
