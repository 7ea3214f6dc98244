from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from config.settings import Settings
from config.topology import Exchange, Queue, Topology, topology
from tests.checking.telling import told
from workers.checking import State
from workers.checking.broker import broker
from workers.checking.outside import files, provider_clock, providers
from workers.intake.topology import declare
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings


@pytest.fixture
def vhost(broker_url: str) -> Iterator[str]:
    """Give the vhost empty of our topology, whatever other tests have left in it."""
    _clear(broker_url)
    yield broker_url
    _clear(broker_url)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Run the stand-ins of our providers."""
    with Sandbox(SandboxSettings(tmp_path / "sandbox")) as running:
        yield running


def _clear(url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        for queue in topology().queues:
            connection.channel().queue_delete(queue.name)
        for exchange in topology().exchanges:
            connection.channel().exchange_delete(exchange.name)


def _declare(url: str, wanted: Topology) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        declare(connection.channel(), wanted)


def _settings(folder: Path, **given: object) -> Settings:
    return Settings(data_dir=folder, sandbox=True, **given)  # type: ignore[arg-type]


def _with_broker(folder: Path, url: str) -> Settings:
    return _settings(folder, broker_url=url, database_url="postgresql://127.0.0.1:1/onward")


def _with_sandbox(folder: Path, sandbox: Sandbox, **given: object) -> Settings:
    wanted = {
        "twilio_account_sid": sandbox.account_sid,
        "twilio_auth_token": sandbox.auth_token,
        "twilio_api_url": sandbox.http_url,
        "smtp_host": sandbox.smtp_host,
        "smtp_port": sandbox.smtp_port,
        "smtp_security": "none",
    }
    return _settings(folder, **(wanted | given))


def test_a_declared_topology_is_fine(tmp_path: Path, vhost: str) -> None:
    """Looking twice in different ways must not report what is right."""
    _declare(vhost, topology())

    found = told(broker(_with_broker(tmp_path, vhost)))

    assert [one.what for one in found.values() if one.state is not State.FINE] == []


def test_what_is_missing_at_the_broker_is_named_and_not_declared(
    tmp_path: Path, vhost: str
) -> None:
    """A check that declares hides that somebody else forgot to."""
    first = told(broker(_with_broker(tmp_path, vhost)))
    again = told(broker(_with_broker(tmp_path, vhost)))

    assert "queue onward.intake.calls is missing" in first["topology"].says
    assert again["topology"] == first["topology"]


def test_a_queue_with_other_arguments_is_out_of_step(tmp_path: Path, vhost: str) -> None:
    """RabbitMQ never changes a queue's arguments, so an upgrade can leave them behind."""
    _declare(vhost, Topology((), (Queue("onward.intake.calls", {"x-queue-type": "quorum"}),), ()))
    _declare(vhost, Topology((Exchange("onward.outcomes", "direct"),), (), ()))

    found = told(broker(_with_broker(tmp_path, vhost)))

    assert "queue onward.intake.calls is declared with other properties" in found["topology"].says
    assert "exchange onward.outcomes is declared with other" in found["topology"].says


def test_a_queue_that_nobody_takes_from_is_told(tmp_path: Path, vhost: str) -> None:
    """Publishers are confirmed while nothing moves: that is what an operator must hear of."""
    _declare(vhost, topology())
    with pika.BlockingConnection(pika.URLParameters(vhost)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("onward.events", "call.ended", b"{}", mandatory=True)

    found = told(broker(_with_broker(tmp_path, vhost)))

    assert "onward.intake.calls (1)" in found["intake queues"].says
    assert not found["intake queues"].fine


def test_a_dead_broker_is_told_without_its_password(tmp_path: Path) -> None:
    """Where it should be is shown, what opens it is not."""
    found = told(broker(_with_broker(tmp_path, "amqp://onward:hidden@127.0.0.1:1/x")))

    assert "127.0.0.1:1" in found["broker"].says
    assert "hidden" not in found["broker"].says


def test_providers_that_know_us_are_fine(tmp_path: Path, sandbox: Sandbox) -> None:
    """Nothing is reported wrong where nothing is, and nothing is sent to find out."""
    settings = _with_sandbox(tmp_path, sandbox)

    found = told([*providers(settings), *provider_clock(settings)])

    assert [one.what for one in found.values() if not one.fine] == []
    assert sandbox.record() == []


def test_a_wrong_token_is_told_as_such(tmp_path: Path, sandbox: Sandbox) -> None:
    """Wrong credentials pause a channel for everybody."""
    found = told(providers(_with_sandbox(tmp_path, sandbox, twilio_auth_token="another")))

    assert "refuses our credentials" in found["sms provider"].says
    assert "another" not in found["sms provider"].says


def test_a_provider_that_is_not_there_is_told(tmp_path: Path, sandbox: Sandbox) -> None:
    """The address is shown, so that a slip in it is seen."""
    settings = _with_sandbox(tmp_path, sandbox, twilio_api_url="http://127.0.0.1:1", smtp_port=1)

    found = told(providers(settings))

    assert found["sms provider"].says.startswith("127.0.0.1:1 cannot be reached")
    assert "127.0.0.1:1 cannot be reached" in found["email provider"].says


def test_every_further_provider_is_asked_by_name(tmp_path: Path, sandbox: Sandbox) -> None:
    """A spare that has never worked is found out on the day it is needed, otherwise."""
    sender = {
        "name": "spare-sms",
        "account_sid": sandbox.account_sid,
        "auth_token": "another",
        "sender": "+447700900777",
        "api_url": sandbox.http_url,
    }
    relay = {"name": "spare-relay", "host": "127.0.0.1", "port": 1, "security": "none"}
    settings = _with_sandbox(tmp_path, sandbox, sms_senders=[sender], smtp_relays=[relay])

    found = told(providers(settings))

    assert (found["sms provider"].fine, found["email provider"].fine) == (True, True)
    assert "refuses our credentials" in found["sms provider spare-sms"].says
    assert "127.0.0.1:1 cannot be reached" in found["email provider spare-relay"].says


def test_files_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    """A scan that cannot be stored is refused to the mailroom: better known before."""
    (tmp_path / "taken").write_text("a file where a folder should be")
    settings = _settings(tmp_path, blob_url=(tmp_path / "taken" / "blobs").as_uri())

    assert told(files(settings))["files"].state is State.WRONG
