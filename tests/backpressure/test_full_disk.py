"""What if a disk is full? Intake stops in good order: nothing is promised that is not kept."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from contracts.vocabulary import Door
from store.publishers import Publisher
from store.tables import metadata
from tests import factories
from tests.backpressure.disks import SmallDisk, small_disk
from tests.conftest import LOUD
from tests.door.opened import EVERYTHING, Office, Opened, opened
from tests.intake.amqp import Desk, admit, consuming, count, event_ids, open_store
from tests.rooms import fresh_database
from tests.service_answers import DATABASE, CannotStartError, wait_for
from tests.service_packages import database_recipe, end, launch
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LETTER = b"%PDF-1.7\n" + b"a letter " * 4_000


@dataclass(frozen=True, slots=True)
class Cramped:
    """A store whose disk may run full."""

    url: str
    disk: SmallDisk


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[str]:
    """Start a PostgreSQL that nobody else uses."""
    try:
        with database_recipe() as recipe:
            child = launch(recipe.command, recipe.folder, recipe.environment)
            try:
                wait_for(recipe.answers, lambda: child.poll() is None)
                yield recipe.variables[DATABASE]
            finally:
                end(child, recipe.stop)
    except CannotStartError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{LOUD} a PostgreSQL of one's own: {error}")


@contextlib.contextmanager
def _postgresql_on(disk: SmallDisk, server: str) -> Iterator[str]:
    """Have a database whose tables, not its log, lie on the small disk."""
    place = disk.folder / "tables"
    place.mkdir()
    shutil.chown(place, "postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE cramped LOCATION '{place}'")
    try:
        with fresh_database(server, "cramped") as url:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute("ALTER DATABASE cramped SET TABLESPACE cramped")
            yield url
    finally:
        disk.free()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP TABLESPACE cramped")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.database])])
def cramped(request: pytest.FixtureRequest) -> Iterator[Cramped]:
    """Give a store of each kind on a disk that a test can fill."""
    with contextlib.ExitStack() as stack:
        # not pytest's own folder, into which the server's user may not look
        above = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onward-test-")))
        above.chmod(0o755)
        disk = stack.enter_context(small_disk(above / "small", 24))
        if request.param == "sqlite":
            url = f"sqlite:///{disk.folder / 'onward.db'}"
        else:
            server = request.getfixturevalue("own_postgresql")
            url = stack.enter_context(_postgresql_on(disk, server))
        store = open_store(url)
        metadata.create_all(store.engine)
        store.close()
        yield Cramped(url, disk)


def _message() -> factories.Sample:
    return factories.envelope("call.message_taken", text="a long story " * 300)


def _publish(door: Opened) -> tuple[str, int, str | None]:
    event = _message()
    reply = door.publish(event)
    return event["id"], reply.status, reply.headers.get("retry-after")


def test_the_door_answers_503_while_the_disk_is_full_and_recovers_by_itself(
    cramped: Cramped, tmp_path: Path
) -> None:
    """A publisher is told to come back; what it was promised is there."""
    store = open_store(cramped.url)
    office = Office(store, tmp_path)
    with opened(office.parts(), office.admit(EVERYTHING)) as door:
        before = _publish(door)
        cramped.disk.fill()

        during = [_publish(door) for _ in range(200)]

        cramped.disk.free()
        after = eventually(lambda: _accepted(_publish(door)), "events are taken in again")

    told = [before, *during, after]
    refused = [one for one in during if one[1] != 202]
    assert refused, "the disk was never full"
    assert {one[1:] for one in refused} == {(503, "5")}
    assert event_ids(store) >= {one[0] for one in told if one[1] == 202}
    assert not event_ids(store) & {one[0] for one in refused}
    store.close()


def _accepted(published: tuple[str, int, str | None]) -> tuple[str, int, str | None] | None:
    return published if published[1] == 202 else None


def test_intake_acknowledges_nothing_while_the_disk_is_full_and_goes_on_by_itself(
    cramped: Cramped, desk: Desk
) -> None:
    """The broker holds what we cannot: it is neither refused nor among the dead letters."""
    store = open_store(cramped.url)
    admit(store, Publisher(desk.user, ("*",), ("*",)))
    events = [_message() for _ in range(400)]
    with consuming(desk.url, store, batch=20) as running:
        desk.publish(events[0])
        eventually(lambda: count(store, "events") == 1, "it consumes")
        cramped.disk.fill()
        for event in events[1:]:
            desk.publish(event)
        eventually(lambda: _stands_still(cramped), "it is full", 60)
        kept = event_ids(store)

        cramped.disk.free()

        eventually(lambda: count(store, "events") == len(events), "all are in", 60)

    assert len(kept) < len(events)
    assert event_ids(store) == {event["id"] for event in events}
    assert count(store, "rejected_events") == 0
    assert running.failed == []
    store.close()


def _stands_still(cramped: Cramped) -> bool:
    free = os.statvfs(cramped.disk.folder)
    return free.f_bavail * free.f_frsize < 64 * 1024


def test_a_file_that_finds_no_room_is_refused_for_now_and_kept_later(tmp_path: Path) -> None:
    """A scan that was answered 201 can be sent on; any other comes again."""
    store = open_store(f"sqlite:///{tmp_path / 'onward.db'}")
    metadata.create_all(store.engine)
    mailroom = Publisher("mailroom", ("post.*",), ("/mailroom",), (Door.BLOBS,), ())
    digest = sha256(LETTER).hexdigest()
    kind = {"Content-Type": "application/pdf"}
    with small_disk(tmp_path / "small", 2) as disk:
        office = Office(store, disk.folder)
        with opened(office.parts(), office.admit(mailroom)) as door:
            disk.fill()

            refused = door.ask("PUT", f"/blobs/{digest}", LETTER, kind)

            disk.free()
            kept = door.ask("PUT", f"/blobs/{digest}", LETTER, kind)
        read = office.files.read(f"blob:{digest}", len(LETTER))
    store.close()

    assert (refused.status, refused.headers.get("retry-after")) == (503, "5")
    assert kept.status == 201
    assert read == LETTER
