"""What RabbitMQ itself lets a publisher do, under the permissions that we write for it."""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from config.definitions import PublisherAccess, definitions, user_definition
from config.topology import DEAD_QUEUE, EVENTS, OUTCOMES, UNROUTABLE, intake_queue, topology
from contracts.vocabulary import Family
from tests.rooms import delete_user, load_definitions
from tests.service_answers import MANAGEMENT
from tests.waiting import eventually

ACCESS_REFUSED = 403


@dataclass(frozen=True, slots=True)
class Broker:
    """The loaded broker: its own user's address, and one publisher's."""

    service_url: str
    publisher_url: str
    publisher: str


@pytest.fixture(scope="module")
def broker(broker_url: str) -> Iterator[Broker]:
    """Load topology and one call-centre's user, as an administrator would."""
    management = os.environ.get(MANAGEMENT)
    parts = urlsplit(broker_url)
    name, password = f"centre-{secrets.token_hex(4)}", secrets.token_hex(8)
    access = PublisherAccess(name, ("call.message_taken", "call.waiting"))
    made = definitions(topology(), [access], vhost=unquote(parts.path[1:]))
    made["users"] = [user_definition(name, password, secrets.token_bytes(4))]
    load_definitions(broker_url, made, management)
    place = parts.netloc.rpartition("@")[2]
    yield Broker(broker_url, urlunsplit(parts._replace(netloc=f"{name}:{password}@{place}")), name)
    delete_user(broker_url, name, management)


def attempt(url: str, act: Callable[[BlockingChannel], object]) -> int:
    """Act on a channel of its own; give 0, or the code that the broker refused with."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        act(channel)
    except pika.exceptions.ChannelClosedByBroker as refused:
        return int(refused.reply_code)
    else:
        return 0
    finally:
        if connection.is_open:
            connection.close()


@pytest.mark.parametrize(
    ("key", "code"),
    [("call.message_taken", 0), ("call.ended", ACCESS_REFUSED), ("post.received", ACCESS_REFUSED)],
)
def test_a_publisher_publishes_what_it_was_admitted_for(
    broker: Broker, key: str, code: int
) -> None:
    """A call-centre must not be able to say that a letter came."""

    def publish(channel: BlockingChannel) -> None:
        channel.basic_publish(EVENTS, key, b"{}", mandatory=True)

    assert attempt(broker.publisher_url, publish) == code


@pytest.mark.parametrize(
    ("key", "code"),
    [("{own}.#", 0), ("mailroom.#", ACCESS_REFUSED), ("#", ACCESS_REFUSED)],
)
def test_a_publisher_binds_its_own_outcomes_alone(broker: Broker, key: str, code: int) -> None:
    """Outcomes name customers; another publisher's are none of its business."""
    queue = f"onward.outcomes.{broker.publisher}"

    def bind(channel: BlockingChannel) -> None:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, OUTCOMES, key.format(own=broker.publisher))

    assert attempt(broker.publisher_url, bind) == code


@pytest.mark.parametrize("queue", [intake_queue(Family.CALLS), DEAD_QUEUE, UNROUTABLE])
def test_a_publisher_reads_no_queue_of_ours(broker: Broker, queue: str) -> None:
    """Everybody's events lie there."""
    assert attempt(broker.publisher_url, lambda ch: ch.basic_get(queue)) == ACCESS_REFUSED


def test_declaring_over_loaded_definitions_changes_nothing(broker: Broker) -> None:
    """Both ways must yield the same arguments, or RabbitMQ answers 406 to the second."""

    def declare(channel: BlockingChannel) -> None:
        for exchange in topology().exchanges:
            channel.exchange_declare(
                exchange.name, exchange.kind, durable=True, arguments=dict(exchange.arguments)
            )
        for queue in topology().queues:
            channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
        for binding in topology().bindings:
            channel.queue_bind(binding.queue, binding.exchange, binding.key)

    assert attempt(broker.service_url, declare) == 0


def test_an_event_no_queue_wants_is_kept(broker: Broker) -> None:
    """A mistyped key is confirmed to its publisher, so we must not lose it."""
    seen: list[str] = []

    def publish_and_find(channel: BlockingChannel) -> None:
        channel.basic_publish(EVENTS, "nonsense.typed", b"{}", mandatory=True)
        method = eventually(lambda: channel.basic_get(UNROUTABLE)[0], "the event is kept")
        seen.append(method.routing_key)
        channel.basic_ack(method.delivery_tag)

    attempt(broker.service_url, publish_and_find)

    assert seen == ["nonsense.typed"]


def test_a_refused_event_lies_with_the_dead_letters(broker: Broker) -> None:
    """Dead letters are taken in one by one; dropped ones could not be."""
    seen: list[str] = []
    queue = intake_queue(Family.OFFICE)

    def publish_and_refuse(channel: BlockingChannel) -> None:
        channel.basic_publish(EVENTS, "note.recorded", b"{}", mandatory=True)
        method = eventually(lambda: channel.basic_get(queue)[0], "the event is there")
        channel.basic_reject(method.delivery_tag, requeue=False)
        dead = eventually(lambda: channel.basic_get(DEAD_QUEUE)[0], "it is dead-lettered")
        seen.append(dead.routing_key)
        channel.basic_ack(dead.delivery_tag)

    attempt(broker.service_url, publish_and_refuse)

    assert seen == ["note.recorded"]
