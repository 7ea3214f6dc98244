"""Do several processes that check the record find what one finds?"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from store.engine import Store, open_engine
from store.record import ledger, sealing
from store.record.merkle import GENESIS, leaf_hash, root, seal_hash
from store.record.sealing import NOTHING, Trusted
from store.record.verifying import processes, verify_together
from store.tables import ledger as table
from store.tables import seals
from tests.building import ROOT, House
from tests.store.test_ledger import _entry


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Open a store in another process."""
    store = Store(open_engine(url, 1), ROOT, policy_version="2020-04")
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def long(house: House) -> House:
    """Have a record of twelve entries under six seals, which two processes share."""
    with house.store.write() as tx:
        ledger.append(tx, [(_entry(step=n), ledger.Where(f"place {n}")) for n in range(12)])
    for _ in range(6):
        with house.store.write() as tx:
            sealing.seal_next(tx, 2)
    return house


def _by_two(
    house: House,
    trusted: Trusted = NOTHING,
    begin: Callable[[int], Executor] = ThreadPoolExecutor,
) -> sealing.Verified:
    url = house.store.engine.url.render_as_string(hide_password=False)
    opening = partial(opened, url)
    return verify_together(house.store, opening, 2, trusted, least=2, begin=begin)


def test_a_whole_record_holds_and_is_counted_as_one(long: House) -> None:
    """Who reads the answer need not know how it was come by."""
    third = long.rows(seals)[2]
    trusted = Trusted(3, third["seal"], 6)

    assert _by_two(long, begin=processes) == sealing.verify(long.store)
    assert _by_two(long, trusted) == sealing.verify(long.store, trusted)


CHANGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "an entry of the first part": (table.c.position == 3, {"detail": "x"}),
    "an entry of the second part": (table.c.position == 12, {"detail": "x"}),
    "the seal where they join": (seals.c.number == 3, {"seal": b"\1" * 32}),
    "where the second part begins": (seals.c.number == 4, {"previous": b"\1" * 32}),
    "how many the last seal covers": (seals.c.number == 6, {"count": 9}),
    "where the seals begin": (seals.c.number <= 5, {"first_position": 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_altered_is_found_where_one_process_finds_it(long: House, change: str) -> None:
    """The place that is named is looked at first; and at the joint nothing slips through."""
    where, values = CHANGES[change]
    with long.store.write() as tx:
        tx.connection.execute(where.left.table.update().where(where).values(values))

    found = _by_two(long)

    assert found.broken is not None
    assert found == sealing.verify(long.store)


def test_a_part_written_anew_does_not_join_the_next(long: House) -> None:
    """It holds by itself; who wrote it would have to write all after it, and each checkpoint."""
    (first, *_) = long.entries()
    altered = {**first, "detail": "never tried"}
    altered["leaf"] = leaf_hash(ledger.canonical(altered))
    leaves = [altered["leaf"], *(row["leaf"] for row in long.entries()[1:])]
    head = GENESIS
    with long.store.write() as tx:
        tx.connection.execute(table.update().where(table.c.position == 1).values(altered))
        for number in (1, 2, 3):
            start = 2 * number - 1
            made = {"previous": head, "root": root(leaves[start - 1 : start + 1])}
            head = made["seal"] = seal_hash(head, number, made["root"], start, 2)
            tx.connection.execute(seals.update().where(seals.c.number == number).values(made))

    found = _by_two(long)

    assert found == sealing.verify(long.store)
    assert found.broken is not None
    assert (found.broken.seal, found.entries) == (4, 6)
