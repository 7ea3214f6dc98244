"""The broker's topology: every event has a queue, nothing is dropped, publishers keep apart."""

import hashlib
import json
import re
from base64 import b64decode

import pytest

from config.definitions import (
    PublisherAccess,
    definitions,
    publisher_commands,
    service_permissions,
    user_definition,
)
from config.topology import (
    DEAD,
    DEAD_QUEUE,
    EVENTS,
    OUTCOMES,
    UNROUTABLE,
    hint_queues,
    intake_queues,
    topology,
)

WHOLE = topology()
CENTRE = PublisherAccess("call-centre", ("call.message_taken", "call.waiting"))


def queues_of(key: str) -> list[str]:
    """Say which queues the events exchange puts a routing key into."""
    return [
        binding.queue
        for binding in WHOLE.bindings
        if binding.exchange == EVENTS
        and re.fullmatch(binding.key.replace(".", r"\.").replace("*", "[^.]+"), key)
    ]


@pytest.mark.parametrize(
    ("key", "queue"),
    [
        ("call.message_taken", "onward.intake.calls"),
        ("post.scanned", "onward.intake.post"),
        ("item.instructed", "onward.intake.post"),
        ("invoice.issued", "onward.intake.billing"),
        ("payment.failed", "onward.intake.billing"),
        ("subscription.ended", "onward.intake.billing"),
        ("customer.registered", "onward.intake.customers"),
        ("number.assigned", "onward.intake.customers"),
        ("identity.checked", "onward.intake.customers"),
        ("destination.verified", "onward.intake.customers"),
        ("preferences.set", "onward.intake.customers"),
        ("service.started", "onward.intake.customers"),
        ("consent.given", "onward.intake.customers"),
        ("rights.requested", "onward.intake.customers"),
        ("erasure.confirmed", "onward.intake.customers"),
        ("event.withdrawn", "onward.intake.office"),
        ("note.recorded", "onward.intake.office"),
        ("correspondence.recorded", "onward.intake.office"),
        ("policy.changed", "onward.intake.notices"),
        ("offer.published", "onward.intake.notices"),
    ],
)
def test_every_kind_of_event_has_exactly_one_queue(key: str, queue: str) -> None:
    """Two queues would take an event in twice, none would call it unroutable."""
    assert queues_of(key) == [queue]


def test_what_no_queue_wants_is_kept() -> None:
    """A mistyped routing key must be seen by an operator, not vanish."""
    events = next(exchange for exchange in WHOLE.exchanges if exchange.name == EVENTS)

    assert events.arguments == {"alternate-exchange": UNROUTABLE}
    assert UNROUTABLE in intake_queues()


def test_no_intake_queue_ever_drops_an_event() -> None:
    """RabbitMQ's own defaults drop the oldest at a limit, and the undeliverable without trace."""
    for queue in WHOLE.queues:
        assert queue.arguments["x-queue-type"] == "quorum"
        assert queue.arguments["x-overflow"] == "reject-publish"
        if queue.name not in {DEAD_QUEUE, UNROUTABLE}:
            assert queue.arguments["x-dead-letter-exchange"] == DEAD
            assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
            assert int(queue.arguments["x-delivery-limit"]) > 0


def test_hints_have_a_queue_a_lane() -> None:
    """Bulk work in the same queue would hold up an urgent send."""
    assert hint_queues() == (
        "onward.call.live",
        "onward.sms.urgent",
        "onward.sms.routine",
        "onward.sms.bulk",
        "onward.email.urgent",
        "onward.email.routine",
        "onward.email.bulk",
    )


def test_definitions_are_json_that_names_all_parts() -> None:
    """An administrator loads them with one command, without our program."""
    made = json.loads(json.dumps(definitions(WHOLE, [CENTRE], vhost="onward")))

    assert {exchange["name"] for exchange in made["exchanges"]} == {
        EVENTS,
        OUTCOMES,
        DEAD,
        UNROUTABLE,
    }
    assert len(made["queues"]) == 8
    assert len(made["bindings"]) == len(WHOLE.bindings)
    assert all(part["vhost"] == "onward" for part in made["queues"] + made["permissions"])
    assert len(made["topic_permissions"]) == 2


@pytest.mark.parametrize(
    ("pattern", "name", "allowed"),
    [
        (CENTRE.routing_keys, "call.waiting", True),
        (CENTRE.routing_keys, "call.ended", False),
        (CENTRE.routing_keys, "callxwaiting", False),
        (PublisherAccess("all", ("call.*",)).routing_keys, "call.ended", True),
        (PublisherAccess("all", ("call.*",)).routing_keys, "post.received", False),
        (PublisherAccess("none", ()).routing_keys, "call.ended", False),
        (CENTRE.binding_keys, "call-centre.delivery.accepted", True),
        (CENTRE.binding_keys, "call-centre.#", True),
        (CENTRE.binding_keys, "call-centre2.delivery.accepted", False),
        (CENTRE.binding_keys, "mailroom.delivery.accepted", False),
        (CENTRE.binding_keys, "#", False),
        (CENTRE.configure, "onward.outcomes.call-centre", True),
        (CENTRE.configure, "onward.outcomes.call-centre.live", True),
        (CENTRE.configure, "onward.outcomes.call-centre2", False),
        (CENTRE.configure, "onward.intake.calls", False),
        (CENTRE.configure, "onward.outcomes", False),
        (CENTRE.write, "onward.events", True),
        (CENTRE.write, "onward.outcomes", False),
        (CENTRE.write, "amq.default", False),
        (CENTRE.read, "onward.outcomes", True),
        (CENTRE.read, "onward.intake.calls", False),
        (CENTRE.read, "onward.events", False),
        (service_permissions("onward")["write"], "amq.default", True),
        (service_permissions("onward")["write"], "amq.topic", False),
    ],
)
def test_a_publisher_reaches_its_own_and_nothing_else(
    pattern: str, name: str, allowed: bool
) -> None:
    """One publisher must neither read another's outcomes nor publish another's events."""
    assert bool(re.search(pattern, name)) is allowed


def test_commands_carry_no_password() -> None:
    """What is typed as an argument stands in every process listing."""
    commands = publisher_commands(CENTRE, vhost="onward")

    assert commands[0] == "rabbitmqctl add_user call-centre"
    assert len(commands) == 4
    assert commands[3].startswith("rabbitmqctl set_topic_permissions -p onward call-centre")


def test_a_password_is_written_as_its_salted_hash() -> None:
    """Definitions lie in files; RabbitMQ itself takes the hash."""
    made = user_definition("call-centre", "correct horse", b"salt")

    raw = b64decode(made["password_hash"])

    assert raw[:4] == b"salt"
    assert raw[4:] == hashlib.sha256(b"saltcorrect horse").digest()
    assert "correct horse" not in str(made)
