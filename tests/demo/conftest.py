"""How do these tests run the demo? As its users do: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")
_LONGEST_SECONDS = 60

Started = Callable[..., subprocess.Popen[str]]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a process with these settings and no others."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    return {**outside, "PYTHONUNBUFFERED": "1", **settings}


@pytest.fixture
def onward(tmp_path: Path) -> Iterator[Started]:
    """Start ``onward`` with arguments and settings; what still runs after the test is ended."""
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
            log = stack.enter_context((tmp_path / "errors.log").open("w"))
            process = subprocess.Popen(
                [*ONWARD, *arguments],
                env=environment(settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            stack.callback(_end, process)
            return process

        yield start


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(_LONGEST_SECONDS)
    if process.stdout is not None:
        process.stdout.close()
