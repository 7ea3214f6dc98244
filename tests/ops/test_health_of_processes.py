"""Do real processes tell the truth of themselves while their world is well, and when it is not?"""

import os
import signal
from pathlib import Path

import pytest

from store.engine import open_engine
from store.migrating import migrate
from tests.ops.processes import running, settings
from tests.waiting import eventually


@pytest.fixture
def migrated(postgresql_url: str) -> str:
    """Give a PostgreSQL with our tables."""
    engine = open_engine(postgresql_url, 1)
    migrate(engine)
    engine.dispose()
    return postgresql_url


def test_everything_in_one_process_is_alive_and_says_what_it_lacks(tmp_path: Path) -> None:
    """Without a provider nothing can be sent, and saying so is what readiness is for."""
    with running(tmp_path, settings(tmp_path), "up") as onward:
        alive = eventually(
            lambda: "door" in (found := onward.found("/healthz")) and found, "all parts beat"
        )
        ready = onward.until_found("/readyz", "store", "ok")

    assert alive == {
        "status": 200,
        "batches": "ok",
        "door": "ok",
        "sends": "ok",
        "threads": "ok",
        "upkeep": "ok",
    }
    assert ready["status"] == 503
    assert ready["providers"] == "none is set up"


@pytest.mark.parametrize(
    "command", [("intake",), ("dispatch",), ("upkeep",), ("web",)], ids=lambda c: c[0]
)
def test_each_process_is_ready_once_it_can_do_its_work(
    tmp_path: Path, migrated: str, broker_url: str, command: tuple[str, ...]
) -> None:
    """Whoever waits for readiness before the next step must not wait for ever."""
    environment = settings(
        tmp_path, database_url=migrated, broker_url=broker_url, smtp_host="127.0.0.1"
    )

    with running(tmp_path, environment | {"ONWARD_SMTP_SECURITY": "none"}, *command) as onward:
        eventually(lambda: onward.get("/readyz")[0] == 200, f"{command[0]} is ready")
        assert onward.get("/healthz")[0] == 200


def test_a_process_whose_broker_is_away_is_alive_and_not_ready(
    tmp_path: Path, migrated: str
) -> None:
    """A restart would not bring the broker back: only readiness may fail."""
    environment = settings(
        tmp_path, database_url=migrated, broker_url="amqp://guest:guest@127.0.0.1:1/x"
    )

    with running(tmp_path, environment, "intake") as intake:
        ready = intake.until_found("/readyz", "events", "broker")

        assert ready["events"] == "none are taken in: waits for the broker"
        assert ready["status"] == 503
        assert intake.found("/healthz") == {"status": 200, "intake": "ok"}


def test_tables_of_another_version_are_told(tmp_path: Path, postgresql_url: str) -> None:
    """The process before its migration answers nothing that it should."""
    environment = settings(
        tmp_path, database_url=postgresql_url, broker_url="amqp://guest:guest@127.0.0.1:1/x"
    )

    with running(tmp_path, environment, "web") as web:
        found = web.until_found("/readyz", "store", "onward migrate")

    assert found["status"] == 503


def test_a_process_that_is_stopped_in_its_tracks_does_not_answer(tmp_path: Path) -> None:
    """A supervisor takes silence for what it is."""
    with running(tmp_path, settings(tmp_path), "up") as onward:
        os.kill(onward.process.pid, signal.SIGSTOP)
        stopped = onward.get("/healthz", seconds=2)[0]
        os.kill(onward.process.pid, signal.SIGCONT)

        assert stopped == 0
        eventually(lambda: onward.get("/healthz")[0] == 200, "it goes on")
