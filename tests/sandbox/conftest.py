"""What the suites of the sandbox share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.listener import Listener
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Give a sandbox that serves everything well until told otherwise."""
    with Sandbox(SandboxSettings(tmp_path / "sandbox", fsync=False)) as running:
        yield running


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Give an address for webhooks."""
    with Listener() as listening:
        yield listening
