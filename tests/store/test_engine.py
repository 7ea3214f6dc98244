"""Does the store tell faults apart, lock without deadlock, and write many rows as it writes one?"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from contracts.vocabulary import EventStatus
from store import bulk
from store.customers import changes as customer_changes
from store.customers.known import Readings
from store.engine import Store, is_outage, is_race, ping
from store.ids import Ids
from store.tables import events, items, leases, search_terms, services
from store.types import SealedBytes
from tests.building import START, House, open_test_store


def _fault(house: House, statement: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as raised, house.store.write() as tx:
        tx.connection.execute(text(statement))
    return raised.value


@pytest.mark.parametrize(
    ("statement", "outage"),
    [
        ("INSERT INTO nowhere VALUES (1)", True),
        ("INSERT INTO leases (name) VALUES ('x')", False),
    ],
)
def test_a_missing_table_is_an_outage_and_a_missing_value_is_not(
    house: House, statement: str, *, outage: bool
) -> None:
    """No event may be rejected because a migration has not run yet."""
    assert is_outage(_fault(house, statement)) is outage


def test_a_taken_name_is_a_race_to_try_again(house: House) -> None:
    """Another intake was first; the next try sees what it wrote."""
    row = {"name": "a", "holder": "h", "fence": 0, "until": START}
    with house.store.write() as tx:
        tx.connection.execute(insert(leases).values(row))

    with pytest.raises(DBAPIError) as raised, house.store.write() as tx:
        tx.connection.execute(insert(leases).values(row))

    assert is_race(raised.value)


@pytest.mark.parametrize(
    "value", ["a value of more than five hundred characters " * 20, "with a NUL \0 in it"]
)
def test_a_value_that_postgresql_refuses_is_no_outage(server_house: House, value: str) -> None:
    """It will not be taken tomorrow either: its event is to be found and set aside."""
    with pytest.raises(DBAPIError) as raised, server_house.store.write() as tx:
        bulk.insert_rows(tx, leases, [{"name": value, "holder": "h", "fence": 0, "until": START}])

    assert not is_outage(raised.value)


def test_a_lost_connection_is_an_outage(server_house: House) -> None:
    """The database restarts; nothing of the batch was at fault."""
    with pytest.raises(DBAPIError) as raised, server_house.store.write() as tx:
        tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert is_outage(raised.value)


def test_a_deadlock_is_an_outage_and_a_race(server_house: House) -> None:
    """The whole transaction is tried again."""
    store = server_house.store
    with store.write() as tx:
        for name in ("a", "b"):
            row = {"name": name, "holder": "h", "fence": 0, "until": START}
            tx.connection.execute(insert(leases).values(row))
        tx.connection.execute(text("SELECT 1"))
    both = threading.Barrier(2)
    failed: list[BaseException] = []

    def lock(first: str, second: str) -> None:
        try:
            with store.write() as tx:
                tx.connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
                for name in (first, second):
                    tx.connection.execute(
                        leases.update().where(leases.c.name == name).values(holder=first)
                    )
                    if name == first:
                        both.wait()
        except DBAPIError as error:
            failed.append(error)

    threads = [threading.Thread(target=lock, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(is_outage(e), is_race(e)) for e in failed] == [(True, True)]


def test_names_are_held_shared_by_readers_and_alone_by_a_writer(server_house: House) -> None:
    """Between "it is not there" and "I wait for it" nothing can appear (hazard 10)."""
    store = server_house.store
    name = store.root.index("awaits", "customer:C-1")
    order: list[str] = []
    reading = threading.Event()

    def write() -> None:
        reading.wait()
        with store.write() as tx:
            tx.lock([], [name])
            order.append("written")

    writer = threading.Thread(target=write)
    writer.start()
    with store.write() as one, store.write() as other:
        one.lock([name], [])
        other.lock([name], [])  # two readers do not wait for each other
        reading.set()
        writer.join(timeout=0.2)
        order.append("read")
    writer.join()

    assert order == ["read", "written"]


def test_the_store_answers_with_its_time(house: House) -> None:
    """A check that it is there, and how far its clock is from ours."""
    assert ping(house.store) == house.clock.now


def _service(n: int) -> dict[str, Any]:
    return {"customer_ref": f"C-{n}", "service": "phone_answering", "contracted_at": START}


def test_many_rows_are_inserted_as_one_would_be(house: House) -> None:
    """Arrays bring every type through: words, instants, numbers, bytes, nothing at all."""
    sealed = SealedBytes(b"\2sealed")
    row = {
        "id": uuid4(),
        "source": "/here",
        "event_id": "e",
        "type": "call.ended",
        "publisher": "all",
        "customer_ref": None,
        "status": EventStatus.WAITING,
        "correlation": "ключ ☂",
        "content": sealed,
        "digest": bytes(32),
        "rules_version": 7,
        "service": None,
        "traceparent": None,
        "happened_at": None,
        "received_at": START + timedelta(microseconds=1),
    }
    rows = [{**row, "id": uuid4(), "event_id": f"e{n}"} for n in range(300)]

    with house.store.write() as tx:
        bulk.insert_rows(tx, events, rows)

    found = {e["event_id"]: e for e in house.rows(events)}
    assert found == {r["event_id"]: r for r in rows}


def test_rows_that_are_there_already_stay_as_they_are(house: House) -> None:
    """Search terms and outcomes are written again by whoever repeats a step."""
    about = uuid4()
    with house.store.write() as tx:
        bulk.insert_rows(tx, search_terms, [{"term": 1, "event_id": about}])

        bulk.insert_rows(
            tx,
            search_terms,
            [{"term": term, "event_id": about} for term in (-(2**63), 1, 2**63 - 1)],
            skip_existing=True,
        )

    assert {row["term"] for row in house.rows(search_terms)} == {-(2**63), 1, 2**63 - 1}


def test_many_rows_are_updated_each_by_its_own_values(house: House) -> None:
    """With what counts up, under a condition, and with what really changed given back."""
    with house.store.write() as tx:
        bulk.insert_rows(
            tx,
            leases,
            [
                {"name": n, "holder": "h", "fence": f, "until": START}
                for n, f in (("a", 1), ("b", 5), ("c", 1))
            ],
        )

        changed = bulk.update_rows(
            tx,
            leases,
            ["name"],
            [
                {"name": n, "until": START + timedelta(seconds=s)}
                for n, s in (("a", 1), ("b", 2), ("missing", 3))
            ],
            counting=["fence"],
            only_if="t.fence < 5",
            returning=["name", "fence", "until"],
        )

    assert changed == [{"name": "a", "fence": 2, "until": START + timedelta(seconds=1)}]
    assert [row["fence"] for row in house.rows(leases)] == [2, 5, 1]


def test_no_rows_are_no_statement(house: House) -> None:
    """An empty batch is common."""
    with house.store.write() as tx:
        bulk.insert_rows(tx, items, [])
        assert bulk.update_rows(tx, items, ["item_id"], []) == []


def test_a_naive_instant_is_refused(house: House) -> None:
    """It means different moments to different readers."""
    naive = datetime(2026, 11, 20, 10, 0)  # noqa: DTZ001 - the point of the test
    row = {"name": "a", "holder": "h", "fence": 0, "until": naive}

    with pytest.raises(StatementError) as refused, house.store.write() as tx:
        tx.connection.execute(insert(leases).values(row))

    assert "offset" in str(refused.value)


def test_an_instant_comes_back_in_utc_to_the_microsecond(house: House) -> None:
    """The ledger's leaves are computed from it."""
    moment = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
    with house.store.write() as tx:
        row = {"name": "a", "holder": "h", "fence": 0, "until": moment}
        tx.connection.execute(insert(leases).values(row))

    (found,) = house.rows(leases)

    assert (found["until"], found["until"].tzinfo) == (moment, UTC)


def test_ids_rise_within_a_process_whatever_the_thread() -> None:
    """Events that wait are taken up in the order of their ids."""
    ids = Ids()
    made: list[list[Any]] = [[] for _ in range(4)]

    def make(into: list[Any]) -> None:
        into.extend(ids.new() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(own == sorted(own) for own in made)
    assert len({one for own in made for one in own}) == 8_000
    assert {one.version for own in made for one in own} == {7}


def test_a_reading_is_never_kept_older_than_its_revision(server_house: House) -> None:
    """A process would else plan by what is gone, and never look again.

    The reading is of several queries, and between two of them another transaction commits.
    """
    house = server_house
    house.serve()
    readings = Readings()
    changed: list[str] = []

    @event.listens_for(house.store.engine, "after_cursor_execute")
    def change_meanwhile(*told: Any) -> None:
        statement: str = told[2]
        if "FROM services" in statement and not changed:
            changed.append(statement)
            with house.store.write() as other:
                other.connection.execute(services.update().values(started_at=None))
                customer_changes.touch(other, "C-1042")

    with house.store.write() as tx:
        readings.load(tx, ["C-1042"])

    with house.store.read() as tx:
        found = readings.load(tx, ["C-1042"])["C-1042"]
    assert changed
    assert found.started == frozenset()


def test_the_stores_clock_is_never_ahead_of_the_databases(empty_postgresql_url: str) -> None:
    """It is asked once a second and counted on; ahead of it, a claim would find nothing due."""
    with open_test_store(empty_postgresql_url) as store:
        with store.read() as tx:
            first = tx.now
        for _ in range(20):
            with store.read() as tx:
                counted = tx.now
                exactly = tx.connection.execute(select(func.clock_timestamp())).scalar_one()

                assert first <= counted <= exactly


def test_whoever_asks_the_time_is_told_it_exactly(empty_postgresql_url: str) -> None:
    """What another has planned a moment ago, by the same clock, is due."""
    with open_test_store(empty_postgresql_url) as store, store.read() as tx:
        _ = tx.now
        before = tx.connection.execute(select(func.clock_timestamp())).scalar_one()

        tx.ask_the_time()

        assert tx.now >= before


def test_two_writers_of_a_file_take_turns_and_neither_is_turned_away(
    empty_sqlite_url: str,
) -> None:
    """A transaction that reads first and is deferred fails at once, whatever its timeout."""
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def count_up(store: Store) -> None:
        try:
            for _ in range(20):
                together.wait(60)
                with store.write() as tx:
                    most = tx.connection.execute(select(func.max(leases.c.fence))).scalar_one()
                    row = {"name": str(uuid4()), "holder": "h", "until": START}
                    tx.connection.execute(insert(leases).values({**row, "fence": (most or 0) + 1}))
        except BaseException as error:
            failed.append(error)
            together.abort()
            raise

    with open_test_store(empty_sqlite_url) as one, open_test_store(empty_sqlite_url) as other:
        threads = [threading.Thread(target=count_up, args=(store,)) for store in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with one.read() as tx:
            fences = tx.connection.execute(select(leases.c.fence)).scalars().all()

    assert failed == []
    assert sorted(fences) == list(range(1, 41))  # each had read what the other committed


def test_a_file_is_synced_before_a_commit_returns(empty_sqlite_url: str) -> None:
    """What was answered 202 must survive the power; WAL by itself syncs only at checkpoints."""
    with open_test_store(empty_sqlite_url) as store, store.write() as tx:
        found = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
