"""Do failpoints stop a process exactly where they are told to, and nowhere else?"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.running.failpoints import POINTS, FailpointReached, FailpointsError, arm, reach

ROOT = Path(__file__).parents[3]
_PROGRAM = """
import sys
from workers.running.failpoints import arm, reach
arm(sys.argv[1])
reach("dispatch.claimed")
print("once", flush=True)
reach("dispatch.claimed")
print("twice", flush=True)
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave none armed behind."""
    yield
    arm("")


def _run(armed: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _PROGRAM, armed]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_point_acts_at_the_time_it_was_armed_for_and_only_then() -> None:
    """So that a run can be killed at its third claim, and go on after its fourth."""
    arm("dispatch.claimed=raise:2")

    reach("dispatch.claimed")
    with pytest.raises(FailpointReached):
        reach("dispatch.claimed")
    reach("dispatch.claimed")
    reach("dispatch.recorded")


@pytest.mark.parametrize(("act", "code"), [("kill", -signal.SIGKILL), ("exit", 1)])
def test_a_killed_process_takes_no_further_step(act: str, code: int) -> None:
    """What a crash point proves rests on nothing having been done after it."""
    with _run(f"dispatch.claimed={act}:2") as process:
        said, _ = process.communicate(timeout=60)

    assert (said, process.returncode) == ("once\n", code)


def test_a_stopped_process_stands_until_it_is_told_to_go_on() -> None:
    """A suspended worker is a fault of its own: its lease ends while it sleeps."""
    with _run("dispatch.claimed=stop:2") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=60)

    assert (os.WIFSTOPPED(status), said) == (True, "once\ntwice\n")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dispatch.claims=kill", "dispatch.claims"),
        ("dispatch.claimed", "kill, stop, exit, raise"),
        ("dispatch.claimed=die:2", "kill, stop, exit, raise"),
        ("dispatch.claimed=kill:0", "1 or more"),
        ("dispatch.claimed=kill:soon", "1 or more"),
    ],
)
def test_a_word_that_means_nothing_is_refused(text: str, named: str) -> None:
    """A fault test with a mistyped point would pass by testing nothing."""
    with pytest.raises(FailpointsError, match=re.escape(named)):
        arm(text)


def test_every_declared_point_is_reached_somewhere_and_no_other() -> None:
    """A name that nobody reaches would test nothing; one that is not declared cannot be armed."""
    sources = [p for p in (ROOT / "workers").rglob("*.py") if p.name != "failpoints.py"]
    reached = {
        name for path in sources for name in re.findall(r'\breach\("([^"]+)"\)', _text(path))
    }

    assert reached == set(POINTS)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
