"""L5: a backup from before an erasure brings nobody back: it is erased again before all else."""

import sqlite3
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.vocabulary import Answer
from store import tables
from store.engine import open_engine
from store.migrating import migrate
from store.rights import erased
from store.rights.copying import everything
from tests.building import (
    House,
    SettableClock,
    bytes_of,
    open_house,
    open_test_store,
    place,
    preferences,
)
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office, texts
from tests.policy.racing import enquire, started
from workers.cli import app

CANARIES = ("Ada Quill", "Harbour Lane", "7700900123", "jo@harbourlane")
WHY = ("--as", "kim", "--reason", "they asked for it")


def _enquire(house: House, ref: str = "C-1042") -> None:
    """Somebody who has told us much, and whose service has not begun."""
    house.tell(
        envelope("customer.enquired", subject=ref, name=CANARIES[0]),
        envelope("customer.registered", subject=ref),
        place(ref, "d-mobile", "mobile", "07700 900123"),
        place(ref, "d-mail", "email", "jo@harbourlane.example"),
        preferences(ref, catch_all("d-mobile", "d-mail")),
        envelope("invoice.issued", subject=ref),
    )
    house.hand_in(
        envelope("call.message_taken", subject=ref),  # waits for the service
        envelope("invoice.issued", subject=ref, invoice_number=...),  # rejected, and theirs
    )


def _readable(house: House, ref: str = "C-1042") -> str:
    """All that can still be read of somebody, by whoever has every key that is there."""
    with house.store.read() as tx:
        return texts(dict(everything(tx, ref)))


def _type(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the data folder of an embedded installation, with a command line before it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    _type("migrate")
    return tmp_path / "data"


def _copied(source: Path, to: Path) -> None:
    """Copy a database that may be in use, as `sqlite3 FILE ".backup TO"` does."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(to)) as new:
        old.backup(new)


def test_clause_l5_a_restored_database_is_rid_of_who_was_erased_by_one_command(
    folder: Path,
) -> None:
    """Keys and all were in the backup, the worst that can be; another customer comes back whole."""
    database, backup = folder / "onward.db", folder.parent / "backup.db"
    url = f"sqlite:///{database}"
    with open_house(url) as house:
        _enquire(house)
        _enquire(house, "C-7")
        other = _readable(house, "C-7")
    _copied(database, backup)
    _type("rights", "erase", "C-1042", "--yes", *WHY)
    _copied(backup, database)
    with open_house_again(url) as house:
        assert [one for one in CANARIES if one not in _readable(house)] == []

    said = _type("restore-check")

    assert "C-1042" in said
    assert "C-7" not in said
    with open_house_again(url) as house:
        assert [one for one in CANARIES if one in _readable(house)] == []
        assert _readable(house, "C-7") == other
        assert house.hand_in_one(envelope("customer.enquired")).answer is Answer.REJECTED
        assert house.rows(tables.rejected_events, type="onward.invoice.issued.v1")
    assert [one for one in CANARIES if one.encode() in bytes_of(url)] == []
    assert "C-1042" not in _type("restore-check")


@contextmanager
def open_house_again(url: str) -> Iterator[House]:
    """Open a house in which the publisher of everything is entered already."""
    clock = SettableClock()
    with open_test_store(url, clock) as store:
        yield House(store, clock)


def test_clause_l5_the_same_of_a_dump_of_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    """Dropped, loaded from the dump, and erased again."""
    plain = postgresql_url.replace("+psycopg", "")
    schema = plain.rpartition("%3D")[2]
    engine = open_engine(postgresql_url, 1)
    migrate(engine)
    engine.dispose()
    with open_house(postgresql_url) as house:
        office = Office(house, tmp_path)
        _enquire(house)
        _enquire(house, "C-7")
        dump = _run("pg_dump", f"--schema={schema}", plain)
        assert office.erasing.erase("C-1042", OFFICER).refusal is None
        assert CANARIES[0] not in _readable(house)
    _run("psql", "--quiet", f"--command=DROP SCHEMA {schema} CASCADE", plain)
    _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", plain, given=dump)

    with open_house_again(postgresql_url) as house:
        assert CANARIES[0] in _readable(house)
        again = Office(house, tmp_path).erasing.erase_again()

        assert again == ["C-1042"]
        assert [one for one in CANARIES if one in _readable(house)] == []
        assert "Harbour Lane" in _readable(house, "C-7")
        assert Office(house, tmp_path).erasing.erase_again() == []


def _run(*words: str, given: bytes = b"") -> bytes:
    return subprocess.run([*words], input=given, capture_output=True, check=True).stdout


def test_clause_l5_without_the_keys_a_backup_of_the_data_opens_nothing(folder: Path) -> None:
    """They are backed up apart, and for a shorter time: then the old backup is beyond use."""
    database, backup = folder / "onward.db", folder.parent / "backup.db"
    url = f"sqlite:///{database}"
    with open_house(url) as house:
        _enquire(house)
    _copied(database, backup)
    _type("rights", "erase", "C-1042", "--yes", *WHY)
    with closing(sqlite3.connect(database)) as now:
        keys = now.execute("SELECT * FROM data_keys").fetchall()
    with closing(sqlite3.connect(backup)) as old:
        marks = ",".join("?" * len(keys[0]))
        old.execute("DELETE FROM data_keys")
        old.executemany(f"INSERT INTO data_keys VALUES ({marks})", keys)  # noqa: S608 - marks
        old.commit()
    _copied(backup, database)

    with open_house_again(url) as house:
        readable = _readable(house)

    assert [one for one in CANARIES if one in readable] == []


def test_clause_l5_whose_service_began_after_all_is_not_erased_by_it(office: Office) -> None:
    """The register is written first: an erasure that came to nothing must not end a service."""
    enquire(office.house)
    enquire(office.house, "C-7")
    with office.house.store.read() as tx:
        entered = [erased.index_of(tx, ref) for ref in ("C-1042", "C-7")]
    for index in entered:
        office.register.put(index, office.house.clock.now)
    office.house.tell(started("C-1042"))

    again = office.erasing.erase_again()

    assert again == ["C-7"]
    assert office.rows_of("C-1042")["services"]
    answer = office.house.hand_in_one(envelope("invoice.issued"))
    assert answer.answer is Answer.ACCEPTED
