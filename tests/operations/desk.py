"""How does a test type commands? An installation in a folder, and a command line before it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.building import ROOT, House, open_house
from workers.cli import account, app


@dataclass(frozen=True, slots=True)
class Desk:
    """An installation, and a command line before it."""

    house: House

    def log_in(self, uid: int) -> None:
        """Have the commands that follow come from another login, by its number."""
        account.LOGIN.write_text(str(uid), "ascii")

    def type(self, *words: str, fails: bool = False) -> str:
        """Run a command; give what it printed on either stream."""
        result = CliRunner().invoke(app, list(words))
        assert (result.exit_code != 0) is fails, result.output
        return result.output

    def ask(self, *words: str) -> object:
        """Run a command and read its JSON."""
        return json.loads(self.type(*words, "--json"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give an embedded installation with C-1042 served."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(account, "LOGIN", tmp_path / "loginuid")  # none is kept there yet
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    made = CliRunner().invoke(app, ["migrate"])
    assert made.exit_code == 0, made.output
    with open_house(f"sqlite:///{tmp_path}/onward.db") as house:
        assert house.store.root is ROOT
        house.serve()
        yield Desk(house)
