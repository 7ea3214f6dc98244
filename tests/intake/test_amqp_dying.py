"""Is each event on record once, wherever intake dies, and do those beside it come to no harm?"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from config.topology import DEAD_QUEUE, DELIVERY_LIMIT, intake_queue
from contracts.vocabulary import Answer, Family, Lane
from store.deliveries import due
from store.encryption import root_keys
from store.encryption.keys import MasterKey
from store.engine import Store, open_engine
from store.migrating import migrate
from store.publishers import Publisher
from tests import factories
from tests.intake.amqp import (
    ROOT,
    Desk,
    admit,
    consuming,
    count,
    event_ids,
    open_store,
    rejections,
    taking_in,
)
from tests.intake.test_amqp_intake import registered
from tests.ops.processes import running, settings
from tests.waiting import eventually
from workers.intake.submission import Submission
from workers.intake.taking_in import Taken, TakingIn
from workers.running.broker import connect

CALLS = intake_queue(Family.CALLS)
REF = "C-7"
EVENTS = 10


class Sizes(TakingIn):
    """Taking in, with the size and the answers of each batch."""

    def __init__(self, within: TakingIn) -> None:
        self._within = within
        self.sizes: list[int] = []
        self.answers: list[Answer] = []

    def take_in(self, submissions: Sequence[Submission]) -> Taken:
        """Take in, and note."""
        self.sizes.append(len(submissions))
        taken = self._within.take_in(submissions)
        self.answers += [one.answer for one in taken.answers]
        return taken


def _publish(desk: Desk, number: int, subject: str = REF) -> set[str]:
    events = [factories.envelope("call.message_taken", subject=subject) for _ in range(number)]
    for one in events:
        desk.publish(one)
    return {one["id"] for one in events}


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "intake.received",
        "intake.before_commit",
        "intake.committed",
        "intake.acknowledged",
        "intake.hinted",
    ],
)
def test_wherever_intake_is_killed_each_event_is_on_record_once_and_found_again(
    postgresql_url: str, desk: Desk, tmp_path: Path, point: str
) -> None:
    """What a publisher was confirmed survives us; what missed its hint waits in the store."""
    engine = open_engine(postgresql_url, 1)
    migrate(engine)
    root_keys.add(engine, ROOT, MasterKey(b"k" * 32))
    engine.dispose()
    store = open_store(postgresql_url)
    admit(store, Publisher(desk.user, ("*",), ("*",)))
    customer = registered(REF)
    for one in customer:
        desk.publish(one)
    with consuming(desk.url, store):
        eventually(lambda: count(store, "events") == len(customer), "the customer is served")
    environment = settings(
        tmp_path,
        database_url=postgresql_url,
        broker_url=desk.url,
        failpoints=f"{point}=kill",
    )
    with running(tmp_path, environment, "intake") as intake:
        ids = _publish(desk, EVENTS)
        ended = intake.process.wait(60)

    with consuming(desk.url, store):
        eventually(
            lambda: count(store, "events") == len(customer) + EVENTS and desk.ready(CALLS) == 0,
            "all are on record",
        )

    with store.write() as tx:
        found = due.unhinted(tx, list(Lane), tx.now, 100)
    assert ended == -9
    assert ids <= event_ids(store)
    assert (rejections(store), desk.ready(DEAD_QUEUE)) == ([], 0)
    assert count(store, "deliveries") == len({one.delivery_id for one in found}) == EVENTS
    store.close()


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "rolled back"])
def test_a_batch_whose_commit_was_not_answered_is_taken_in_once(
    store: Store, desk: Desk, centre: Publisher, *, committed: bool
) -> None:
    """Nobody can know whether it went through: it is taken in again, and a repeat does nothing."""
    ids = _publish(desk, EVENTS, "C-nobody")

    def unanswered(connection: Connection) -> None:
        event.remove(store.engine, "commit", unanswered)
        driver = connection.connection.driver_connection
        assert driver is not None
        (driver.commit if committed else driver.rollback)()
        raise OperationalError("COMMIT", {}, ConnectionResetError())

    event.listen(store.engine, "commit", unanswered)
    watched = Sizes(taking_in(store))

    with consuming(desk.url, store, watched, flush_ms=200):
        eventually(lambda: desk.ready(CALLS) == 0 and watched.answers, "all are acknowledged")
        eventually(lambda: count(store, "events") == EVENTS, "and on record")

    assert event_ids(store) == ids
    assert (len(watched.sizes) > 1, rejections(store)) == (True, [])
    assert (Answer.DUPLICATE in watched.answers) is committed


def test_what_a_dying_intake_threw_among_the_dead_letters_is_taken_in_one_by_one(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """A death counts for all that was fetched: fifty innocent events went with one (hazard 3)."""
    ids = _publish(desk, EVENTS, "C-nobody")
    for _ in range(DELIVERY_LIMIT + 1):
        _fetch_and_die(desk.url)
    eventually(lambda: desk.ready(DEAD_QUEUE) == EVENTS, "all are dead letters", 60)
    watched = Sizes(taking_in(store))

    with consuming(desk.url, store, watched, flush_ms=200):
        eventually(lambda: event_ids(store) == ids, "all are on record")
        eventually(lambda: desk.ready(DEAD_QUEUE) == 0, "and none is dead any more")

    assert watched.sizes == [1] * EVENTS
    assert rejections(store) == []


def _fetch_and_die(url: str) -> None:
    """Be given all that waits, acknowledge nothing, and be gone."""
    connection = connect(url, "one that dies")
    channel = connection.channel()
    given: list[object] = []
    channel.basic_qos(prefetch_count=EVENTS)
    channel.basic_consume(CALLS, lambda *one: given.append(one))

    def all_are_given() -> bool:
        connection.process_data_events(time_limit=0.02)
        return len(given) == EVENTS

    eventually(all_are_given, "all are given")
    connection.close()
