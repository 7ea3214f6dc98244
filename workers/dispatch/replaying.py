"""What does a dead worker's journal settle? What never left, and what was answered.

A page whose lock is free has lost its owner. Of what was claimed under it and is not on record:

    no mark               it never left: pending again at once, nothing spent
    mark and verdict      recorded as that verdict
    mark, and no verdict  it may have left: uncertain at once

A page that proves nothing (`journal_pages`) settles nothing: what names it waits for its lease.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from structlog import get_logger

from config.policies import Policies
from contracts.vocabulary import Reason
from store.deliveries.recording import Result
from store.deliveries.reopening import Unanswered, unanswered
from store.engine import Store, is_outage, steadily
from workers.dispatch import journal_pages, results
from workers.dispatch.journal import SUFFIX
from workers.dispatch.journal_pages import Doubtful, Told
from workers.dispatch.preparing import Preparing, Ready
from workers.providers.base import Unknown

log = get_logger(__name__)
_EVERY_SECONDS = 2.0
_AT_ONCE = 100
# A claim whose worker died while it was being committed may appear after the first look.
_LATE_COMMIT_SECONDS = 5.0


class Replaying:
    """Replays what the dead left behind in ``folder``. ``record`` is a live worker's own."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        policies: Policies,
        preparing: Preparing,
        record: Callable[[Sequence[Result]], None],
        clock: Callable[[], float] = steadily,
    ) -> None:
        self._folder = folder
        self._store = store
        self._policies = policies
        self._preparing = preparing
        self._record = record
        self._clock = clock
        self._first_seen: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replays", daemon=True)

    def start(self) -> None:
        """Look now and every two seconds, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the page in hand."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> int:
        """Replay every page whose owner is dead; give how many attempts that settled.

        A page goes once nothing more can come of it. Raises what the store raises; the page then
        stays for the next look, here or in another process. An outage ends the look, any other
        fault of one page is raised after all the others have been looked at.
        """
        settled = 0
        fault: Exception | None = None
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            with _orphaned(path) as file:
                if file is None or self._stopping.is_set():
                    continue
                try:
                    settled += self._replay(path, file)
                except Exception as error:
                    if is_outage(error):
                        raise
                    fault = fault or error
        if fault is not None:
            raise fault
        return settled

    def _run(self) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                self.look()
                failing = False
            except Exception as error:  # noqa: BLE001 - an outage passes, and the pages stay
                if not failing:
                    log.warning("replaying_waits", error_type=type(error).__name__)
                failing = True
            self._stopping.wait(_EVERY_SECONDS)

    def _replay(self, path: Path, file: int) -> int:
        page = path.name.removesuffix(SUFFIX)
        told = journal_pages.read(
            path.read_bytes(), page, os.fstat(file).st_ino, journal_pages.boot_id()
        )
        if isinstance(told, Doubtful):
            log.warning("journal_proves_nothing", page=page, reason=told.why)
            path.unlink()
            return 0
        settled = self._settle(page, told)
        first_seen = self._first_seen.setdefault(page, self._clock())
        if self._clock() - first_seen >= _LATE_COMMIT_SECONDS:
            del self._first_seen[page]
            path.unlink()
        return settled

    def _settle(self, page: str, told: Told) -> int:
        named = sorted({delivery_id for delivery_id, _ in (*told.marks, *told.verdicts)})
        with self._store.read() as tx:
            found = unanswered(tx, page, named)
            now = tx.now
        made = [self._result(one, told, now) for one in found]
        for start in range(0, len(made), _AT_ONCE):
            self._record(made[start : start + _AT_ONCE])
        for result in made:
            log.info(
                "journal_replayed",
                delivery_id=str(result.claimed.delivery_id),
                attempt=result.claimed.fence,
                verdict=result.verdict,
            )
        return len(made)

    def _result(self, one: Unanswered, told: Told, now: datetime) -> Result:
        key = (one.claimed.delivery_id, one.claimed.fence)
        verdict = told.verdicts.get(key)
        if verdict is None and key not in told.marks:
            return results.of_not_begun(one.claimed, now)
        return results.of_journalled(
            one.claimed,
            verdict or Unknown(Reason.NO_ANSWER, "worker died"),
            one.provider,
            self._policies,
            now,
            self._sent(one, told.marks.get(key)),
        )

    def _sent(self, one: Unanswered, template_version: str | None) -> results.Content:
        """What was sent: rendered once more, from the same event and for the same moment.

        By another version of the template it is not what was sent, and proves nothing.
        """
        again = self._preparing.prepare(one.claimed, one.claimed.started_at)
        if isinstance(again, Ready) and again.template_version == template_version:
            return results.Content(again.content_digest, template_version, again.segments)
        return results.Content("", template_version)


@contextmanager
def _orphaned(path: Path) -> Iterator[int | None]:
    """Lock a page that nobody holds, and give its file; none where somebody does, or it is gone."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        yield None
        return
    try:
        yield file if _locked(file, path) else None
    finally:
        os.close(file)


def _locked(file: int, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another may have replayed it, and removed it, between our opening and our locking.
        return os.fstat(file).st_ino == path.stat().st_ino
    except OSError:
        return False
