"""What nobody caught: where it was, and never what it was about."""

import subprocess
import sys

import pytest

CANARY = "Beatrix Ouseburn"
SET_UP = "from config import logs, uncaught; uncaught.tell_without_texts(); "
CONFIGURED = SET_UP + "logs.configure(); "
ERROR = f"int('{CANARY}')"


@pytest.mark.parametrize("set_up", [SET_UP, CONFIGURED], ids=["no log yet", "with a log"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ERROR, "ValueError"),
        (f"import threading; threading.Thread(target=lambda: {ERROR}).start()", "ValueError"),
        (
            f"exec('class Lost:\\n def __del__(self): int(\"{CANARY}\")\\nLost()')",
            "ValueError",
        ),
        (f"import warnings; warnings.warn('{CANARY}', UserWarning)", "UserWarning"),
    ],
    ids=["in the main thread", "in a thread", "where it cannot be raised", "a warning"],
)
def test_what_python_would_print_is_told_without_its_text(
    set_up: str, fault: str, kind: str
) -> None:
    """Validators and drivers quote values in their texts, and standard error is kept as a log."""
    done = subprocess.run(
        [sys.executable, "-c", set_up + fault], capture_output=True, text=True, check=False
    )

    assert kind in done.stderr
    assert CANARY not in done.stderr + done.stdout


def test_a_command_that_fails_tells_where_and_exits_1() -> None:
    """An operator passes it on to us: it must be fit to be passed on."""
    broken = (
        "from workers import cli; cli.app.command('fails')(lambda: int('Beatrix Ouseburn'));"
        "import sys; sys.argv = ['onward', 'fails']; cli.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", broken], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert CANARY not in done.stderr
