"""What does every process of an installation stand on?"""

import os
import secrets
import socket
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dramatiq import Broker

from config import keyfile
from config.loading import load
from config.policies import Policies, policies
from config.settings import Settings
from store.customers.known import Readings
from store.encryption.keys import MasterKey
from store.encryption.root_keys import open_root
from store.engine import Store, open_engine
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Aside, Hints
from workers.intake.again import TakingInAgain
from workers.intake.taking_in import TakingIn
from workers.operations import Operations
from workers.receipts.counts import Counts
from workers.running import failpoints
from workers.running.alive import Beats
from workers.running.readiness import Readiness


def read_settings() -> Settings:
    """Read the settings of this installation. Raises ``config.loading.SettingsError``."""
    return load()


@dataclass(frozen=True)
class Parts:
    """What every process of an installation stands on; each is made when first asked for."""

    settings: Settings
    store: Store

    @cached_property
    def policies(self) -> Policies:
        """Retries, deadlines and limits."""
        return policies(self.settings)

    @cached_property
    def readings(self) -> Readings:
        """This process's readings of customers."""
        return Readings()

    @cached_property
    def taking_in(self) -> TakingIn:
        """What takes events in, whatever door they come through."""
        return TakingIn(self.store, self.readings, self.policies)

    @cached_property
    def operations(self) -> Operations:
        """What operators can do to deliveries, providers and suppressions."""
        return Operations(self.store, self.policies.lanes)

    @cached_property
    def taking_in_again(self) -> TakingInAgain:
        """What operators can do to rejected events."""
        return TakingInAgain(
            self.store, self.readings, self.policies, admit_drama=self.settings.sandbox
        )

    @cached_property
    def counts(self) -> Counts:
        """What this process has counted of providers' later words."""
        return Counts()

    @cached_property
    def broker(self) -> Broker:
        """What hints travel over."""
        from workers.dispatch.actors import declare_actors

        broker = open_broker(self.settings.broker)
        declare_actors(broker)
        return broker

    @cached_property
    def hints(self) -> Hints:
        """What tells dispatch that something is due."""
        return Hints(self.broker, self.settings.hint_size)

    @cached_property
    def hints_aside(self) -> Aside:
        """The same for the doors, which answer or acknowledge without waiting for it."""
        return Aside(self.hints)

    @cached_property
    def beats(self) -> Beats:
        """What in this process must go on."""
        return Beats()

    @cached_property
    def metrics(self) -> "Metrics":
        """What this process counts; for processes that stay, and never for a command."""
        from prometheus_client import CollectorRegistry, disable_created_metrics

        from workers.metrics.definitions import LATER_WORDS, LOOP_AGE
        from workers.metrics.metrics import Metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # half as many series again
        metrics = Metrics(CollectorRegistry())
        metrics.show(LOOP_AGE, lambda: [((name,), age) for name, age in self.beats.ages.items()])
        metrics.show(LATER_WORDS, lambda: self.counts.numbers().items())
        self.store.watchers.append(metrics.moved)
        return metrics

    @cached_property
    def counted_taking_in(self) -> TakingIn:
        """The same as ``taking_in``, counted."""
        return TakingIn(self.store, self.readings, self.policies, self.metrics.taken_in)

    @cached_property
    def readiness(self) -> Readiness:
        """What this process stands on: the store, and what each part of it adds."""
        readiness = Readiness()
        readiness.ask("store", lambda: _store_fault(self.store))
        return readiness

    @cached_property
    def worker(self) -> str:
        """This process's name in claims and leases."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

    def close(self) -> None:
        """Give back what was opened."""
        if "hints_aside" in self.__dict__:
            self.hints_aside.close()
        if "broker" in self.__dict__:
            self.broker.close()
        self.store.close()


def open_parts(settings: Settings) -> Parts:
    """Open an installation. Embedded, its folder, key and tables are made where missing."""
    failpoints.arm(settings.failpoints or "")
    if settings.embedded:
        _make_embedded(settings)
    parts = Parts(settings, open_store(settings))
    if settings.database_url is None:
        from store.migrating import migrate

        migrate(parts.store.engine)
    return parts


def open_store(settings: Settings) -> Store:
    """Open the store; its root key is read when first needed.

    Raises ``config.keyfile.MasterKeyError``; what needs the root key ``NoRootKeyError``.
    """
    master = MasterKey(keyfile.read_master_key(settings))
    engine = open_engine(settings.database, settings.dispatch_threads + 6)
    return Store(engine, lambda: open_root(engine, master), policy_version=settings.policy_version)


def _make_embedded(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    elsewhere = settings.master_key is not None or settings.master_key_command
    if not elsewhere and not settings.master_key_path.exists():
        keyfile.make_master_key(settings.master_key_path, secrets.token_bytes(keyfile.KEY_BYTES))


def _store_fault(store: Store) -> str | None:
    from store.migrating import newest, version

    at, wanted = version(store.engine), newest()
    return None if at == wanted else f"the tables are at {at}, {wanted} is needed: onward migrate"


if TYPE_CHECKING:
    from workers.metrics.metrics import Metrics
