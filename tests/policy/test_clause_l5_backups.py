"""L5: a backup from before an erasure brings nobody back: it is erased again before all else."""

import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from obstore.exceptions import BaseError
from typer.testing import CliRunner

from contracts.vocabulary import (
    Answer,
    Channel,
    Purpose,
    Reason,
    ReplyKind,
    SuppressedBy,
)
from store import tables
from store.customers.changes import suppress
from store.engine import open_engine
from store.evidence.replies import Reply
from store.migrating import migrate
from store.rights import erased
from store.rights.copying import everything
from store.rights.erasure_register import ErasureRegister
from store.rights.objections import stop_interests
from tests.building import (
    MOBILE,
    House,
    SettableClock,
    bytes_of,
    open_house,
    open_test_store,
    place,
    preferences,
)
from tests.docs.reading import ROOT as REPOSITORY
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office, texts
from tests.policy.racing import enquire, started
from workers.cli import app
from workers.receipts.replies import apply_reply
from workers.rights.restoring import UncheckedRestoreError, insist_checked, tell_register
from workers.routing.keywords import Asked

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


def _text(house: House, kind: ReplyKind) -> None:
    """Have C-1042's mobile text a word to us."""
    house.clock.advance(minutes=1)
    reply = Reply(f"SM-{house.clock.now.isoformat()}", MOBILE, kind.value, kind)
    asked = Asked(kind, purposes=frozenset({Purpose.MESSAGES}))
    with house.store.write() as tx:
        apply_reply(tx, reply, asked, house.readings, house.policies.lanes)


def _opt_out(house: House) -> None:
    """Every way: by text, by an end of their consent, by an objection to all that may be."""
    _text(house, ReplyKind.STOP)
    house.tell(
        envelope("consent.withdrawn", at=house.clock.now.isoformat()),
        envelope("rights.requested", kind="objection"),
    )
    with house.store.write() as tx:
        stop_interests(tx, "C-1042")


def _standing(house: House) -> dict[str, object]:
    """What keeps C-1042 from being sent something."""
    (customer,) = house.rows(tables.customers, ref="C-1042")
    return {
        "places": house.rows(tables.suppressions),
        "consents": [row["withdrawn_at"] for row in house.rows(tables.consents)],
        "objected": customer["objected_at"] is not None,
    }


def _serve(house: House) -> None:
    house.serve(invoice_email="accounts@harbourlane.example")
    house.tell(envelope("consent.given"))
    house.clock.advance(days=30)


@pytest.fixture
def restored(folder: Path) -> dict[str, object]:
    """Give how C-1042 stood who opted out after the backup that is restored now."""
    database, backup = folder / "onward.db", folder.parent / "backup.db"
    with open_house(f"sqlite:///{database}") as house:
        _serve(house)
        _copied(database, backup)
        _opt_out(house)
        told = _standing(house)
        register = ErasureRegister((folder / "erasures").as_uri())
        assert tell_register(house.store, lambda: register) > 0
    _copied(backup, database)
    return told


def test_clause_l5_who_opted_out_since_the_backup_is_sent_nothing_after_it_is_restored(
    folder: Path, restored: dict[str, object]
) -> None:
    """Their STOP was in no backup; they need not say it again."""
    url = f"sqlite:///{folder}/onward.db"
    with open_house_again(url) as house:
        assert _standing(house)["places"] == []

    first, second = _type("restore-check"), _type("restore-check")

    assert "opted out" in first
    assert "none" in second
    with open_house_again(url) as house:
        assert _standing(house) == restored
        house.tell(envelope("call.message_taken", caller=...))
        assert [one.channel for one in house.claim()] == [Channel.EMAIL]


def test_clause_l5_a_restored_database_sends_nothing_before_it_is_checked(
    restored: dict[str, object],
) -> None:
    """Who forgets the one command would write to whoever opted out, and never know."""
    del restored
    refused = subprocess.run(
        [sys.executable, "-c", "from workers.cli import main; main()", "up"],
        env=os.environ | {"ONWARD_DOOR_PORT": "0", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = CliRunner().invoke(app, ["check"]).output
    _type("restore-check")
    after = CliRunner().invoke(app, ["check"]).output

    assert refused.returncode == 1
    assert "onward restore-check" in refused.stderr
    assert "onward restore-check" in told
    assert "onward restore-check" not in after


def test_clause_l5_an_erasure_that_a_restored_database_lacks_is_seen_too(office: Office) -> None:
    """The same register, and the same refusal."""
    enquire(office.house)
    office.erasing.erase("C-1042", OFFICER)
    assert office.tell_register() == 1
    with office.house.store.write() as tx:
        for table in (tables.erasures, tables.outside_entries):
            tx.connection.execute(table.delete())

    with pytest.raises(UncheckedRestoreError, match="restore-check"):
        insist_checked(office.house.store, office.register)
    office.restoring.run()

    insist_checked(office.house.store, office.register)
    with office.house.store.read() as tx:
        assert erased.among(tx, ["C-1042"])


def test_clause_l5_the_register_of_who_opted_out_names_nobody(office: Office) -> None:
    """It lies elsewhere, perhaps with somebody else: digests under our own key."""
    _serve(office.house)
    _opt_out(office.house)
    assert office.tell_register() > 0

    told = b"".join(p.read_bytes() for p in (office.folder / "erasures").rglob("*.json"))

    assert b'"places"' in told.replace(b"\\", b"")
    for value in (b"C-1042", MOBILE.encode(), b"7700900123", b"harbourlane"):
        assert value not in told
    assert {row["content"] for row in office.house.rows(tables.outside_entries)} == {None}


def test_clause_l5_what_was_said_last_counts_after_a_restore(office: Office) -> None:
    """A START that the register knows lifts the STOP before it; a word after the restore stays."""
    house = office.house
    _serve(house)
    _text(house, ReplyKind.STOP)
    _text(house, ReplyKind.START)
    lifted = house.rows(tables.suppressions)
    office.tell_register()
    _lose(house)

    count = office.restoring.run().opt_outs

    assert count > 0
    assert house.rows(tables.suppressions) == lifted
    _lose(house)
    _text(house, ReplyKind.STOP)
    barred = house.rows(tables.suppressions)
    assert office.restoring.run().opt_outs == 0
    assert house.rows(tables.suppressions) == barred


def _lose(house: House) -> None:
    """Have a store as a backup from before anybody opted out would have it."""
    with house.store.write() as tx:
        for table in (tables.suppressions, tables.outside_entries):
            tx.connection.execute(table.delete())


def test_clause_l5_a_register_that_is_away_loses_no_opt_out(office: Office) -> None:
    """Somebody's STOP is heard all the same, and told to the register once it is back."""
    _serve(office.house)
    _opt_out(office.house)
    place = office.folder / "erasures"
    place.write_text("in the way", "ascii")

    with pytest.raises((BaseError, OSError)):
        office.tell_register()
    place.unlink()

    assert office.house.rows(tables.suppressions)
    assert office.tell_register() > 0
    assert office.tell_register() == 0


def test_clause_l5_an_unchecked_database_tells_the_register_nothing(office: Office) -> None:
    """Else what was said after the restore would hide that it must be checked."""
    house = office.house
    _serve(house)
    _text(house, ReplyKind.STOP)
    office.tell_register()
    _lose(house)
    _text(house, ReplyKind.STOP)

    with pytest.raises(UncheckedRestoreError):
        office.tell_register()
    office.restoring.run()

    assert office.tell_register() > 0


def test_clause_l5_a_dead_address_is_no_opt_out(office: Office) -> None:
    """A mail server says it again; and there may be many of them at once."""
    _serve(office.house)
    index = office.house.store.root.index("destination", "jo@harbourlane.example")
    with office.house.store.write() as tx:
        suppress(tx, index, Purpose.MESSAGES, Reason.BOUNCED, SuppressedBy.BOUNCE)

    assert office.tell_register() == 0
