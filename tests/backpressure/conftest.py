"""Where do these suites get a RabbitMQ that may run out of memory? One of their own."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import LOUD
from tests.housing import (
    altered_house,
    empty_postgresql_url,
    empty_sqlite_url,
    empty_url,
    house,
    made_postgresql,
    made_sqlite,
    server_house,
)
from tests.intake.conftest import desk
from tests.service_answers import BROKER, CannotStartError, wait_for
from tests.service_packages import Recipe, broker_recipe, end, launch
from tests.supervising.conftest import installed, up

__all__ = [
    "altered_house",
    "desk",
    "empty_postgresql_url",
    "empty_sqlite_url",
    "empty_url",
    "house",
    "installed",
    "made_postgresql",
    "made_sqlite",
    "server_house",
    "up",
]


@dataclass(frozen=True, slots=True)
class Node:
    """A RabbitMQ of the suite's own."""

    recipe: Recipe

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.recipe.variables[BROKER]

    def alarm(self, *, on: bool) -> None:
        """Let it want for memory, or have enough again."""
        user = self.recipe.command[: self.recipe.command.index("--") + 1]
        subprocess.run(
            [
                *(*user, "/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet"),
                *("set_vm_memory_high_watermark", "0" if on else "0.4"),
            ],
            cwd=self.recipe.folder,
            env=self.recipe.environment,
            check=True,
            capture_output=True,
            timeout=60,
        )


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """Start a RabbitMQ that nobody else uses."""
    try:
        with broker_recipe() as recipe:
            child = launch(recipe.command, recipe.folder, recipe.environment)
            try:
                wait_for(recipe.answers, lambda: child.poll() is None)
                yield Node(recipe)
            finally:
                end(child, recipe.stop)
    except CannotStartError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{LOUD} a RabbitMQ of one's own: {error}")


@pytest.fixture
def alarmed(node: Node) -> Iterator[Node]:
    """Give it in want of memory; it has enough again after the test."""
    node.alarm(on=True)
    yield node
    node.alarm(on=False)


@pytest.fixture(scope="module")
def broker_url(node: Node) -> str:
    """Use that broker, not the machine's."""
    return node.url
