"""Does the record show every change that somebody makes to it afterwards?"""

import threading
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from contracts.vocabulary import Channel, Lane, Purpose, Reason, Retention, Service
from store.record import leaves, ledger, sealing
from store.record.ledger import Entry, Where
from store.record.merkle import GENESIS
from store.record.sealing import Verified
from store.rights import erasing
from store.tables import data_keys
from store.tables import ledger as table
from store.tables import seals as seals_table
from tests.building import START, House


def _entry(**changes: Any) -> Entry:
    given: dict[str, Any] = {
        "customer_ref": "C-1042",
        "event_id": uuid4(),
        "delivery_id": uuid4(),
        "rule_id": "everything",
        "rule_version": 3,
        "step": 1,
        "channel": Channel.EMAIL,
        "lane": Lane.ROUTINE,
        "purpose": Purpose.MESSAGES,
        "service": Service.PHONE_ANSWERING,
        "destination_id": "d-mail",
        "outcome": "accepted",
        "reason": Reason.PROVIDER_ACCEPTED,
        "detail": "250",
        "marked": False,
        "attempt": 1,
        "provider": "smtp",
        "reference": "queue-7",
        "template_version": "2",
        "segments": 2,
        "price": "0.0840",
        "currency": "GBP",
        "policy_version": "2020-04",
        "intended_at": START,
        "attempted_at": START + timedelta(microseconds=1),
        "settled_at": START + timedelta(seconds=1),
    }
    return Entry(**(given | changes))


def _append(house: House, count: int = 5) -> None:
    with house.store.write() as tx:
        where = Where("jo@harbourlane.example", "j•••@harbourlane.example", "c0ffee")
        ledger.append(tx, [(_entry(step=n), where) for n in range(count)])


def _seal(house: House, limit: int = 5_000) -> int:
    with house.store.write() as tx:
        return sealing.seal_next(tx, limit)


@pytest.fixture
def sealed(house: House) -> House:
    """Have two seals over five entries."""
    _append(house)
    assert [_seal(house, 3), _seal(house, 3), _seal(house, 3)] == [3, 2, 0]
    return house


def _verify(house: House) -> Verified:
    return sealing.verify(house.store)


def test_a_record_that_nobody_touched_holds(sealed: House) -> None:
    """And says how far it was checked."""
    _append(sealed, 2)

    found = _verify(sealed)

    assert (found.seals, found.entries, found.unsealed, found.broken) == (2, 5, 2, None)
    last = sealed.rows(seals_table)[-1]
    assert found.head == last["seal"].hex()


def test_the_first_seal_follows_the_beginning_and_each_the_one_before(sealed: House) -> None:
    """So that none can be left out."""
    first, second = sealed.rows(seals_table)

    assert (first["previous"], second["previous"]) == (GENESIS, first["seal"])
    assert [e["position"] for e in sealed.entries()] == [1, 2, 3, 4, 5]


def _changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case StrEnum():
            return next(other for other in type(value) if other is not value)
        case str():
            return value + "x"
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case datetime():
            return value + timedelta(microseconds=1)
        case _:
            return uuid4()


def _found_where(house: House, row: dict[str, Any], column: str, value: Any) -> Any:
    """Alter one column of an entry, see what is found, and put it right again."""
    with house.store.write() as tx:
        at = table.c.position == row["position"]
        tx.connection.execute(table.update().where(at).values({column: value}))
    broken = _verify(house).broken
    with house.store.write() as tx:
        tx.connection.execute(table.update().where(at).values({column: row[column]}))
    return broken and (broken.position, broken.seal)


def test_a_change_of_any_column_is_found_and_names_its_row(sealed: House) -> None:
    """An entry that can be altered unseen proves nothing."""
    row = next(e for e in sealed.entries() if e["position"] == 4)
    columns = [c.name for c in table.c if c.name not in {"position", "personal"}]

    found = {c: _found_where(sealed, row, c, _changed(row[c])) for c in columns}

    assert found == dict.fromkeys(columns, (4, 2))


def test_an_emptied_column_is_found_and_names_its_row(sealed: House) -> None:
    """To leave out when it was tried is an alteration, too."""
    row = next(e for e in sealed.entries() if e["position"] == 2)
    left_open = {"position", "personal"}
    columns = [c.name for c in table.c if c.nullable and c.name not in left_open]

    found = {c: _found_where(sealed, row, c, None) for c in columns}

    assert found == dict.fromkeys(columns, (2, 1))


@pytest.mark.parametrize("position", [1, 3, 5])
def test_a_deleted_entry_is_missed(sealed: House, position: int) -> None:
    """At the beginning of a seal, at its end, and at the very end."""
    with sealed.store.write() as tx:
        tx.connection.execute(table.delete().where(table.c.position == position))

    broken = _verify(sealed).broken

    assert broken is not None
    assert (broken.what, broken.position) == ("an entry is missing", position)


def _swap(house: House, one: int, other: int, *columns: str) -> None:
    rows = {e["position"]: e for e in house.entries()}
    with house.store.write() as tx:
        for to in (None, 1) if columns == ("position",) else (1,):
            for place, source in ((one, other), (other, one)):
                values = {c: rows[source][c] for c in columns} if to else {"position": None}
                tx.connection.execute(
                    table.update().where(table.c.id == rows[place]["id"]).values(**values)
                )


def test_entries_in_another_order_are_found(sealed: House) -> None:
    """What was first is part of what is proved."""
    _swap(sealed, 1, 2, "position")

    broken = _verify(sealed).broken

    assert broken is not None
    assert (broken.seal, broken.what) == (1, "the entries do not make the sealed root")


def test_personal_values_of_another_entry_are_found(sealed: House) -> None:
    """A true destination under the wrong send would be the subtlest lie."""
    _swap(sealed, 1, 2, "personal")

    broken = _verify(sealed).broken

    assert broken is not None
    assert (broken.position, broken.what) == (1, "the entry's sealed values do not open")


def test_personal_values_sealed_anew_are_found(sealed: House) -> None:
    """Whoever holds the keys can seal other values, but not make them those committed to."""
    (row, *_) = sealed.entries()
    with sealed.store.write() as tx:
        forged = tx.seal(
            "C-1042",
            f"ledger.personal:{row['id']}",
            b'[["00", "other@example.com"], ["00", ""], ["00", ""]]',
        )
        tx.connection.execute(table.update().where(table.c.id == row["id"]).values(personal=forged))

    broken = _verify(sealed).broken

    assert broken is not None
    assert broken.what == "the entry's sealed values are not those it commits to"


FORGED = b"\1" * 32
FORGERIES: tuple[tuple[int, dict[str, Any] | None, str], ...] = (
    (1, {"root": FORGED}, "the entries do not make the sealed root"),
    (2, {"seal": FORGED}, "the seal is not the hash of what it covers"),
    (2, {"previous": FORGED}, "the seal does not follow the one before it"),
    (2, {"first_position": 3}, "the seal does not begin where the one before it ended"),
    (2, {"count": 1}, "the entries do not make the sealed root"),
    (1, None, "seal 1 is missing"),
    (2, None, "an entry has a position that no seal covers"),
)


def test_a_forged_seal_is_found(sealed: House) -> None:
    """The chain is only as good as each of its links; changed or taken out, it shows."""
    found = []
    for number, values, _ in FORGERIES:
        at = seals_table.c.number == number
        (row,) = sealed.rows(seals_table, number=number)
        with sealed.store.write() as tx:
            tx.connection.execute(
                seals_table.delete().where(at)
                if values is None
                else seals_table.update().where(at).values(values)
            )
        broken = _verify(sealed).broken
        found.append(broken and broken.what)
        with sealed.store.write() as tx:
            tx.connection.execute(seals_table.delete().where(at))
            tx.connection.execute(insert(seals_table).values(row))

    assert found == [what for _, _, what in FORGERIES]
    assert _verify(sealed).broken is None


def test_an_entry_slipped_in_before_the_first_is_found(sealed: House) -> None:
    """A position that no seal could have given gives it away."""
    row = sealed.entries()[0]
    with sealed.store.write() as tx:
        tx.connection.execute(insert(table).values({**row, "id": uuid4(), "position": 0}))

    broken = _verify(sealed).broken

    assert broken is not None
    assert broken.position == 0


def test_destroyed_keys_leave_the_chain_whole(sealed: House) -> None:
    """Erasure takes the values; that something was sent can still be proved (hazard 12)."""
    with sealed.store.write() as tx:
        tx.connection.execute(table.update().values(personal=None))
        tx.connection.execute(data_keys.delete())

    assert _verify(sealed).broken is None


def test_a_key_that_is_gone_before_its_values_are_leaves_the_chain_whole(sealed: House) -> None:
    """Retention destroys the key first, and then a million entries' values, a part at a time."""
    sealed.store.people_read = True
    with sealed.store.write() as tx:
        erasing.destroy_keys(tx, "C-1042", Retention.SENDS)

    found = _verify(sealed)

    assert (found.entries, found.broken) == (5, None)
    with sealed.store.read(Purpose.RECORD) as tx:
        assert [ledger.open_where(tx, row) for row in sealed.entries()] == [ledger.NOWHERE] * 5


def test_the_check_says_what_it_opens_values_for(sealed: House) -> None:
    """Nothing personal is read by a command that names no purpose, and this one reads all."""
    sealed.store.people_read = True

    assert _verify(sealed).broken is None


def test_a_key_that_is_missing_is_found(sealed: House) -> None:
    """Nobody destroyed it on purpose: then it would be on record as destroyed."""
    with sealed.store.write() as tx:
        tx.connection.execute(data_keys.delete())
        tx.store.forget_keys("C-1042")

    broken = _verify(sealed).broken

    assert broken is not None
    assert broken.what == "the entry's sealed values do not open"


ODD = ('said "no"\\', "naïve – 電話 😀", "a\tb\nc\x01\x7f", "")


def test_texts_of_all_kinds_are_covered_alike_however_they_are_read(house: House) -> None:
    """What the check reads is written by the database itself, and must be what was hashed."""
    early, late = START.replace(year=1971, microsecond=0), START.replace(year=2999, microsecond=10)
    with house.store.write() as tx:
        entries = [_entry(detail=text, reference=text, attempted_at=early) for text in ODD]
        entries += [_entry(delivery_id=None, step=None, marked=True, settled_at=late)]
        ledger.append(
            tx,
            [
                (each, Where(text, text, text))
                for each, text in zip(entries, (*ODD, "x"), strict=True)
            ],
        )
    _seal(house)

    assert _verify(house).broken is None
    with house.store.read() as tx:
        found = [ledger.open_where(tx, row).destination for row in house.entries()]
    assert found == [*ODD, "x"]


def test_what_is_read_in_parts_is_checked_whole(
    sealed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory must not grow with the ledger, and where a part ends is not where a seal does."""
    monkeypatch.setattr(leaves, "_AT_ONCE", 2)
    monkeypatch.setattr(sealing, "_SEALS", 1)

    found = _verify(sealed)

    assert (found.seals, found.entries, found.broken) == (2, 5, None)


def test_an_entry_that_commits_late_is_sealed_next(server_house: House) -> None:
    """Its id is older than ones that are sealed; nothing may pass it over (hazard 22).

    SQLite has one writer: nothing commits late there.
    """
    house = server_house
    with house.store.write() as tx:
        tx.prepare_keys(["C-1042"])
    with house.store.write() as late:
        ledger.append(late, [(_entry(detail="late"), ledger.NOWHERE)])
        _append(house, 2)
        first = _seal(house)

    second = _seal(house)

    assert (first, second) == (2, 1)
    by_id = house.entries()
    assert (by_id[0]["detail"], by_id[0]["position"]) == ("late", 3)
    assert _verify(house).broken is None


def test_no_two_seals_follow_the_same_one(sealed: House) -> None:
    """Whatever number a second one gives itself: the database itself refuses a fork (hazard 22)."""
    row = sealed.rows(seals_table)[-1]

    with pytest.raises(IntegrityError), sealed.store.write() as tx:
        tx.connection.execute(insert(seals_table).values({**row, "number": row["number"] + 7}))

    assert _verify(sealed).broken is None


def test_two_sealers_cannot_fork_the_chain(server_house: House) -> None:
    """A leader that was stopped and wakes up fails, and its seal is nowhere (hazard 22)."""
    house = server_house
    _append(house, 4)
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def seal() -> None:
        together.wait()
        try:
            with house.store.write() as tx:
                sealing.seal_next(tx)
                together.wait(timeout=0.5)
        except (IntegrityError, threading.BrokenBarrierError) as error:
            failed.append(error)

    threads = [threading.Thread(target=seal) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _seal(house)

    assert failed
    assert _verify(house).broken is None
    with house.store.read() as tx:
        most = tx.connection.execute(select(func.count()).select_from(seals_table)).scalar_one()
    assert most == 1


def test_what_is_sealed_while_the_chain_is_checked_is_no_break(house: House) -> None:
    """The check of a living installation takes minutes, and seals come every second."""
    house.serve()
    _append(house)
    count = select(func.count()).select_from(seals_table)

    with house.store.snapshot() as looking:
        before = looking.connection.execute(count).scalar()
        sealed = _seal(house)
        after = looking.connection.execute(count).scalar()

    assert sealed == 5
    assert before == after
