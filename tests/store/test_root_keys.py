"""Can the master key be changed with nothing written anew, and does a wrong one open nothing?"""

import pytest
from sqlalchemy import delete

from store import tables
from store.encryption import root_keys
from store.encryption.keys import MasterKey, RootKey
from store.encryption.root_keys import NoRootKeyError
from store.engine import Store
from tests.building import MASTER, ROOT, House

OTHER = MasterKey(b"o" * 32)
PLACE = "destinations.value:C-1/d-mail/1"


def _empty(house: House) -> None:
    with house.store.write() as tx:
        tx.connection.execute(delete(tables.root_keys))


def test_the_first_use_makes_a_root_key_and_every_later_one_opens_it(house: House) -> None:
    """Whichever process is first."""
    _empty(house)

    first = root_keys.open_root(house.store.engine, MASTER)
    second = root_keys.open_root(house.store.engine, MASTER)

    assert first.fingerprint() == second.fingerprint()
    assert first.fingerprint() != ROOT.fingerprint()


def test_a_look_makes_no_key(house: House) -> None:
    """A check before the first start must leave nothing behind."""
    _empty(house)

    with pytest.raises(NoRootKeyError, match="nothing is stored"):
        root_keys.open_root(house.store.engine, MASTER, make=False)

    assert house.rows(tables.root_keys) == []


def test_another_master_key_opens_nothing_and_makes_nothing(house: House) -> None:
    """A second root key would seal what the first can never open."""
    with pytest.raises(NoRootKeyError, match=MASTER.name):
        root_keys.open_root(house.store.engine, OTHER)

    assert len(house.rows(tables.root_keys)) == 1


def test_a_new_master_key_takes_over_and_what_was_sealed_still_opens(house: House) -> None:
    """No row of a customer's changes; afterwards the old key opens nothing."""
    with house.store.write() as tx:
        sealed = tx.seal("C-1", PLACE, b"jo@example.com")
    before = house.rows(tables.data_keys)

    assert root_keys.add(house.store.engine, house.store.root, OTHER)
    assert not root_keys.add(house.store.engine, house.store.root, OTHER)
    assert root_keys.take_away(house.store.engine, MASTER.name)

    later = Store(
        house.store.engine, root_keys.open_root(house.store.engine, OTHER), policy_version="x"
    )
    with later.read() as tx:
        assert tx.open(PLACE, sealed) == b"jo@example.com"
    assert house.rows(tables.data_keys) == before
    with pytest.raises(NoRootKeyError):
        root_keys.open_root(house.store.engine, MASTER)


def test_the_last_master_key_cannot_be_taken_away(house: House) -> None:
    """Nothing would ever open again."""
    with pytest.raises(NoRootKeyError, match="only master key"):
        root_keys.take_away(house.store.engine, MASTER.name)

    assert root_keys.openers(house.store.engine)[0].master == MASTER.name


def test_a_key_is_never_shown() -> None:
    """Neither by its name nor by how it prints."""
    assert "kkkk" not in repr(ROOT) + repr(MASTER) + MASTER.name + ROOT.fingerprint()
    assert MASTER.name != ROOT.fingerprint()
    assert RootKey(b"k" * 32).secret("a") != RootKey(b"k" * 32).secret("b")
