"""What if RabbitMQ takes nothing more for want of memory? Nobody waits for it for ever."""

import json
import signal
import time
import urllib.request
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from config.topology import OUTCOMES, topology
from contracts.vocabulary import Channel, Lane
from store import outbox
from store.deliveries.adding import Due
from store.outbox import Outcome, to_publisher
from tests import factories
from tests.backpressure.conftest import Node
from tests.building import House
from tests.supervising.conftest import Up
from tests.waiting import eventually
from workers.dispatch.actors import declare_actors
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Aside, Hints
from workers.intake.topology import declare_at
from workers.running.broker import connect
from workers.upkeep.confirming import BlockedError
from workers.upkeep.outcomes import OutcomePublisher

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SOON_SECONDS = 8.0
QUEUE = "of-a-publisher"


def _due(count: int) -> list[Due]:
    return [Due(UUID(int=n + 1), Channel.SMS, Lane.ROUTINE, NOW) for n in range(count)]


def test_hints_are_given_up_within_seconds_and_sent_again_afterwards(node: Node) -> None:
    """A thread that has sent and recorded must not stand still for a hint."""
    broker = open_broker(node.url)
    declare_actors(broker)
    hints = Hints(broker, 100)
    sent = hints(_due(1))
    node.alarm(on=True)
    try:
        began = time.monotonic()
        first = hints(_due(1))
        took = time.monotonic() - began

        began = time.monotonic()
        later = [hints(_due(1)) for _ in range(100)]
        took_later = time.monotonic() - began
    finally:
        node.alarm(on=False)
    eventually(lambda: hints(_due(1)), "hints go out again", 60)
    broker.close()

    assert (sent, first, set(later)) == (1, 0, {0})
    assert took < SOON_SECONDS
    assert took_later < 1


def test_what_stands_aside_ends_within_seconds_and_holds_no_more_than_its_share(
    node: Node,
) -> None:
    """The doors answer without waiting for hints; an hour of alarm must not fill their memory."""
    broker = open_broker(node.url)
    declare_actors(broker)
    aside = Aside(Hints(broker, 100))
    aside(_due(1))
    node.alarm(on=True)
    try:
        taken = sum(aside(_due(100)) for _ in range(5_000))
        began = time.monotonic()
        aside.close()
        took = time.monotonic() - began
    finally:
        node.alarm(on=False)
    broker.close()

    assert taken < 5_000 * 100
    assert took < 2 * SOON_SECONDS


def _put(house: House, count: int) -> list[str]:
    with house.store.write() as tx:
        made = [
            Outcome(
                id=f"{uuid4()}:rejected",
                audience=to_publisher("all"),
                name="event.rejected",
                at=tx.now,
                facts={"source": "/callcentre/doncaster", "id": "e-1", "errors": []},
            )
            for _ in range(count)
        ]
        outbox.add(tx, made)
        outbox.give_positions(tx)
    return [one.id for one in made]


def test_outcomes_wait_without_holding_up_upkeep_and_leave_few_copies(
    server_house: House, node: Node
) -> None:
    """Each new connection would leave a batch behind in a socket, to be taken afterwards."""
    declare_at(node.url, topology())
    connection = connect(node.url, "a test's reader")
    channel = connection.channel()
    channel.queue_declare(QUEUE)
    channel.queue_bind(QUEUE, OUTCOMES, "all.#")
    publishing = OutcomePublisher(node.url, server_house.store, pause=0)
    ids = _put(server_house, 1)
    published = publishing.publish_some()
    node.alarm(on=True)
    try:
        ids += _put(server_house, 50)
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(BlockedError):
                publishing.publish_some()
        took = time.monotonic() - began
    finally:
        node.alarm(on=False)
    eventually(lambda: _published(publishing), "outcomes go out again")
    publishing.close()
    received = _received(channel)
    connection.close()

    assert published == 1
    assert took < SOON_SECONDS
    assert set(received) == set(ids)
    assert len(received) <= 1 + 2 * 50


def _published(publishing: OutcomePublisher) -> int:
    try:
        return publishing.publish_some()
    except BlockedError:
        return 0


def _received(channel: object) -> list[str]:
    found: list[str] = []
    while True:
        method, properties, _ = channel.basic_get(QUEUE, auto_ack=True)  # type: ignore[attr-defined]
        if method is None:
            return found
        found.append(str(properties.message_id))


def test_a_blocked_installation_takes_events_in_and_stops_when_it_is_told_to(
    up: Up, node: Node
) -> None:
    """SIGTERM must work on the worst day, too."""
    said = up.onward("publishers", "add", "load", "--type", "*", "--source", "*")
    key = said.rpartition(": ")[2].strip()
    node.alarm(on=True)
    try:
        for _ in range(20):
            _hand_in(up, key)

        up.process.send_signal(signal.SIGTERM)
        ended = up.process.wait(90)
    finally:
        node.alarm(on=False)

    assert ended == 0
    assert up.said("child_killed") == []


def _hand_in(up: Up, key: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own door
        f"{up.door()}/events",
        data=json.dumps([factories.envelope("call.message_taken")]).encode(),
        headers={
            "Content-Type": "application/cloudevents-batch+json",
            "Authorization": f"Bearer {key}",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        assert answer.status == 202
