"""What the AMQP intake does when the broker or the store goes away under it: nothing is lost."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from config.topology import DEAD_QUEUE, intake_queue, intake_queues, topology
from contracts.vocabulary import Answer, Family
from store.engine import Store
from store.publishers import Publisher
from tests import factories
from tests.intake.amqp import (
    Desk,
    Relay,
    admit,
    consuming,
    count,
    event_ids,
    open_store,
    rejections,
    taking_in,
)
from tests.waiting import eventually
from workers.intake.consumer import Consumer, Options
from workers.intake.submission import Submission
from workers.intake.taking_in import Taken, TakingIn
from workers.running.broker import LOST, BrokerAwayError, connect

CALLS = intake_queue(Family.CALLS)
BATCH = 20


class Watched(TakingIn):
    """Taking in, with something that happens once, after a commit and before its ack."""

    def __init__(self, within: TakingIn, after_commit: Callable[[], None]) -> None:
        self._within = within
        self._after_commit: Callable[[], None] | None = after_commit
        self.answers: list[Answer] = []

    def take_in(self, submissions: Sequence[Submission]) -> Taken:
        """Take in, then let it happen."""
        taken = self._within.take_in(submissions)
        self.answers += [one.answer for one in taken.answers]
        if self._after_commit is not None:
            self._after_commit()
            self._after_commit = None
        return taken


def publish(desk: Desk, number: int, prefix: str) -> set[str]:
    """Publish messages for a customer that nobody knows; give their ids."""
    ids = {f"{prefix}-{n}" for n in range(number)}
    for event_id in sorted(ids):
        desk.publish(factories.envelope("call.message_taken", id=event_id))
    return ids


def test_a_batch_committed_and_not_acknowledged_comes_again_and_does_nothing(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """The broker may be lost at the worst moment: between the commit and the acknowledgement."""
    ids = publish(desk, BATCH, "twice")
    with Relay(desk.url) as line:

        def lose() -> None:
            line.cut()
            line.mend()

        watched = Watched(taking_in(store), lose)

        with consuming(line.url, store, watched, flush_ms=200):
            eventually(lambda: len(watched.answers) >= 2 * BATCH, "all came again")
            eventually(lambda: desk.ready(CALLS) == 0, "and are acknowledged")

    assert event_ids(store) == ids
    assert watched.answers.count(Answer.DUPLICATE) == BATCH
    assert rejections(store) == []


def test_a_deleted_queue_is_declared_and_consumed_again(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """The broker cancels our consumer without closing anything; silence would last for ever."""
    with consuming(desk.url, store):
        first = publish(desk, 1, "before")
        eventually(lambda: event_ids(store) == first, "it consumes")
        desk.channel.queue_delete(CALLS)
        eventually(lambda: _is_there(desk.url), "the queue is declared again")
        second = publish(desk, 1, "after")
        eventually(lambda: event_ids(store) == first | second, "it consumes again")


def _is_there(url: str) -> bool:
    connection = connect(url, "a look")
    try:
        found = connection.channel().queue_declare(CALLS, passive=True)
        return bool(found.method.consumer_count)
    except LOST:
        return False
    finally:
        connection.close()


def test_a_broker_that_stays_away_ends_the_process_with_a_plain_sentence(store: Store) -> None:
    """A supervisor restarts it; an operator must see what to look at."""
    with Relay("amqp://user:secret@127.0.0.1:5672/%2F") as line:
        line.cut()
        options = Options(patience_seconds=0.5)
        consumer = Consumer(line.url, topology(), taking_in(store), store, _nothing, options)

        with pytest.raises(BrokerAwayError, match=r"could not be used for 0\.5 s") as told:
            consumer.run()

    assert "secret" not in str(told.value)
    assert line.refused > 1


def test_a_stop_while_the_broker_is_away_is_obeyed(store: Store) -> None:
    """SIGTERM must not have to wait for patience to end."""
    with Relay("amqp://user:secret@127.0.0.1:5672/%2F") as line:
        line.cut()

        with consuming(line.url, store, patience_seconds=60) as running:
            eventually(lambda: line.refused > 0, "it tries")
            running.stop()

        assert running.failed == []


def _nothing(_due: Sequence[Any]) -> None:
    return None


# ------------------------------------------------------------------------- the store is away


@pytest.fixture
def database(empty_postgresql_url: str) -> Iterator[Relay]:
    """Give PostgreSQL behind a line that can be cut, its tables made."""
    with Relay(empty_postgresql_url) as line:
        yield line


@pytest.fixture
def far(database: Relay, desk: Desk) -> Iterator[Store]:
    """Give the store at the other end of that line."""
    store = open_store(database.url)
    admit(store, Publisher(desk.user, ("*",), ("*",)))
    yield store
    store.close()


def test_nothing_is_fetched_before_the_store_is_there(
    desk: Desk, database: Relay, far: Store
) -> None:
    """Each fetch without an acknowledgement counts towards the limit of deliveries."""
    ids = publish(desk, BATCH, "early")
    database.cut()

    with consuming(desk.url, far):
        eventually(lambda: database.refused > 1, "it asks for the store")
        waiting = desk.ready(CALLS)
        database.mend()
        eventually(lambda: desk.ready(CALLS) == 0 and event_ids(far) == ids, "all are in")

    assert waiting == BATCH


def test_an_outage_of_the_store_loses_and_refuses_nothing(
    desk: Desk, database: Relay, far: Store
) -> None:
    """A nack would use up deliveries and throw events among the dead letters."""
    with consuming(desk.url, far) as running:
        before = publish(desk, 1, "before")
        eventually(lambda: event_ids(far) == before, "it consumes")
        database.cut()
        during = publish(desk, 60, "during")
        eventually(lambda: database.refused > 2, "it tries the batch again")
        dead = desk.ready(DEAD_QUEUE)
        database.mend()
        eventually(lambda: event_ids(far) == before | during, "all are on record")
        eventually(lambda: desk.ready(CALLS) == 0, "and acknowledged")

    assert running.failed == []
    assert (dead, rejections(far)) == (0, [])


def test_a_stop_during_an_outage_gives_everything_back(
    desk: Desk, database: Relay, far: Store
) -> None:
    """What was in hand is another process's to take in."""
    with consuming(desk.url, far) as running:
        before = publish(desk, 1, "before")
        eventually(lambda: event_ids(far) == before, "it consumes")
        database.cut()
        publish(desk, BATCH, "during")
        eventually(lambda: database.refused > 1, "it tries the batch")

        running.stop()

        eventually(lambda: desk.ready(CALLS) == BATCH, "all are back in the queue")


def test_backends_that_are_terminated_under_load_lose_nothing(
    desk: Desk, database: Relay, far: Store, database_url: str
) -> None:
    """An administrator restarts the database whenever it suits them."""
    ids: set[str] = set()
    watching = threading.Event()

    def terminate() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not watching.wait(0.02):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    terminating = threading.Thread(target=terminate)
    with consuming(desk.url, far, batch=10):
        terminating.start()
        try:
            for part in range(5):
                ids |= publish(desk, 40, f"part-{part}")
        finally:
            watching.set()
            terminating.join()
        eventually(lambda: desk.ready(CALLS) == 0 and count(far, "events") == len(ids), "all in")

    assert event_ids(far) == ids
    assert rejections(far) == []
    assert {queue: desk.ready(queue) for queue in (*intake_queues(), DEAD_QUEUE)} == dict.fromkeys(
        (*intake_queues(), DEAD_QUEUE), 0
    )
