from pathlib import Path

import pytest

from config.keyfile import KEY_BYTES, decode_key
from config.new_key import main


def test_a_new_key_is_one_and_for_its_owners_eyes_alone(tmp_path: Path) -> None:
    """What wraps every other key is made once, and readable by nobody else."""
    path = tmp_path / "keys" / "master.key"

    assert main([str(path)]) == 0

    assert len(decode_key(path.read_text())) == KEY_BYTES
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_that_is_there_stays(tmp_path: Path) -> None:
    """Replaced, it would take everything that it wrapped with it."""
    path = tmp_path / "master.key"
    main([str(path)])
    before = path.read_text()

    assert main([str(path)]) == 0

    assert path.read_text() == before


def test_a_key_is_never_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints stands in a container's log."""
    path = tmp_path / "master.key"

    main([str(path)])

    assert path.read_text().strip() not in "".join(capsys.readouterr())


@pytest.mark.parametrize("arguments", [[], ["one", "two"]])
def test_a_key_needs_a_place(arguments: list[str]) -> None:
    """A slip on the command line makes no key anywhere."""
    assert main(arguments) == 2


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A container must not start on without a key."""
    (tmp_path / "file").touch()

    assert main([str(tmp_path / "file" / "master.key")]) == 1
