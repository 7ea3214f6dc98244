"""Clause 45: a request for a right may come by telephone or email, said or written; one clock."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.sending import company_of
from config.settings import Settings
from contracts.vocabulary import Content, RightsStatus
from store import tables
from tests.building import House, open_house
from tests.factories import envelope, valid
from workers.bootstrap.preparing import renderer_of
from workers.cli import app
from workers.previewing.samples import SAMPLES, sample
from workers.routing.rendering import Reader

RECEIVED = "2026-11-02T16:30:00Z"
DUE = date(2026, 12, 2)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give an embedded installation with C-1042 served, and a command line before it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    made = CliRunner().invoke(app, ["migrate"])
    assert made.exit_code == 0, made.output
    with open_house(f"sqlite:///{tmp_path}/onward.db") as house:
        house.serve()
        yield house


def _type(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def _listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_type("rights", "list", "--json"))
    return found


@pytest.mark.parametrize("via", ["phone", "in_person", "post", "email"])
def test_clause_45_what_was_said_opens_a_request_with_the_same_clock(desk: House, via: str) -> None:
    """Somebody at the telephone types it in; it is due a month after it was said, not typed."""
    desk.tell(
        envelope(
            "rights.requested",
            data=valid("rights.requested", via="web", received_at=RECEIVED),
        )
    )

    said = ("--kind", "access", "--via", via, "--received-at", RECEIVED)
    _type("rights", "open", "C-1042", *said)

    rows = desk.rows(tables.rights_requests)
    assert len(rows) == 2
    assert {row["due_on"] for row in rows} == {DUE}
    assert {row["status"] for row in rows} == {RightsStatus.OPEN}
    assert {one["due_on"] for one in _listed()} == {DUE.isoformat()}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_clause_45_every_email_says_how_to_reach_us(name: str) -> None:
    """Whoever wants their records should not have to look for whom to ask."""
    settings = Settings(
        sandbox=True, company_phone="01632 960777", company_email="office@saltmarsh.example"
    )
    company = company_of(settings)

    written = renderer_of(settings).render_email(
        name, sample(name), content=Content.FULL, reader=Reader()
    )

    for part in (written.text, written.html):
        assert company.phone in part
        assert company.email in part
