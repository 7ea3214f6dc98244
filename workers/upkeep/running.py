"""How does upkeep run? One leader among its processes does every chore in its turn.

Chores write through a store ``led_by`` this process: one that was stopped for longer than its
lease, and wakes up in the middle of a chore while another leads, commits nothing of it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from structlog import get_logger

from store import leases
from store.engine import Store
from store.leases import LeaseLostError
from workers.upkeep.chores import Chore

log = get_logger(__name__)
LEADER = "upkeep"
_LEASE_SECONDS = 10.0
_RENEW_SECONDS = 3.0
_PAUSE_SECONDS = 0.05


class Counting(Protocol):
    """Who counts what chores do."""

    def did(self, chore: str, seconds: float, done: int) -> None:
        """Count a turn: how long it took, and how much there was to do."""

    def failed(self, chore: str) -> None:
        """Count a turn that failed."""


def led_by(store: Store, holder: str) -> Store:
    """Give the store for chores: it commits only while ``holder`` leads."""
    return store.under(lambda tx: leases.insist(tx, LEADER, holder))


class Running:
    """Runs chores while it leads. ``run`` returns after ``stop``; safe to stop from anywhere."""

    def __init__(
        self,
        store: Store,
        chores: Sequence[Chore],
        holder: str,
        closing: Sequence[Callable[[], None]] = (),
        beat: Callable[[], None] = lambda: None,
        count: Counting | None = None,
    ) -> None:
        self._count = count
        self._beat = beat
        self._closing = closing
        self._store = store
        self._chores = chores
        self._holder = holder
        self._stopping = threading.Event()
        self._next = {chore.name: 0.0 for chore in chores}
        self._failing: set[str] = set()
        self._leads = False
        self._renew_at = 0.0

    @property
    def leads(self) -> bool:
        """Whether this process is the leader."""
        return self._leads

    @property
    def failing(self) -> Sequence[str]:
        """The chores that failed when they were last done."""
        return sorted(self._failing)

    def run(self) -> None:
        """Lead when nobody else does, and keep house until stopped."""
        while not self._stopping.is_set():
            self._beat()
            self._lead()
            busy = self._round() if self._leads else False
            if not busy:
                self._stopping.wait(_PAUSE_SECONDS if self._leads else 1.0)
        self._step_down()
        for close in self._closing:
            close()

    def stop(self) -> None:
        """Finish the chore in hand and return from ``run``."""
        self._stopping.set()

    def _lead(self) -> None:
        if time.monotonic() < self._renew_at:
            return
        led = self._leads
        try:
            with self._store.write() as tx:
                self._leads = leases.hold(tx, LEADER, self._holder, _LEASE_SECONDS)
        except Exception as error:  # noqa: BLE001 - an outage ends the lead, not the process
            self._leads = False
            self._say("lead", error)
        else:
            self._failing.discard("lead")
        self._renew_at = time.monotonic() + _RENEW_SECONDS
        if led != self._leads:
            log.info("upkeep_leads" if self._leads else "upkeep_follows", holder=self._holder)

    def _round(self) -> bool:
        """Run the chores whose time has come; tell whether one of them has more to do."""
        busy = False
        for chore in self._chores:
            # Chores may be slow, and a process may be stopped: the lead is renewed between them.
            self._lead()
            if self._stopping.is_set() or not self._leads:
                return False
            if time.monotonic() < self._next[chore.name]:
                continue
            self._beat()
            self._next[chore.name] = time.monotonic() + chore.every
            busy = self._do(chore) or busy
        return busy

    def _do(self, chore: Chore) -> bool:
        begun = time.monotonic()
        try:
            done = chore.run()
        except LeaseLostError:
            # It was rolled back. Another leads, and does it in its turn.
            log.warning("lead_lost", chore=chore.name, holder=self._holder)
            self._renew_at = 0.0
            return False
        except Exception as error:  # noqa: BLE001 - one failing chore never stops the others
            self._say(chore.name, error)
            if self._count is not None:
                self._count.failed(chore.name)
            return False
        if self._count is not None:
            self._count.did(chore.name, time.monotonic() - begun, done)
        if chore.name in self._failing:
            self._failing.discard(chore.name)
            log.info("chore_recovered", chore=chore.name)
        return done > 0

    def _say(self, what: str, error: Exception) -> None:
        if what not in self._failing:
            self._failing.add(what)
            log.error("chore_failed", chore=what, error_type=type(error).__name__)

    def _step_down(self) -> None:
        if not self._leads:
            return
        try:
            with self._store.write() as tx:
                leases.give_up(tx, LEADER, self._holder)
        except Exception as error:  # noqa: BLE001 - the lease ends by itself
            self._say("lead", error)
        self._leads = False
