"""Clauses 10 and 21: identity data are kept in a vault, and used for nothing else."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from contracts.vocabulary import Answer, Checked, ErrorCode
from store import blobs, tables
from store.encryption import vault
from store.encryption.keys import Unopenable
from store.encryption.vault import VaultKey
from store.engine import open_engine
from store.files import Trouble
from tests.building import House, SettableClock, bytes_of, open_house, open_test_store
from tests.factories import Sample, envelope, file, valid
from tests.policy.desk import OFFICER, Office
from workers.upkeep.vaulting import move_evidence

BORN = "1980-02-29"
NUMBER = "ZZ0000001"
COPY = b"%PDF-1.7 a passport's page"


def _vault(house: House) -> VaultKey:
    key, _ = VaultKey.new()
    with house.store.write() as tx:
        vault.make(tx, key.public)
    return key


def _checked(**changes: Any) -> Sample:
    return envelope("identity.checked", **changes)


def _opened(house: House, key: VaultKey, ref: str = "C-1042") -> list[vault.Identity]:
    with house.store.read() as tx:
        return vault.opened(tx, key, ref)


def test_clause_10_two_individuals_have_two_entries_that_the_key_opens(office: Office) -> None:
    """Each with what was checked, and what came of it."""
    key = _vault(office.house)
    office.house.register()
    office.house.tell(
        _checked(individual_id="person-1"), _checked(individual_id="person-2", result="failed")
    )

    one, other = _opened(office.house, key)

    assert (one.individual_id, one.result) == ("person-1", Checked.PASSED)
    assert (other.individual_id, other.result) == ("person-2", Checked.FAILED)
    assert (one.told["date_of_birth"], one.told["document_number"]) == (BORN, NUMBER)


def test_clause_21_nothing_of_it_stands_anywhere_else(empty_sqlite_url: str) -> None:
    """Not in the event that told of it, not where it waits, not on the disk in plain."""
    with open_house(empty_sqlite_url) as house:
        key = _vault(house)
        house.hand_in(_checked())  # waits for its customer
        house.register()
        (row,) = house.rows(tables.events, type="identity.checked")
        with house.store.read() as tx:
            content = tx.open(f"events.content:{row['id']}", row["content"])
        assert _opened(house, key)

    assert row["status"].value == "routed"
    assert BORN.encode() not in content
    assert NUMBER.encode() not in content
    found = bytes_of(empty_sqlite_url)
    assert BORN.encode() not in found
    assert NUMBER.encode() not in found


def test_clause_21_no_key_of_ours_opens_it(office: Office) -> None:
    """Neither the root key, nor another vault's."""
    _vault(office.house)
    office.house.register()
    office.house.tell(_checked())
    (row,) = office.house.rows(tables.identities)
    place = f"identities.content:{row['id']}"

    with office.house.store.read() as tx, pytest.raises(Unopenable):
        tx.open(place, row["content"])
    with pytest.raises(Unopenable):
        _opened(office.house, VaultKey.new()[0])


def test_clause_10_without_a_vault_nothing_is_taken_in(office: Office) -> None:
    """And nothing of it is kept."""
    office.house.register()

    answer = office.house.hand_in_one(_checked())

    assert answer.answer is Answer.REJECTED
    assert [one.code for one in answer.problems] == [ErrorCode.NO_VAULT]
    assert [row["body"] for row in office.house.rows(tables.rejected_events)] == [None]


def test_clause_10_a_vault_is_set_up_once(office: Office) -> None:
    """With a second key nothing that is there would open."""
    _vault(office.house)

    with pytest.raises(vault.VaultExistsError):
        _vault(office.house)


def test_clause_10_the_copy_of_a_document_moves_into_the_vault(office: Office) -> None:
    """It leaves the blobs, which workers can open, and opens with the vault's key alone."""
    key = _vault(office.house)
    digest = sha256(COPY).hexdigest()
    office.files.put(digest, COPY)
    with office.house.store.write() as tx:
        blobs.note(tx, digest, "application/pdf", len(COPY), "registration")
    office.house.register()
    office.house.tell(_checked(evidence=file(COPY)))

    assert move_evidence(office.house.store, lambda: office.files) == 1
    assert move_evidence(office.house.store, lambda: office.files) == 0

    (identity,) = _opened(office.house, key)
    place = vault.evidence_place(identity.id)
    sealed = office.files.read_sealed(place)
    assert isinstance(sealed, bytes)
    assert key.open(place, sealed) == COPY
    assert not office.files.has(digest)
    assert office.house.rows(tables.blobs) == []
    assert COPY not in office.everything_stored()


def test_clause_10_it_goes_with_its_customer(office: Office) -> None:
    """Erased before the service, as everything else, with the copies in the vault."""
    _vault(office.house)
    digest = sha256(COPY).hexdigest()
    office.files.put(digest, COPY)
    office.house.register()
    office.house.tell(_checked(evidence=file(COPY)))
    move_evidence(office.house.store, lambda: office.files)
    (row,) = office.house.rows(tables.identities)

    office.erasing.erase("C-1042", OFFICER)

    assert office.house.rows(tables.identities) == []
    assert office.files.read_sealed(vault.evidence_place(row["id"])) is Trouble.MISSING


@contextmanager
def _role(url: str, name: str) -> Iterator[str]:
    """A role of PostgreSQL that may do what ours may; give its URL."""
    engine = open_engine(url)
    with engine.begin() as connection:
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        for line in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT USAGE ON SCHEMA {schema} TO {name}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name}",
            *vault.grants(name, "postgres"),
        ):
            connection.execute(text(line))
    try:
        yield make_url(url).set(username=name).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))
        engine.dispose()


def test_clause_21_the_database_itself_refuses_our_role(
    server_house: House, empty_postgresql_url: str
) -> None:
    """It adds what is checked and deletes what is over, and cannot read what it added."""
    _vault(server_house)
    server_house.register()
    name = f"onward_worker_{secrets.token_hex(4)}"
    with _role(empty_postgresql_url, name) as url, open_test_store(url) as store:
        house = House(store, SettableClock())
        house.tell(_checked())
        with pytest.raises(ProgrammingError, match="permission denied"):
            house.rows(tables.identities)
        with house.store.write() as tx:
            assert vault.to_be_moved(tx, 10)
            theirs = tables.identities.c.customer_ref == "C-1042"
            assert tx.connection.execute(tables.identities.delete().where(theirs)).rowcount == 1


def test_what_is_sealed_for_the_vault_opens_in_its_own_place_alone() -> None:
    """Moved, altered or cut short it opens nowhere."""
    key, private = VaultKey.new()
    sealed = vault.seal(key.public, "here", b"value")

    assert VaultKey(private).open("here", sealed) == b"value"
    for place, value in (
        ("there", sealed),
        ("here", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("here", sealed[:20]),
        ("here", b"\x01" + sealed[1:]),
    ):
        with pytest.raises((Unopenable, ValueError)):
            key.open(place, value)


def test_a_check_says_what_it_must(office: Office) -> None:
    """The sample is whole: the vault must get each of these."""
    assert {"date_of_birth", "document_number", "evidence"} <= valid("identity.checked").keys()
    assert office.house.rows(tables.identities) == []
