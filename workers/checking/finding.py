"""What does one check find, and what if it never answers?"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from enum import StrEnum

PATIENCE_SECONDS = 15.0


class State(StrEnum):
    """How something was found."""

    FINE = "fine"
    UNSET = "unset"  # not set up, and nothing says that it should be
    UNKNOWN = "unknown"  # could not be found out, for a reason told elsewhere
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``says`` is for an operator: what is, and what to do about it."""

    what: str
    state: State
    says: str

    @property
    def fine(self) -> bool:
        """Whether nothing needs doing."""
        return self.state is not State.WRONG


def fine(what: str, says: str) -> Finding:
    """Find that all is well."""
    return Finding(what, State.FINE, says)


def unset(what: str, says: str) -> Finding:
    """Find that something is not set up, which may be as wished."""
    return Finding(what, State.UNSET, says)


def unknown(what: str, says: str) -> Finding:
    """Find nothing out, because something else is wrong."""
    return Finding(what, State.UNKNOWN, says)


def wrong(what: str, says: str) -> Finding:
    """Find something that an operator must put right."""
    return Finding(what, State.WRONG, says)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at: a check that fails or never answers harms no other."""

    what: str
    look: Callable[[], Sequence[Finding]]


def look_at_all(checks: Sequence[Check], patience: float = PATIENCE_SECONDS) -> list[Finding]:
    """Make all checks at once, and give their findings in order; each within ``patience``."""
    running = [(check, _started(check)) for check in checks]
    return [finding for check, future in running for finding in _found(check, future, patience)]


def _started(check: Check) -> Future[Sequence[Finding]]:
    future: Future[Sequence[Finding]] = Future()

    def run() -> None:
        try:
            future.set_result(check.look())
        except Exception as error:  # noqa: BLE001 - told as a finding of its own
            future.set_exception(error)

    # A daemon: what hangs in a system call must not keep the command from ending.
    threading.Thread(target=run, name=f"check {check.what}", daemon=True).start()
    return future


def _found(check: Check, future: Future[Sequence[Finding]], patience: float) -> Sequence[Finding]:
    try:
        return future.result(patience)
    except NotInTime:
        return [wrong(check.what, f"gave no answer within {patience:g} s")]
    except Exception as error:  # noqa: BLE001 - its text may hold what must not be shown
        return [wrong(check.what, f"could not be looked at ({type(error).__name__})")]
