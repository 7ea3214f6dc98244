import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LOUD
from tests.faults.clock import Clock
from tests.service_answers import CannotStartError

_TELL = """
import sys, time
print(time.time(), time.monotonic(), flush=True)
sys.stdin.readline()
print(time.time(), time.monotonic(), flush=True)
"""


def test_a_clock_jumps_under_a_running_process_and_its_monotonic_one_does_not(
    tmp_path: Path,
) -> None:
    """A fault that is not really inflicted would be survived every time."""
    clock = Clock(tmp_path)
    try:
        clock.build()
    except CannotStartError as error:
        pytest.skip(f"{LOUD} a C compiler: {error}")
    process = subprocess.Popen(
        [sys.executable, "-c", _TELL],
        env=clock.settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    wall, steady = map(float, process.stdout.readline().split())

    clock.jump(3_600)
    told, _ = process.communicate("\n", timeout=30)

    later_wall, later_steady = map(float, told.split())
    assert 3_600 <= later_wall - wall < 3_660
    assert later_steady - steady < 60
