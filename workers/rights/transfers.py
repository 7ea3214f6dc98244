"""Temporary copies to aid a transfer: registered before they are made, and surely gone in time.

Those that a link hands out lie with the other files, sealed with a key that stands in the register
alone. Those that an officer has written to a folder lie there in plain, for nobody else's eyes, and
are deleted when their time is over, or what a crash left of them is: on the machine where they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from structlog import get_logger

from contracts.vocabulary import Carried, Gone
from store.engine import Store
from store.rights import transfers
from store.rights.transfers import Transfer, stored_at
from workers.rights.private_files import identity, private_file
from workers.running.failpoints import reach

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)
_AT_ONCE = 200
_LONGEST_WRITE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a link hands a copy out, and how long one in a folder stays there."""

    link_days: int
    folder_hours: int


class Transfers:
    """Keeps temporary copies, writes them, and sweeps them away.

    ``open_files`` is called when one lies, or is to lie, with the other files. ``host`` is this
    machine's name.
    """

    def __init__(
        self, store: Store, open_files: "Callable[[], Files]", limits: Limits, host: str
    ) -> None:
        self._store = store
        self._open_files = open_files
        self._limits = limits
        self._host = host

    def keep(self, kind: Carried, ref: str, content: bytes, request_id: UUID | None) -> Transfer:
        """Keep a copy, sealed, that a link will hand out. Raises ``store.files.FilesAwayError``."""
        with self._store.write() as tx:
            until = tx.now + timedelta(days=self._limits.link_days)
            key = transfers.register(tx, kind, ref, until, request_id)
        reach("rights.transfer.registered")
        self._open_files().put_sealed(stored_at(key.transfer_id), key.seal(content))
        reach("rights.transfer.kept")
        with self._store.write() as tx:
            transfers.finished(tx, key.transfer_id, sha256(content).hexdigest())
            (found,) = (one for one in transfers.listed(tx) if one.id == key.transfer_id)
        return found

    @contextmanager
    def written(self, kind: Carried, ref: str | None, path: Path) -> Iterator[BinaryIO]:
        """Write a file that was not there yet, for an officer to take away; it is deleted in time.

        It goes at once where writing it fails. Raises ``OSError``, among them ``FileExistsError``.
        """
        with private_file(path) as out:
            with self._store.write() as tx:
                until = tx.now + timedelta(hours=self._limits.folder_hours)
                place, file = str(path.absolute()), identity(out)
                transfer_id = transfers.register_in_folder(
                    tx, kind, ref, until, place, self._host, file
                )
            try:
                yield out
                out.flush()
                reach("rights.transfer.written")
            except BaseException:
                with self._store.write() as tx:
                    transfers.end(tx, transfer_id, Gone.EXPIRED)
                raise
        digest = sha256(path.read_bytes()).hexdigest()
        with self._store.write() as tx:
            transfers.finished(tx, transfer_id, digest)

    def sweep(self) -> int:
        """Delete what was taken, whose time is over, or what a crash left; give how many files."""
        with self._store.write() as tx:
            found = transfers.over(tx, self._host, _AT_ONCE)
            for one in found:
                transfers.end(tx, one.id, Gone.EXPIRED)
        for one in found:
            self._delete(one)
            with self._store.write() as tx:
                transfers.removed(tx, one.id)
            log.info("transfer_removed", kind=one.kind.value)
        return len(found)

    def sweep_unfinished(self) -> int:
        """Delete what a crash left half written among the other files; give how many files."""
        with self._store.read() as tx:
            before = tx.now - _LONGEST_WRITE
        return self._open_files().delete_unfinished(before)

    def _delete(self, one: Transfer) -> None:
        if one.place is None:
            self._open_files().delete(stored_at(one.id))
        else:
            with suppress(FileNotFoundError):
                if _is_still(one, Path(one.place)):
                    Path(one.place).unlink()


def _is_still(one: Transfer, path: Path) -> bool:
    """Whether a file is the one that we wrote, and not another that has its name now."""
    if one.sha256 is not None:
        return sha256(path.read_bytes()).hexdigest() == one.sha256
    with path.open("rb") as file:
        return identity(file) == one.file
