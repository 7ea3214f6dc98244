"""Clause 31: temporary copies to aid a transfer are encrypted, registered, and gone in time."""

import io
import os
import socket
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.vocabulary import Carried, Gone, Review
from store import tables
from store.files import Files
from store.rights import transfers
from store.rights.transfers import stored_at
from tests.building import (
    ROOT,
    House,
    SettableClock,
    bytes_of,
    open_house,
    open_test_store,
)
from tests.docs.reading import ROOT as REPOSITORY
from tests.factories import envelope
from tests.policy.desk import OFFICER, Office
from workers.rights.forgetting import Forgetting
from workers.rights.transfers import Limits, Transfers

CANARY = "the lease of the boathouse"
_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
_KILLED = -9


def _settings(folder: Path) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("ONWARD_")}
    return outside | {
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(folder),
        "ONWARD_MASTER_KEY": b64encode(b"k" * 32).decode(),
        "ONWARD_PUBLIC_URL": "https://onward.brindle-hart.example",
        "PYTHONPATH": str(REPOSITORY),
    }


def _type(folder: Path, *words: str, armed: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, which may be killed on its way."""
    return subprocess.run(
        [*_ONWARD, *words],
        env=_settings(folder) | {"ONWARD_FAILPOINTS": armed},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _seed(folder: Path) -> str:
    """A customer with a call whose words must not be found; give their request for a copy."""
    assert _type(folder, "migrate").returncode == 0
    with open_house(f"sqlite:///{folder}/onward.db") as house:
        house.serve()
        call = envelope("call.message_taken", text=CANARY)
        house.tell(call, envelope("rights.requested"))
        event_id = str(house.event(call["id"])["id"])
        office = Office(house, folder)
        office.reviewing.decide("C-1042", [event_id], Review.RELEASED, OFFICER)
        return str(house.rows(tables.rights_requests)[0]["id"])


@contextmanager
def _again(folder: Path) -> Iterator[House]:
    """The same store, once the killed process has gone."""
    clock = SettableClock()
    with open_test_store(f"sqlite:///{folder}/onward.db", clock) as store:
        yield House(store, clock)


def _left(folder: Path) -> bytes:
    """All that lies on the disk, with what is packed in any ZIP opened."""
    found = [bytes_of(f"sqlite:///{folder}/onward.db")]
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        body = path.read_bytes()
        found.append(body)
        if zipfile.is_zipfile(io.BytesIO(body)):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                found += [archive.read(name) for name in archive.namelist()]
    return b"".join(found)


def _sweep(folder: Path, house: House) -> int:
    """Sweep as upkeep on that machine does."""
    files = Files((folder / "blobs").as_uri(), ROOT)
    return Transfers(house.store, lambda: files, Limits(7, 72), socket.gethostname()).sweep()


def test_clause_31_what_a_crash_left_in_a_folder_is_swept_within_the_limit(tmp_path: Path) -> None:
    """Killed with the whole copy in plain on the disk: it stays for its hours, and no longer."""
    _seed(tmp_path)
    copy = ("rights", "copy", "C-1042", "--to", "copy.zip", "--reason", "they asked")
    killed = _type(tmp_path, *copy, armed="rights.transfer.written=kill")
    assert killed.returncode == _KILLED, killed.stderr
    assert CANARY.encode() in _left(tmp_path)

    with _again(tmp_path) as house:
        (row,) = house.rows(tables.transfers)
        house.clock.now = row["made_at"] + timedelta(hours=72, seconds=-1)
        early = _sweep(tmp_path, house)
        house.clock.advance(seconds=1)
        swept = _sweep(tmp_path, house)

    assert (early, swept) == (0, 1)
    assert not (tmp_path / "copy.zip").exists()
    assert CANARY.encode() not in _left(tmp_path)


@pytest.mark.parametrize("armed", ["rights.transfer.registered", "rights.transfer.kept"])
def test_clause_31_what_a_crash_left_of_a_delivery_was_never_readable(
    tmp_path: Path, armed: str
) -> None:
    """Killed before or after it is kept: sealed throughout, and swept when its days are over."""
    request = _seed(tmp_path)
    deliver = ("rights", "deliver", request, "--to", "d-mail", "--reason", "they asked")
    killed = _type(tmp_path, *deliver, armed=f"{armed}=kill")
    assert killed.returncode == _KILLED, killed.stderr
    assert CANARY.encode() not in _left(tmp_path)

    with _again(tmp_path) as house:
        (row,) = house.rows(tables.transfers)
        house.clock.now = row["until"]
        assert _sweep(tmp_path, house) == 1
        (row,) = house.rows(tables.transfers)

    assert (row["gone"], row["key"]) == (Gone.EXPIRED, None)
    assert row["removed_at"] is not None
    assert [one for one in (tmp_path / "blobs").rglob("*") if one.is_file()] == []
    assert CANARY.encode() not in _left(tmp_path)


def test_clause_31_what_was_half_written_among_the_other_files_is_swept_too(
    office: Office,
) -> None:
    """Killed while it was kept, a file lies beside its place; one being written now is let be."""
    folder = office.folder / "blobs" / "transfers"
    folder.mkdir(parents=True)
    old, new, whole = (folder / name for name in ("a#1", "b#1", "c"))
    for path in (old, new, whole):
        path.write_bytes(b"half")
    now = office.house.clock.now
    for path, hours in ((old, 2), (new, 0), (whole, 2)):
        at = (now - timedelta(hours=hours)).timestamp()
        os.utime(path, (at, at))

    assert office.transfers.sweep_unfinished() == 1
    assert sorted(path.name for path in folder.iterdir()) == ["b#1", "c"]


def test_clause_31_a_write_that_fails_leaves_nothing(office: Office) -> None:
    """Neither a half file, nor a row that says there is one."""
    path = office.folder / "half.zip"

    def fail() -> None:
        with office.transfers.written(Carried.ACCESS_COPY, "C-1042", path) as out:
            out.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not path.exists()
    assert office.transfers.sweep() == 1
    assert office.transfers.sweep() == 0


def _write(office: Office, path: Path, content: bytes) -> None:
    with office.transfers.written(Carried.ACCESS_COPY, "C-1042", path) as out:
        out.write(content)


def test_clause_31_a_file_that_took_the_name_of_ours_is_left_alone(office: Office) -> None:
    """An officer moved the copy away and put something else there: that is not ours to delete."""
    path = office.folder / "copy.zip"
    _write(office, path, b"a copy")
    path.write_bytes(b"a letter of their own")
    office.house.clock.advance(hours=72)

    assert office.transfers.sweep() == 1
    assert path.read_bytes() == b"a letter of their own"


def test_clause_31_another_copy_of_the_same_name_has_its_whole_time(office: Office) -> None:
    """The row of the first must not take the second away."""
    path = office.folder / "copy.zip"
    _write(office, path, b"a copy")
    path.rename(office.folder / "elsewhere.zip")
    office.house.clock.advance(hours=71)
    _write(office, path, b"a copy")
    office.house.clock.advance(hours=2)

    assert office.transfers.sweep() == 0
    assert path.exists()
    assert [row["gone"] for row in office.house.rows(tables.transfers)] == [Gone.MOVED, None]


def test_clause_31_a_folder_of_another_machine_is_for_its_own_sweeper(office: Office) -> None:
    """What cannot be reached from here is not said to be gone."""
    _write(office, office.folder / "copy.zip", b"a copy")
    office.house.clock.advance(hours=72)
    elsewhere = Transfers(office.house.store, lambda: office.files, Limits(7, 72), "office-2")

    assert elsewhere.sweep() == 0
    assert (office.folder / "copy.zip").exists()
    assert office.transfers.sweep() == 1


def test_clause_31_erasure_takes_a_copy_on_its_way_with_it(office: Office) -> None:
    """Who is erased has no copy of theirs left lying about, opened or sealed."""
    office.house.register()
    kept = office.transfers.keep(Carried.ACCESS_COPY, "C-1042", b"a copy", None)

    office.erasing.erase("C-1042", OFFICER)

    assert office.house.rows(tables.transfers) == []
    assert not isinstance(office.files.read_sealed(stored_at(kept.id)), bytes)


def test_clause_31_that_there_was_a_copy_is_forgotten_when_sends_are(office: Office) -> None:
    """The register of temporary copies is not for good either."""
    _write(office, office.folder / "copy.zip", b"a copy")
    office.house.clock.advance(hours=72)
    office.transfers.sweep()
    forgetting = Forgetting(office.house.store, office.house.policies)
    office.house.clock.advance(days=5 * 365)
    early = forgetting.run()
    office.house.clock.advance(days=6)

    assert (early, forgetting.run()) == (0, 1)
    assert office.house.rows(tables.transfers) == []


def test_clause_31_without_its_row_the_file_opens_nowhere(office: Office) -> None:
    """The key stands in the register alone: that row gone, the bytes are noise."""
    kept = office.transfers.keep(Carried.ACCESS_COPY, "C-1042", b"a copy", None)

    with office.house.store.write() as tx:
        key = transfers.key_of(tx, kept.id)
        transfers.end(tx, kept.id, Gone.TAKEN)
        gone = transfers.key_of(tx, kept.id)

    assert key is not None
    assert gone is None
    sealed = office.files.read_sealed(stored_at(kept.id))
    assert isinstance(sealed, bytes)
    assert key.open(sealed) == b"a copy"


def test_clause_31_no_code_of_ours_makes_a_file_that_is_not_registered() -> None:
    """Whoever writes a file anew must think of it here: what may be written, and why."""
    allowed = {
        "config/keyfile.py": "a key",
        "contracts/generate.py": "schemas",
        "workers/cli/emails.py": "previews of samples",
        "workers/demo/installation.py": "logs",
        "workers/demo/world.py": "invented customers",
        "workers/dispatch/journal.py": "ids alone",
        "workers/dispatch/replaying.py": "the same",
        "workers/rights/private_files.py": "what workers/rights/transfers.py registers",
    }
    writing = ("tempfile", ".write_bytes(", ".write_text(", "os.open(", '"wb"', '"ab"')

    found = {
        str(path.relative_to(REPOSITORY))
        for room in ("config", "contracts", "store", "workers")
        for path in (REPOSITORY / room).rglob("*.py")
        if "sandbox" not in path.parts
        and any(word in path.read_text(encoding="utf-8") for word in writing)
    }

    assert found == set(allowed)


def test_clause_31_a_copy_that_nobody_swept_waits_for_an_operator(
    office: Office, tmp_path: Path
) -> None:
    """As on a machine that is gone, or where upkeep does not run; with the machine's name."""
    office.house.serve()
    assert office.copies.copy("C-1042", tmp_path / "a.zip", OFFICER, release_all=True)
    shown = []
    for hours in (71, 1.5, 1):
        office.house.clock.advance(hours=hours)
        shown.append(office.clocks)
    office.transfers.sweep()

    assert shown == [{}, {}, {"clock/copy/overdue/office-1": 1}]
    assert office.clocks == {}
