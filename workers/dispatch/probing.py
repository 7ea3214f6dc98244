"""How does a dispatch process learn how providers stand, and when one is back?

About once a second it reads the store's word; of what is open and due to be probed it takes one
probe for all processes, and asks the provider something harmless (an account, EHLO and NOOP). No
delivery is ever the probe: each would leave a customer's text uncertain.
"""

import threading
from dataclasses import replace
from datetime import timedelta

from structlog import get_logger

from contracts.vocabulary import BreakerState
from store import providers
from store.engine import Store
from workers.dispatch.carriers import Carrier, Carriers
from workers.dispatch.loop import Loop
from workers.providers.base import Verdict

log = get_logger(__name__)
_EVERY_SECONDS = 1.0
_LEAST_SECONDS = 0.1  # where times are shortened, the store is still to have its peace
_MARGIN_SECONDS = 5.0


class Probing:
    """Keeps a process's carriers up to date, in a thread of its own between start and stop."""

    def __init__(self, store: Store, carriers: Carriers, loop: Loop) -> None:
        self._store = store
        self._carriers = carriers
        self._loop = loop
        self._known = False
        self._failing = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._probes: dict[str, threading.Thread] = {}
        self._every = min(_EVERY_SECONDS, max(_LEAST_SECONDS, carriers.policy.probe_seconds))

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, name="probing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; probes under way are waited for."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for thread in list(self._probes.values()):
            thread.join()

    def round(self) -> None:
        """Learn how the providers stand, and begin the probes that are due.

        A store that is away is no error: what was known last goes on to hold.
        """
        try:
            due = self._learn()
        except Exception as error:  # noqa: BLE001 - whatever ails the store
            if not self._failing:
                log.warning("providers_unknown", error_type=type(error).__name__)
            self._failing = True
            return
        self._failing = False
        for name in due:
            if name not in self._probes:
                carrier = self._carriers.by_name[name]
                thread = threading.Thread(target=self._probe, args=(carrier,), name=f"probe-{name}")
                self._probes[name] = thread
                thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            self.round()

    def _learn(self) -> list[str]:
        if not self._known:
            with self._store.write() as tx:
                providers.know(tx, self._carriers.known)
            self._known = True
        with self._store.read() as tx:
            states, now = providers.states(tx), tx.now
        self._carriers.learn(states, now)
        return [
            state.name
            for state in states
            if state.probe_at is not None
            and state.probe_at <= now
            and state.name in self._carriers.by_name
        ]

    def _probe(self, carrier: Carrier) -> None:
        try:
            if self._take(carrier):
                verdict: Verdict = self._loop.call(carrier.provider.probe)
                with self._store.write() as tx:
                    self._carriers.put_down_probe(tx, carrier.name, verdict)
        except Exception as error:  # noqa: BLE001 - the next round's process takes the probe
            log.warning("probe_failed", provider=carrier.name, error_type=type(error).__name__)
        finally:
            self._probes.pop(carrier.name, None)

    def _take(self, carrier: Carrier) -> bool:
        """Take the probe that is due, for as long as it may last; false: another has."""
        with self._store.write() as tx:
            state = providers.locked(tx, carrier.name)
            if state is None or state.state is BreakerState.CLOSED:
                return False
            if state.probe_at is not None and state.probe_at > tx.now:
                return False
            lasts = timedelta(seconds=carrier.provider.timeout + _MARGIN_SECONDS)
            providers.save(tx, replace(state, probe_at=tx.now + lasts))
        return True
