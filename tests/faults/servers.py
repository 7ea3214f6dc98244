"""Which RabbitMQ and PostgreSQL may be killed? Servers of our own, started again where they lay.

Nothing else on the machine is touched: each lies in a folder of its own, on ports of its own. They
are started from the main thread alone, because a server dies with the thread that started it.
"""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.service_answers import BROKER, DATABASE, MANAGEMENT, wait_for
from tests.service_packages import Recipe, broker_recipe, database_recipe, end, launch


class Killable:
    """One server of ours: started, killed as by a power cut, stopped, frozen, started again."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """Its addresses, by the names that the suites know them by."""
        return self._recipe.variables

    def start(self) -> None:
        """Start it, and wait until it answers. Raises ``CannotStartError``."""
        recipe = self._recipe
        child = launch(recipe.command, recipe.folder, recipe.environment)
        self._child = child
        wait_for(recipe.answers, lambda: child.poll() is None)

    def kill(self) -> None:
        """End it and all it started, with SIGKILL: nothing is written, nobody is told."""
        if self._child is None:
            return
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._child.wait()
        end(self._child, signal.SIGKILL)
        self._child = None

    def stop(self) -> None:
        """Stop it in order."""
        if self._child is not None:
            end(self._child, self._recipe.stop)
            self._child = None

    def revive(self) -> None:
        """Start it again if it has ended, as its supervisor would; wait until it answers."""
        if self._child is None or self._child.poll() is not None:
            self.kill()
            self.start()
        else:
            wait_for(self._recipe.answers)

    def freeze(self) -> None:
        """Let it stand still: connections stay open, and nothing answers."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self) -> list[psutil.Process]:
        if self._child is None:
            return []
        try:
            parent = psutil.Process(self._child.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def told(self, *words: str) -> None:
        """Run a RabbitMQ command against this very node."""
        user = self._recipe.command[: self._recipe.command.index("--") + 1]
        subprocess.run(
            [*user, "/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet", *words],
            cwd=self._recipe.folder,
            env=self._recipe.environment,
            check=True,
            capture_output=True,
            timeout=60,
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """The two servers on which all runs stand, each run in a database and a vhost of its own."""

    broker: Killable
    database: Killable

    @property
    def broker_url(self) -> str:
        """Where RabbitMQ listens; its user may do all."""
        return self.broker.variables[BROKER]

    @property
    def management(self) -> str:
        """Where RabbitMQ's HTTP interface listens."""
        return self.broker.variables[MANAGEMENT]

    @property
    def database_url(self) -> str:
        """Where PostgreSQL listens, as its superuser."""
        return self.database.variables[DATABASE]


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Start both. Raises ``CannotStartError`` where this machine does not let us."""
    with database_recipe() as of_database, broker_recipe() as of_broker:
        made = Ground(Killable(of_broker), Killable(of_database))
        try:
            made.database.start()
            made.broker.start()
            yield made
        finally:
            made.broker.stop()
            made.database.stop()


@contextlib.contextmanager
def database_on(folder: Path) -> Iterator[Killable]:
    """Start one more PostgreSQL, whose files lie in a folder that may run full."""
    with database_recipe(folder) as recipe:
        made = Killable(recipe)
        try:
            made.start()
            yield made
        finally:
            made.stop()
