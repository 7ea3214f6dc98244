from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from config.settings import Settings
from config.topology import hint_queue, intake_queues
from contracts.vocabulary import Channel, Lane
from store.engine import Store, open_engine
from store.keys import MasterKey
from store.leases import hold
from store.migrating import migrate
from workers.checking import alive
from workers.upkeep.running import LEADER

KEY = b"k" * 32
MAIL = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_security": "none"}


def _settings(folder: Path, broker: str, database: str = "postgresql://127.0.0.1:1/x") -> Settings:
    return Settings(
        data_dir=folder,
        sandbox=True,
        broker_url=broker,  # type: ignore[arg-type]
        database_url=database,  # type: ignore[arg-type]
        master_key=b64encode(KEY).decode(),  # type: ignore[arg-type]
        **MAIL,  # type: ignore[arg-type]
    )


@pytest.fixture
def consuming(broker_url: str) -> Iterator[pika.BlockingConnection]:
    """Connect as a process would; gives its queues back at the end."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    _delete(connection)
    yield connection
    _delete(connection)
    connection.close()


def _delete(connection: pika.BlockingConnection) -> None:
    for name in (*intake_queues(), *_urgent_mail()):
        connection.channel().queue_delete(name)


def _urgent_mail() -> list[str]:
    return [hint_queue(Channel.EMAIL, Lane.URGENT)]


def _consume(connection: pika.BlockingConnection, names: list[str]) -> None:
    channel = connection.channel()
    for name in names:
        channel.queue_declare(name, durable=True)
        channel.basic_consume(name, lambda *_: None)


def test_intake_is_at_work_once_every_queue_of_its_is_taken_from(
    tmp_path: Path, broker_url: str, consuming: pika.BlockingConnection
) -> None:
    """A container that takes from no queue must be seen to be unwell."""
    settings = _settings(tmp_path, broker_url)
    _consume(consuming, list(intake_queues())[1:])
    before = alive.intake(settings)
    _consume(consuming, list(intake_queues())[:1])

    after = alive.intake(settings)

    assert before == f"nobody takes from {intake_queues()[0]}"
    assert after is None


def test_dispatch_answers_for_its_lanes_and_for_channels_that_are_set_up(
    tmp_path: Path, broker_url: str, consuming: pika.BlockingConnection
) -> None:
    """An office that sends no texts has no worker for texts, and is well."""
    settings = _settings(tmp_path, broker_url)
    _consume(consuming, _urgent_mail())

    assert alive.dispatch(settings, ["live", "urgent"]) is None
    assert alive.dispatch(settings, ["routine"]) == "nobody takes from onward.email.routine"


def test_a_dead_broker_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A health check shows its line, never a traceback."""
    settings = _settings(tmp_path, "amqp://guest:guest@127.0.0.1:1/x")

    assert alive.intake(settings) == "the broker does not answer"


def test_upkeep_is_at_work_while_somebody_leads(tmp_path: Path, postgresql_url: str) -> None:
    """Those who stand by are as well as the one who leads."""
    settings = _settings(tmp_path, "amqp://127.0.0.1:1/x", postgresql_url)
    store = Store(open_engine(postgresql_url), MasterKey(KEY), policy_version="2020-04")
    migrate(store.engine)
    before = alive.upkeep(settings)
    with store.write() as tx:
        hold(tx, LEADER, "a machine:1", 60)
    store.close()

    assert before == "nobody leads"
    assert alive.upkeep(settings) is None
