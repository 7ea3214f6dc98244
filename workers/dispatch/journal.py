"""How does a worker note what is about to leave, so that its death leaves little unknown?

In a page of a journal beside the store: a file that this process alone may write, locked for as
long as it lives. Every claim names the page that its marks will stand in. A page that has grown is
followed by another, and goes when all that was claimed under it is on record.
"""

import errno
import fcntl
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from structlog import get_logger

from workers.dispatch import journal_pages
from workers.providers.base import Verdict

log = get_logger(__name__)
SUFFIX = ".journal"
_PAGE_BYTES = 1_048_576  # some four thousand sends


class JournalError(Exception):
    """The journal cannot be written, so nothing may leave; the text names the folder and why."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.folder, self.code = folder, errno.errorcode.get(error.errno or 0, "unknown")
        super().__init__(
            f"journals cannot be written in {folder} ({error.strerror}): nothing is sent before"
            " they can; make room there, or set ONWARD_DATA_DIR to a folder that can be written"
        )


class Page:
    """One file of the journal. Marks and verdicts are written by one thread, the sends' loop."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.size = 0
        self.spoiled = False
        self.users = 0
        self.settled = True
        self._folder = folder
        self._path = folder / f"{name}{SUFFIX}"
        self._entries = 0
        self._file = -1
        try:
            self._begin(self._path.with_suffix(".new"))
        except OSError as error:
            raise JournalError(folder, error) from None

    def _begin(self, fresh: Path) -> None:
        """Have the page in place, locked and headed at once: nobody may find it otherwise."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            inode = os.fstat(self._file).st_ino
            self._write(journal_pages.header(self.name, inode, journal_pages.boot_id()))
            fresh.rename(self._path)
        except OSError:
            os.close(self._file)
            fresh.unlink(missing_ok=True)
            raise

    @property
    def full(self) -> bool:
        """Whether the next claims should name another page."""
        return self.spoiled or self.size >= _PAGE_BYTES

    def mark(self, delivery_id: UUID, attempt: int, template_version: str | None) -> None:
        """Note that an attempt is about to leave; when this raises ``JournalError``, it must not.

        Nothing is forced to the disk. What is written outlives this process, and that the machine
        itself has stopped is told by its boot.
        """
        number = self._entries + 1
        try:
            self._write(journal_pages.mark(number, delivery_id, attempt, template_version))
        except OSError as error:
            raise JournalError(self._folder, error) from None
        self._entries = number

    def answered(self, delivery_id: UUID, attempt: int, verdict: Verdict) -> None:
        """Note a provider's answer. Where that fails, a crash leaves the attempt uncertain."""
        number = self._entries + 1
        try:
            self._write(journal_pages.verdict(number, delivery_id, attempt, verdict))
        except OSError as error:
            log.warning("verdict_not_journalled", page=self.name, code=error.errno)
        else:
            self._entries = number

    def _write(self, line: bytes) -> None:
        if self.spoiled:
            raise OSError(errno.EIO, "a write to this page was cut short")
        written = os.write(self._file, line)
        if written < len(line):  # a full disk takes what it can
            self.spoiled = True
            os.ftruncate(self._file, self.size)
            self.spoiled = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written

    def end(self) -> None:
        """Give the page up: gone where all is on record, else free for whoever replays it."""
        if self.settled:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1  # its number may soon be another file's


class Journal:
    """The journal of one process, under its ``owner``'s name. Safe to share between threads."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder = folder
        self._owner = owner
        self._numbers = itertools.count(1)
        self._current: Page | None = None
        self._changing = threading.Lock()

    @contextmanager
    def page(self) -> Iterator[Page]:
        """Give the page that a batch's claims name; all of it is on record when the block ends.

        When the block ends by an exception, something may not be: the page is then replayed, as
        a dead worker's is. Raises ``JournalError`` where no page can be begun.
        """
        page = self._enter()
        try:
            yield page
        except BaseException:
            page.settled = False
            raise
        finally:
            self._leave(page)

    def close(self) -> None:
        """Give up the current page. Nothing may be marked any more."""
        with self._changing:
            self._turn()

    def _enter(self) -> Page:
        with self._changing:
            if self._current is not None and self._current.full:
                self._turn()
            if self._current is None:
                self._current = Page(self.folder, f"{self._owner}:{next(self._numbers)}")
            self._current.users += 1
            return self._current

    def _leave(self, page: Page) -> None:
        with self._changing:
            page.users -= 1
            if page is self._current:
                if not page.settled:
                    self._turn()
            elif not page.users:
                page.end()

    def _turn(self) -> None:
        """Let the next claims name another page."""
        page, self._current = self._current, None
        if page is not None and not page.users:
            page.end()
