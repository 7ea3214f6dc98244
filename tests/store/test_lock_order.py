"""Does everyone take what they share in one order, so that no two batches deadlock?

Only PostgreSQL has two writers. Of two things that were given the wrong way round, the first to be
taken is held by somebody else: whoever waits for it must not hold the second yet.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import DeliveryStatus, Reason
from store import inbox, tables
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result, record
from store.engine import Transaction
from tests.building import House, waits_for_a_lock
from tests.factories import catch_all, envelope
from tests.waiting import eventually

Act = Callable[[Transaction], object]


class _UndoneError(Exception):
    """Raised so that nothing of a transaction is kept."""


@contextlib.contextmanager
def _undone(house: House) -> Iterator[Transaction]:
    with contextlib.suppress(_UndoneError), house.store.write() as tx:
        yield tx
        raise _UndoneError


def _is_second_free(house: House, take_first: Act, take_both: Act, take_second: Act) -> bool:
    """Whether the second is still free while who wants both waits for the first."""

    def want_both() -> None:
        with _undone(house) as tx:
            take_both(tx)

    wanting = threading.Thread(target=want_both)
    try:
        with _undone(house) as tx:
            take_first(tx)
            wanting.start()
            eventually(lambda: waits_for_a_lock(house), "the other waits for the first")
            with _undone(house) as another:
                another.connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
                take_second(another)
            return True
    except DBAPIError:
        return False
    finally:
        wanting.join()


@pytest.mark.parametrize("turned", [False, True])
def test_names_are_held_in_one_order(server_house: House, *, turned: bool) -> None:
    """Two intakes lock the same customers and numbers, as their events happen to name them."""
    index = server_house.store.root.index
    names = [index("awaits", f"customer:C-{n}") for n in range(2)]
    first, second = sorted(names, key=lambda name: int.from_bytes(name[:8], "big", signed=True))
    given = [second, first] if turned else [first, second]

    free = _is_second_free(
        server_house,
        lambda tx: tx.lock([], [first]),
        lambda tx: tx.lock([], given),
        lambda tx: tx.lock([], [second]),
    )

    assert free


@pytest.mark.parametrize("turned", [False, True])
def test_events_are_inserted_in_one_order(server_house: House, *, turned: bool) -> None:
    """The same 200 events in two orders were 54 deadlocks in 300 batches (hazard 4)."""
    sample = envelope("call.message_taken", subject="C-9")
    server_house.hand_in(sample)
    (row,) = server_house.rows(tables.events)
    first, second = ({**row, "id": uuid4(), "event_id": name} for name in ("a", "b"))
    given = [second, first] if turned else [first, second]

    free = _is_second_free(
        server_house,
        lambda tx: inbox.add_events(tx, [first]),
        lambda tx: inbox.add_events(tx, given),
        lambda tx: inbox.add_events(tx, [second]),
    )

    assert free


def _accepted(claimed: Claimed) -> Result:
    return Result(
        claimed=claimed,
        verdict="accepted",
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        reference="ref-1",
    )


def _deferred(claimed: Claimed) -> Result:
    return Result(
        claimed=claimed,
        verdict="deferred",
        to=DeliveryStatus.PENDING,
        reason=Reason.PROVIDER_FAULT,
        due_at=claimed.started_at + timedelta(seconds=30),
    )


@pytest.mark.parametrize("turned", [False, True])
def test_outcomes_of_every_kind_are_recorded_in_one_order(
    server_house: House, *, turned: bool
) -> None:
    """Receipts for the same deliveries come in meanwhile, and take them by their ids."""
    server_house.serve(rules=[catch_all("d-mail", "d-mobile")])
    server_house.have_message()
    first, second = sorted(server_house.claim(), key=lambda one: one.delivery_id)
    results = [_deferred(first), _accepted(second)]
    if turned:
        results = [_accepted(first), _deferred(second)]

    def hold(one: Claimed) -> Act:
        d = tables.deliveries
        statement = select(d.c.id).where(d.c.id == one.delivery_id).with_for_update()
        return lambda tx: tx.connection.execute(statement)

    free = _is_second_free(server_house, hold(first), lambda tx: record(tx, results), hold(second))

    assert free
