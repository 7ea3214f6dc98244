"""What must be done again in a database that was restored from a backup, before it is used?

Whoever was erased since is erased again, and whoever opted out since is sent nothing: both stand in
the register outside the database.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.vocabulary import Purpose
from store.engine import Store
from store.rights import outside
from store.rights.bringing_back import bring_back, whose
from store.rights.erasure_register import ErasureRegister
from workers.rights.erasure import Erasing

_AT_ONCE = 200


class UncheckedRestoreError(Exception):
    """The register outside knows of what this database does not; ``count`` is how much."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"this database was restored from a backup: the register outside it"
            f" (ONWARD_ERASURE_URL) has {count} erasures or opt-outs that it does not know, and"
            " nothing is sent before it does; run onward restore-check, then start this again"
        )
        self.count = count


@dataclass(frozen=True, slots=True)
class Restored:
    """Who was erased again, and how many opt-outs, or ends of some, came back."""

    erased: tuple[str, ...]
    opt_outs: int


class Restoring:
    """Brings a restored database up to the register outside it; again does nothing."""

    def __init__(
        self, store: Store, erasing: Erasing, open_register: Callable[[], ErasureRegister]
    ) -> None:
        self._store = store
        self._erasing = erasing
        self._open_register = open_register

    def run(self) -> Restored:
        """Do all that this database does not know of."""
        register, count = self._open_register(), 0
        again = self._erasing.erase_again()
        with self._store.read(Purpose.RIGHTS) as tx:
            missing = outside.unknown(tx, register.entered())
            refs = whose(tx)
        for first in range(0, len(missing), _AT_ONCE):
            entries = [register.read(one) for one in missing[first : first + _AT_ONCE]]
            with self._store.write() as tx:
                count += sum(bring_back(tx, entry, refs) for entry in entries)
                outside.know(tx, entries)
        return Restored(tuple(again), count)


def insist_checked(store: Store, register: ErasureRegister) -> None:
    """Raise ``UncheckedRestoreError`` where the register outside is ahead of this database.

    Looks at what is later than the last that this database told it: nothing, as a rule.
    """
    with store.read(Purpose.RIGHTS) as tx:
        last = outside.last_told(tx)
    later = register.entered(after=last)
    if later:
        with store.read(Purpose.RIGHTS) as tx:
            missing = outside.unknown(tx, later)
        if missing:
            raise UncheckedRestoreError(len(missing))


def tell_register(store: Store, open_register: Callable[[], ErasureRegister]) -> int:
    """Tell the register outside who opted out, or in again; give how many entries it was told.

    Not from a restored database that has not been checked: that would hide that it must be.
    """
    with store.read(Purpose.RIGHTS) as tx:
        entries = outside.untold(tx, _AT_ONCE)
    if entries:
        register = open_register()
        insist_checked(store, register)
        for entry in entries:
            register.enter(entry)
        with store.write() as tx:
            outside.told(tx, [entry.id for entry in entries])
    return len(entries)
