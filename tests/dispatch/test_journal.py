"""What does a journal prove, and does it prove nothing when anything about it is in doubt?"""

import fcntl
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from contracts.vocabulary import Reason
from workers.dispatch import journal as journals
from workers.dispatch.journal import Journal, JournalError, Page
from workers.dispatch.journal_pages import Doubtful, Told, boot_id, read
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict

ROOT = Path(__file__).parents[2]
ONE, TWO = UUID(int=1), UUID(int=2)
VERDICTS: tuple[Verdict, ...] = (
    Accepted("SM-1"),
    Deferred(Reason.BUSY_PROVIDER, "429", 2.5, spends_attempt=False),
    Rejected(Reason.INVALID_DESTINATION, "21211"),
    Unknown(Reason.NO_ANSWER, "timeout"),
)


def _pages(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _read(path: Path, content: bytes | None = None, boot: str | None = None) -> Told | Doubtful:
    name = path.name.removesuffix(journals.SUFFIX)
    found = path.read_bytes() if content is None else content
    return read(found, name, path.stat().st_ino, boot or boot_id())


def _written(folder: Path) -> Path:
    page = Page(folder, "w-1:1")
    page.mark(ONE, 1, "text/1")
    page.answered(ONE, 1, Accepted("SM-1"))
    page.mark(TWO, 3, None)
    return folder / "w-1:1.journal"


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda v: type(v).__name__)
def test_what_is_written_is_read_again(tmp_path: Path, verdict: Verdict) -> None:
    """A replayed verdict is the one that was given, to the letter."""
    page = Page(tmp_path, "w-1:1")

    page.mark(ONE, 2, "text/1")
    page.answered(ONE, 2, verdict)

    assert _read(tmp_path / "w-1:1.journal") == Told({(ONE, 2): "text/1"}, {(ONE, 2): verdict})


def test_all_that_a_killed_process_has_written_is_there(tmp_path: Path) -> None:
    """No entry needs the disk to be waited for: the kernel has it when the process is gone."""
    program = (
        "import os, signal, sys; from pathlib import Path; from uuid import UUID\n"
        "from workers.dispatch.journal import Page\n"
        "page = Page(Path(sys.argv[1]), 'w-1:1')\n"
        "for n in range(500): page.mark(UUID(int=n), 1, None)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, cwd=ROOT)

    told = _read(tmp_path / "w-1:1.journal")
    assert isinstance(told, Told)
    assert set(told.marks) == {(UUID(int=n), 1) for n in range(500)}


def test_a_last_line_that_was_cut_short_never_happened(tmp_path: Path) -> None:
    """Its write had not returned when the process died, so no byte of that send had left."""
    path = _written(tmp_path)

    told = _read(path, path.read_bytes()[:-2])

    assert isinstance(told, Told)
    assert set(told.marks) == {(ONE, 1)}


def _without_second(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:2] + lines[3:])


def _renamed(content: bytes) -> bytes:
    return content.replace(b'"page":"w-1:1"', b'"page":"w-1:2"')


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        (_without_second, "gap"),
        (lambda c: c.replace(b'[2,"verdict"', b'[2,"verd\x00'), "unreadable"),
        (lambda c: c.replace(b'"mark"', b'"begun"'), "unreadable"),
        (lambda c: c.replace(b'"accepted"', b'"agreed"'), "unreadable"),
        (lambda c: c[:20], "unreadable"),
        (lambda _: b"", "unreadable"),
        (_renamed, "copied"),
        (lambda c: c.replace(b'"journal":1', b'"journal":2'), "version"),
    ],
)
def test_a_page_in_doubt_proves_nothing(
    tmp_path: Path, altered: Callable[[bytes], bytes], why: str
) -> None:
    """Absence taken for proof where an entry is lost would be an unmarked duplicate (hazard 1)."""
    path = _written(tmp_path)

    told = _read(path, altered(path.read_bytes()))

    assert told == Doubtful(why)


def test_a_page_of_another_boot_proves_nothing(tmp_path: Path) -> None:
    """What the disk had not yet taken is gone with the power, without a gap to show for it."""
    path = _written(tmp_path)

    assert _read(path, boot="another") == Doubtful("other_boot")


def test_a_page_that_was_copied_back_proves_nothing(tmp_path: Path) -> None:
    """A folder restored in the same boot holds an older state of the same file."""
    path = _written(tmp_path)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    copy.replace(path)

    assert _read(path) == Doubtful("copied")


def test_a_page_is_locked_from_its_first_moment_and_by_nobody_twice(tmp_path: Path) -> None:
    """Two processes in one file, or a page without an owner's lock, would prove what is untrue."""
    page = Page(tmp_path, "w-1:1")

    with (tmp_path / "w-1:1.journal").open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    page.end()
    assert _pages(tmp_path) == []


def test_entries_hold_ids_and_no_more(tmp_path: Path) -> None:
    """A journal lies outside the keys that erase a customer."""
    path = _written(tmp_path)

    _, *entries = [json.loads(line) for line in path.read_bytes().splitlines()]

    assert entries == [
        [1, "mark", str(ONE), 1, "text/1"],
        [2, "verdict", str(ONE), 1, ["accepted", {"reference": "SM-1"}]],
        [3, "mark", str(TWO), 3, None],
    ]


def test_a_full_disk_leaves_no_half_entry_and_is_told(tmp_path: Path) -> None:
    """The send whose mark found no room must not begin; what stood before still proves."""
    path = _written(tmp_path)
    page = Page(tmp_path, "w-1:2")
    page.mark(ONE, 1, None)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (page.size + 20, hard))
    try:
        with pytest.raises(JournalError, match="ONWARD_DATA_DIR"):
            page.mark(TWO, 1, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    page.mark(TWO, 2, None)

    assert path.exists()
    told = _read(tmp_path / "w-1:2.journal")
    assert isinstance(told, Told)
    assert set(told.marks) == {(ONE, 1), (TWO, 2)}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Nothing is claimed under a page that is not there."""
    (tmp_path / "journals").write_text("in the way")
    journal = Journal(tmp_path / "journals", "w-1")

    with pytest.raises(JournalError, match="journals"), journal.page():
        pass


def test_a_page_that_has_grown_is_followed_by_another_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that grew for ever would fill the disk that it needs."""
    monkeypatch.setattr(journals, "_PAGE_BYTES", 200)
    journal = Journal(tmp_path, "w-1")

    with journal.page() as long_in_work:
        long_in_work.mark(ONE, 1, None)
        long_in_work.mark(TWO, 1, None)
        with journal.page() as next_one:
            both = _pages(tmp_path)

    assert (long_in_work.name, next_one.name, len(both)) == ("w-1:1", "w-1:2", 2)
    assert [path.name for path in _pages(tmp_path)] == ["w-1:2.journal"]
    journal.close()
    assert _pages(tmp_path) == []


def test_a_batch_that_failed_leaves_its_page_to_be_replayed(tmp_path: Path) -> None:
    """What it claimed may not be on record, though its worker lives on."""
    journal = Journal(tmp_path, "w-1")

    with pytest.raises(ZeroDivisionError), journal.page() as page:
        raise ZeroDivisionError

    path = tmp_path / f"{page.name}.journal"
    with path.open("rb") as left:
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with journal.page() as after, pytest.raises(JournalError):
        page.mark(ONE, 1, None)
    assert after.name != page.name


def test_no_child_of_a_worker_holds_its_page(tmp_path: Path) -> None:
    """A lock that outlived its owner would keep the page from ever being replayed."""
    page = Page(tmp_path, "w-1:1")

    assert not os.get_inheritable(page._file)
