"""How outcomes get to publishers over a real broker."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from config.topology import OUTCOMES
from contracts.envelope import parse_structured
from contracts.vocabulary import Role
from store import outbox
from store.engine import Store
from store.outbox import Outcome, to_publisher, to_role
from store.publishers import Publisher
from tests.intake.amqp import Desk, Relay, admit
from tests.waiting import eventually
from workers.running.broker import LOST
from workers.upkeep.outcomes import OutcomePublisher


@pytest.fixture
def publishing(store: Store, desk: Desk) -> Iterator[OutcomePublisher]:
    """Give what publishes, to two call-centres and a mailroom."""
    roles = {"north": (Role.CALL_CENTRE,), "south": (Role.CALL_CENTRE,), "room": (Role.MAILROOM,)}
    admit(store, *(Publisher(name, ("*",), ("*",), (), given) for name, given in roles.items()))
    opened = OutcomePublisher(desk.url, store)
    yield opened
    opened.close()


def put(store: Store, *audiences: str, name: str = "event.rejected") -> list[str]:
    """Commit and list an outcome for each audience; give their ids."""
    with store.write() as tx:
        made = [
            Outcome(
                id=f"{uuid4()}:rejected",
                audience=audience,
                name=name,
                at=tx.now,
                facts={"source": "/callcentre/doncaster", "id": "e-1", "errors": []},
            )
            for audience in audiences
        ]
        outbox.add(tx, made)
        outbox.give_positions(tx)
    return [one.id for one in made]


class Inbox:
    """A publisher's own queue for its outcomes."""

    def __init__(self, desk: Desk, name: str, **arguments: Any) -> None:
        self._channel = desk.channel
        self.queue = f"onward.outcomes.{name}"
        self._channel.queue_declare(
            self.queue, durable=True, arguments={"x-queue-type": "quorum"} | arguments
        )
        self._channel.queue_bind(self.queue, OUTCOMES, f"{name}.#")

    def take(self) -> tuple[Any, Any, Any] | None:
        """Give the next one as AMQP has it."""
        method, properties, body = self._channel.basic_get(self.queue, auto_ack=True)
        return None if method is None else (method, properties, body)

    def delete(self) -> None:
        """Tidy up."""
        self._channel.queue_delete(self.queue)


@pytest.fixture
def north(desk: Desk) -> Iterator[Inbox]:
    """Give the inbox of one call-centre."""
    inbox = Inbox(desk, "north")
    yield inbox
    inbox.delete()


@pytest.fixture
def south(desk: Desk) -> Iterator[Inbox]:
    """Give the inbox of the other call-centre."""
    inbox = Inbox(desk, "south")
    yield inbox
    inbox.delete()


def test_a_publisher_is_told_of_its_own_events_alone(
    store: Store, publishing: OutcomePublisher, north: Inbox, south: Inbox
) -> None:
    """What became of an event names a customer."""
    (outcome_id,) = put(store, to_publisher("north"))

    done = publishing.publish_some()

    method, properties, body = eventually(north.take, "it is told")
    assert done == 1
    assert method.routing_key == "north.event.rejected"
    assert properties.content_type == "application/cloudevents+json"
    assert (properties.message_id, properties.delivery_mode) == (outcome_id, 2)
    assert parse_structured(body).id == outcome_id
    assert south.take() is None


def test_everyone_with_a_role_is_told(
    store: Store, publishing: OutcomePublisher, north: Inbox, south: Inbox
) -> None:
    """Two call-centres may answer for one company."""
    put(store, to_role(Role.CALL_CENTRE))

    publishing.publish_some()

    keys = [eventually(inbox.take, "each is told")[0].routing_key for inbox in (north, south)]
    assert keys == ["north.event.rejected", "south.event.rejected"]


def test_what_was_confirmed_is_not_published_again(
    store: Store, publishing: OutcomePublisher, north: Inbox
) -> None:
    """A round every half second must not tell everything anew."""
    put(store, *[to_publisher("north")] * 1200)

    rounds = [publishing.publish_some() for _ in range(4)]

    assert rounds == [500, 500, 200, 0]
    told = [eventually(north.take, "all are told")[1].message_id for _ in range(1200)]
    assert len(set(told)) == 1200
    assert north.take() is None


def test_an_outcome_for_nobody_admitted_holds_up_no_other(
    store: Store, publishing: OutcomePublisher, north: Inbox
) -> None:
    """Rejected events of unknown users have no reader."""
    put(store, to_publisher("unknown"), to_publisher("north"))

    done = publishing.publish_some()

    assert done == 2
    assert eventually(north.take, "the other is told")


def test_a_full_queue_of_one_publisher_holds_up_no_other(
    store: Store, desk: Desk, publishing: OutcomePublisher, north: Inbox
) -> None:
    """One that never reads its outcomes must not keep others from theirs."""
    full = Inbox(desk, "room", **{"x-max-length": 1, "x-overflow": "reject-publish"})
    for _ in range(3):  # the limit of a quorum queue is a soft one
        put(store, *[to_publisher("room")] * 3)
        publishing.publish_some()
    waiting = put(store, to_publisher("room"), to_publisher("north"))

    rounds = [publishing.publish_some() for _ in range(8)]

    full.delete()
    assert eventually(north.take, "the other is told")[1].message_id == waiting[1]
    assert rounds[-1] == 0
    with store.read() as tx:
        assert outbox.unpublished(tx) == []


def test_a_lost_broker_costs_a_pause_and_no_outcome(store: Store, desk: Desk, north: Inbox) -> None:
    """Only what the broker confirmed counts as told."""
    admit(store, Publisher("north", ("*",), ("*",)))
    with Relay(desk.url) as line:
        publishing = OutcomePublisher(line.url, store, pause=0)
        put(store, to_publisher("north"))
        publishing.publish_some()
        line.cut()
        (second,) = put(store, to_publisher("north"))

        with pytest.raises(LOST):
            publishing.publish_some()
        line.mend()
        done = publishing.publish_some()
        publishing.close()

    assert done == 1
    eventually(north.take, "the first")
    assert eventually(north.take, "the second")[1].message_id == second
