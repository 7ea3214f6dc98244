import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from contracts.vocabulary import BreakerState, Channel, Reason
from store import providers
from store.encryption.keys import MasterKey
from store.encryption.root_keys import open_root
from store.engine import Store, open_engine
from store.leases import hold
from store.migrating import migrate
from store.providers import Known
from store.rights import incidents
from store.rights.affected import Wrong
from tests.checking.telling import told
from workers.checking import State
from workers.checking.database import _clock, database
from workers.upkeep.running import LEADER

KEY = b"k" * 32


def _settings(folder: Path, url: str, key: bytes = KEY) -> Settings:
    from base64 import b64encode  # noqa: PLC0415 - one use

    return Settings(
        data_dir=folder,
        database_url=url,  # type: ignore[arg-type]
        master_key=b64encode(key).decode(),  # type: ignore[arg-type]
    )


def _migrated(url: str) -> Store:
    engine = open_engine(url)
    migrate(engine)
    return Store(engine, open_root(engine, MasterKey(KEY)), policy_version="2020-04")


def test_an_empty_database_is_told_to_be_migrated(tmp_path: Path, postgresql_url: str) -> None:
    """The first thing that a new installation gets wrong."""
    found = told(database(_settings(tmp_path, postgresql_url)))

    assert found["database"].fine
    assert found["clock"].fine
    assert "onward migrate" in found["tables"].says
    assert not found["tables"].fine


def test_a_kept_house_is_fine(tmp_path: Path, store_url: str) -> None:
    """Nothing is reported wrong where nothing is."""
    store = _migrated(store_url)
    with store.write() as tx:
        tx.prepare_keys(["C-1042"])
        hold(tx, LEADER, "a machine:1", 60)
    store.close()

    found = told(database(_settings(tmp_path, store_url)))

    assert [one.what for one in found.values() if one.state is not State.FINE] == []
    assert found["upkeep"].says == "led by a machine:1"


def test_a_provider_that_is_out_of_use_is_told(tmp_path: Path, store_url: str) -> None:
    """It answers a check like any other, and still nothing goes out by it."""
    store = _migrated(store_url)
    with store.write() as tx:
        providers.know(tx, [Known("smtp", Channel.EMAIL, 0), Known("spare", Channel.EMAIL, 1)])
        providers.pause(tx, "spare", "ops", "maintenance")
        state = providers.locked(tx, "smtp")
        assert state is not None
        out = replace(state, state=BreakerState.OPEN, opened_at=tx.now, code="connect")
        providers.save(tx, replace(out, reason=Reason.UNREACHABLE))
    store.close()

    found = told(database(_settings(tmp_path, store_url)))["providers in use"]

    assert found.state is State.WRONG
    assert "smtp has been out since" in found.says
    assert "(unreachable: connect)" in found.says
    assert "spare was paused at" in found.says


def test_another_master_key_is_found_out(tmp_path: Path, store_url: str) -> None:
    """Started with the wrong key, everything new would be lost to the right one."""
    store = _migrated(store_url)
    with store.write() as tx:
        tx.prepare_keys(["C-1042"])
    store.close()

    found = told(database(_settings(tmp_path, store_url, secrets.token_bytes(32))))

    assert found["sealed values"].state is State.WRONG


def test_a_house_without_upkeep_is_told(tmp_path: Path, store_url: str) -> None:
    """Without it retries, receipts and seals stand still, and nobody notices for an hour."""
    _migrated(store_url).close()

    found = told(database(_settings(tmp_path, store_url)))

    assert found["upkeep"].state is State.WRONG


@pytest.mark.parametrize(("seconds", "is_fine"), [(0.4, True), (-1.9, True), (2.5, False)])
def test_clocks_may_differ_by_two_seconds(seconds: float, is_fine: bool) -> None:
    """Leases and due times are compared by the database's clock, deadlines of calls by ours."""
    assert _clock("postgresql", timedelta(seconds=seconds)).fine is is_fine


def test_a_dead_database_is_told_without_its_password(tmp_path: Path) -> None:
    """Where it should be is shown, what opens it is not."""
    url = "postgresql://onward:hidden@127.0.0.1:1/onward"

    found = told(database(_settings(tmp_path, url)))

    assert "127.0.0.1:1/onward" in found["database"].says
    assert "hidden" not in found["database"].says


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    """A path that points at something else is no crash."""
    file = tmp_path / "notes.txt"
    file.write_text("this is no database at all, and is long enough to be read as one" * 20)

    found = told(database(_settings(tmp_path, f"sqlite:///{file}")))

    assert found["database"].state is State.WRONG


def test_a_breach_whose_hours_run_out_is_told(tmp_path: Path, store_url: str) -> None:
    """What the law sets a time for is nothing that mends itself."""
    store = _migrated(store_url)
    with store.write() as tx:
        due = tx.now + timedelta(hours=3)
        incidents.put(tx, "found", Wrong(customer="C-1042"), [], tx.now, due, "kim")
    store.close()

    found = told(database(_settings(tmp_path, store_url)))["legal clocks"]

    assert found.state is State.WRONG
    assert "1 incident soon" in found.says
    assert "onward attention" in found.says
