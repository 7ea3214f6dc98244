"""What RabbitMQ lets a publisher do whose user was made by the commands that we print."""

import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit, urlunsplit

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from config.definitions import revoke_command
from config.topology import EVENTS, OUTCOMES, topology
from contracts.events import TYPES
from store.publishers import Publisher
from tests.conftest import LOUD
from workers.intake.topology import declare
from workers.publishers import access, broker_commands, broker_definitions, name_problem
from workers.running.broker import connect

ACCESS_REFUSED, PRECONDITION_FAILED = 403, 406


def rabbitmqctl(command: str) -> None:
    """Run a printed command as an administrator would."""
    words = shlex.split(command)
    program = shutil.which(words[0]) or shutil.which(words[0], path="/usr/sbin")
    assert program is not None
    path = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}  # its home is its own
    subprocess.run([program, "--quiet", *words[1:]], check=True, capture_output=True, env=path)


@pytest.fixture(scope="module")
def publisher_url(broker_url: str) -> Iterator[str]:
    """Make a call-centre's user by the commands, in a vhost of our own; gone afterwards."""
    here = urlsplit(broker_url).hostname in {"127.0.0.1", "localhost", "::1"}
    program = shutil.which("rabbitmqctl") or shutil.which("rabbitmqctl", path="/usr/sbin")
    if not here or program is None or os.geteuid() != 0:
        what = f"{LOUD} rabbitmqctl: whether the commands we print make a publisher's user"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what}; with CI=true that is a failure", pytrace=False)
        pytest.skip(what)
    parts = urlsplit(broker_url)
    name, password = f"centre-{secrets.token_hex(4)}", secrets.token_hex(8)
    publisher = Publisher(name, ("call.*", "note.recorded"), ("/callcentre/*",))
    connection = connect(broker_url, "a test's administrator")
    declare(connection.channel(), topology())
    connection.close()
    for command in broker_commands(publisher, unquote(parts.path[1:]), password):
        rabbitmqctl(command)
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{place}"))
    rabbitmqctl(revoke_command(name))


def refusal(url: str, act: Callable[[BlockingChannel, str], object]) -> int:
    """Act as a publisher; give the code that the broker refused with, 0 where it did not."""
    connection = connect(url, "a test's publisher")
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        act(channel, unquote(urlsplit(url).username or ""))
    except ChannelClosedByBroker as refused:
        return int(refused.reply_code)
    else:
        return 0
    finally:
        if connection.is_open:
            connection.close()


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("call.message_taken", 0),
        ("call.ended", 0),
        ("note.recorded", 0),
        ("correspondence.recorded", ACCESS_REFUSED),
        ("invoice.issued", ACCESS_REFUSED),
    ],
)
def test_it_publishes_its_types_and_no_others(publisher_url: str, key: str, code: int) -> None:
    """A call-centre does not issue invoices."""

    def publish(channel: BlockingChannel, name: str) -> None:
        channel.basic_publish(EVENTS, key, b"{}", pika.BasicProperties(user_id=name))  # type: ignore[no-untyped-call]

    assert refusal(publisher_url, publish) == code


def test_it_cannot_publish_in_anothers_name(publisher_url: str) -> None:
    """Intake believes the property `user_id`, because the broker checks it."""

    def publish(channel: BlockingChannel, _name: str) -> None:
        properties = pika.BasicProperties(user_id="mailroom")  # type: ignore[no-untyped-call]
        channel.basic_publish(EVENTS, "call.ended", b"{}", properties)

    assert refusal(publisher_url, publish) == PRECONDITION_FAILED


@pytest.mark.parametrize(("whose", "code"), [("own", 0), ("mailroom", ACCESS_REFUSED)])
def test_it_reads_its_own_outcomes_alone(publisher_url: str, whose: str, code: int) -> None:
    """Outcomes name customers."""

    def bind(channel: BlockingChannel, name: str) -> None:
        queue = f"onward.outcomes.{name}"
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, OUTCOMES, f"{name if whose == 'own' else whose}.#")
        channel.basic_get(queue)

    assert refusal(publisher_url, bind) == code


@pytest.mark.parametrize(
    "pattern", ["*", "call.*", "*.received", "call.message_taken", "post.?eceived", "p*d"]
)
def test_the_broker_allows_the_types_that_the_store_allows(pattern: str) -> None:
    """Two gates with different rules would refuse events that a publisher was promised."""
    publisher = Publisher("centre", (pattern,), ("*",))

    allowed = re.compile(access(publisher).routing_keys)

    by_broker = {name for name in TYPES if allowed.search(name)}
    assert by_broker == {name for name in TYPES if publisher.may_publish(name)}


@pytest.mark.parametrize(
    ("name", "is_fine"),
    [
        ("callcentre-2", True),
        ("unknown", False),
        ("a.b", False),
        ("Centre", False),
        ("", False),
        ("a" * 61, False),
        ("two words", False),
    ],
)
def test_a_name_is_one_word_without_dots(name: str, is_fine: bool) -> None:
    """`a` reads `a.*`, and would read what is `a.b`'s."""
    assert (name_problem(name) is None) is is_fine


def test_definitions_hold_the_password_as_a_hash_alone() -> None:
    """They are kept in files and in version control."""
    publisher = Publisher("centre", ("call.*",), ("*",))

    made = broker_definitions(publisher, "/", "a-password")

    assert [user["name"] for user in made["users"]] == ["centre"]
    assert {p["user"] for p in made["permissions"]} == {"centre"}
    assert "a-password" not in str(made)
