"""Clause 29: whoever carries or keeps what we hold is named, or nothing starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.loading import SettingsError, load
from config.processors import (
    UndeclaredProcessorError,
    insist,
    parts_in_use,
    processors_of,
    undeclared,
)
from config.settings import Settings
from contracts.vocabulary import Category
from workers.rights.register import record_of_processing

RELAY = {
    "name": "harbour-mail",
    "company": "Harbour Mail Ltd",
    "parts": ["smtp", "backup"],
    "region": "GB",
    "contract": "DPA of 2026-01-31",
}
TWILIO = {
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "a-token",
    "sms_sender": "+447700900100",
}


def _settings(**given: Any) -> Settings:
    return Settings(**given)


def _onward(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    given = {f"ONWARD_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [str(Path(sys.executable).parent / "onward"), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "ONWARD_DATA_DIR": str(folder / "data"), **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_clause_29_nothing_starts_while_nobody_is_named_for_a_part_in_use(tmp_path: Path) -> None:
    """The error names the setting that puts the part to use, and the setting that mends it."""
    done = _onward(tmp_path, "up", smtp_host="relay.example.com", door_port="0")

    assert done.returncode == 1
    assert "ONWARD_SMTP_HOST, relay.example.com" in done.stderr
    assert "ONWARD_PROCESSORS" in done.stderr
    assert "ONWARD_OWN_PARTS" in done.stderr


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"smtp_host": "relay.example.com"}, "smtp"),
        ({**TWILIO, "twilio_api_url": "https://sms.example.com"}, "twilio-sms"),
        ({**TWILIO, "twilio_api_url": "https://sms.example.com"}, "twilio-voice"),
        (
            {
                "smtp_host": "127.0.0.1",
                "smtp_relays": [{"name": "spare", "host": "spare.example.com"}],
            },
            "spare",
        ),
        ({"database_url": "postgresql://onward@db.example.com/onward"}, "database"),
        ({"database_url": "postgresql:///onward?host=db.example.com"}, "database"),
        (
            {
                "database_url": "postgresql://127.0.0.1/onward",
                "broker_url": "amqps://broker.example.com",
            },
            "broker",
        ),
        ({"blob_url": "s3://onward-files"}, "files"),
        ({"erasure_url": "s3://onward-erased"}, "erasures"),
    ],
)
def test_clause_29_every_adapter_and_store_elsewhere_must_be_declared(
    given: dict[str, Any], part: str
) -> None:
    """Each by itself: a declaration for one says nothing about another."""
    settings = _settings(**given)
    assert [line.split(" ")[0] for line in undeclared(settings) if line.startswith(part)] == [part]
    with pytest.raises(UndeclaredProcessorError):
        insist(settings)

    declared = _settings(**given, processors=[{**RELAY, "parts": [part]}])

    (found,) = [one for one in processors_of(declared) if one.part == part]
    assert (found.company, found.region, found.contract) == (
        "Harbour Mail Ltd",
        "GB",
        "DPA of 2026-01-31",
    )
    assert not [line for line in undeclared(declared) if line.startswith(f"{part} ")]


def test_clause_29_what_runs_here_is_nobody_elses() -> None:
    """An office that tries it out on one machine declares nothing."""
    settings = _settings(
        smtp_host="localhost", database_url="postgresql:///onward", broker_url="amqp://127.0.0.1"
    )

    insist(settings)

    assert {one.company for one in processors_of(settings)} == {"ourselves"}
    assert len(processors_of(settings)) == len(parts_in_use(settings))


def test_clause_29_a_sandbox_declares_itself() -> None:
    """Its stand-ins keep nothing of anybody."""
    settings = _settings(
        sandbox=True,
        smtp_host="sandbox",
        twilio_account_sid="AC1",
        twilio_auth_token="t",
        twilio_api_url="http://sandbox:9080",
    )

    insist(settings)

    assert {one.name for one in processors_of(settings)} == {"sandbox", "ourselves"}
    assert not any(one.outside for one in processors_of(settings))


def test_clause_29_twilio_is_known_by_its_address() -> None:
    """Its region too: nobody has to look that up."""
    us = _settings(**TWILIO)
    dublin = _settings(**TWILIO, twilio_api_url="https://api.dublin.ie1.twilio.com")

    for settings, region in ((us, "us1"), (dublin, "ie1")):
        insist(settings)
        (text,) = [one for one in processors_of(settings) if one.part == "twilio-sms"]
        assert (text.name, text.category) == ("twilio", Category.COMMUNICATIONS)
        assert region in text.region


def test_clause_29_a_name_that_only_looks_like_twilio_is_not_known() -> None:
    """The host is compared, not a part of it."""
    settings = _settings(**TWILIO, twilio_api_url="https://api.nottwilio.com")

    assert len(undeclared(settings)) == 2


@pytest.mark.parametrize(
    ("processors", "said"),
    [
        ([{**RELAY, "parts": ["smpt"]}], "there is no part smpt"),
        ([RELAY, {**RELAY, "name": "other"}], "more than once"),
        ([RELAY, {**RELAY, "parts": ["payments"]}], "the name harbour-mail is taken"),
        ([{**RELAY, "contract": ""}], "contract"),
        ([{"name": "x", "company": "X Ltd", "parts": ["smtp"]}], "region"),
    ],
)
def test_clause_29_a_declaration_that_says_too_little_or_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: Any, said: str
) -> None:
    """A mistyped part must not leave the real one undeclared in silence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_PROCESSORS", json.dumps(processors))

    with pytest.raises(SettingsError) as caught:
        load()

    assert said in str(caught.value)


def test_clause_29_the_record_of_processing_lists_them() -> None:
    """Article 30(1)(d) asks for the recipients; ourselves are none."""
    settings = _settings(**TWILIO, smtp_host="relay.example.com", processors=[RELAY])

    listed = record_of_processing(settings, "2020-04")["processors"]

    assert {(one["part"], one["company"], one["category"]) for one in listed} == {
        ("twilio-sms", "Twilio", "communications"),
        ("twilio-voice", "Twilio", "communications"),
        ("smtp", "Harbour Mail Ltd", "communications"),
        ("backup", "Harbour Mail Ltd", "backup"),
    }
    assert all(one["region"] and one["contract"] for one in listed)


def test_clause_29_check_and_the_list_say_what_is_missing(tmp_path: Path) -> None:
    """Before a start is tried."""
    checked = _onward(tmp_path, "check", smtp_host="relay.example.com")
    listed = _onward(tmp_path, "processors", "list", smtp_host="relay.example.com")

    assert "ONWARD_PROCESSORS" in checked.stdout
    assert listed.returncode == 1
    assert "ONWARD_PROCESSORS" in listed.stderr
