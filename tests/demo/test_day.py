import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.demo.conftest import ONWARD, Started, environment
from tests.rooms import fresh_vhost
from tests.service_answers import MANAGEMENT

AGREE = "Ledger and sandbox agree"


def read_until(process: subprocess.Popen[str], end: str) -> str:
    """Read what a process prints, up to a line that holds ``end`` or to its own end."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if end in line:
            break
    return "".join(lines)


@pytest.mark.slow
def test_the_day_agrees_in_one_process_and_can_be_looked_at_while_it_stays(
    onward: Started, tmp_path: Path
) -> None:
    """`make demo` is the first thing that anybody runs, and `--stay` the second."""
    staying = onward("demo", "--stay", "--folder", str(tmp_path / "demo"))

    told = read_until(staying, "Ctrl-C ends it")
    settings = dict(re.findall(r"export (ONWARD_\w+)='([^']*)'", told))
    verified = subprocess.run(
        [*ONWARD, "verify"], env=environment(settings), capture_output=True, check=False
    )
    staying.send_signal(signal.SIGINT)

    assert AGREE in told, told
    assert verified.returncode == 0, verified.stderr
    assert staying.wait(60) == 0


@pytest.mark.slow
def test_the_same_day_agrees_over_rabbitmq_and_postgresql(
    onward: Started, broker_url: str, database_url: str, room_name: str
) -> None:
    """Both forms are the same code, so the same day must come out the same."""
    management = os.environ.get(MANAGEMENT)
    # A vhost of the demo's own: other tests leave what they published in their worker's.
    with fresh_vhost(broker_url, f"{room_name}_demo", management) as own:
        playing = onward("demo", ONWARD_BROKER_URL=own, ONWARD_DATABASE_URL=database_url)

        told = read_until(playing, AGREE)

        assert playing.wait(60) == 0, told


def test_a_broker_without_a_database_is_said_before_anything_starts(onward: Started) -> None:
    """Half a full installation would fail in the middle of the day, with less to go by."""
    playing = onward("demo", ONWARD_BROKER_URL="amqp://127.0.0.1:1/")

    told = read_until(playing, "never printed")

    assert playing.wait(60) == 2
    assert "set both ONWARD_BROKER_URL and ONWARD_DATABASE_URL" in told


def test_a_folder_that_holds_something_is_left_alone(onward: Started, tmp_path: Path) -> None:
    """Another installation's record must not get a demo's customers into it."""
    (tmp_path / "precious").touch()

    playing = onward("demo", "--folder", str(tmp_path))
    told = read_until(playing, "never printed")

    assert playing.wait(60) == 2
    assert "is not empty" in told


def test_the_demo_does_not_start_beside_a_real_account(onward: Started) -> None:
    """One wrong setting must not turn invented messages into real ones."""
    playing = onward("demo", ONWARD_TWILIO_ACCOUNT_SID="AC" + "0" * 32)

    told = read_until(playing, "never printed")

    assert playing.wait(60) == 2
    assert "holds a real Twilio account" in told
