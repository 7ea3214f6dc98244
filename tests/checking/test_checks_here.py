from pathlib import Path

import pytest

from config.settings import Settings
from tests.checking.telling import told
from workers.checking import State, check_all, here
from workers.checking.finding import Check, Finding, fine, look_at_all

PARTIAL = {"twilio_account_sid": "AC0", "twilio_auth_token": "secret-token"}


def _settings(folder: Path, **given: object) -> Settings:
    return Settings(data_dir=folder / "data", **given)  # type: ignore[arg-type]


def test_a_fresh_folder_is_unset_not_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    """Looking must change nothing: a check before the first start makes no key and no store."""
    found = told(check_all(_settings(tmp_path, sandbox=True)))

    for what in ("master key", "data folder", "files", "database", "broker"):
        assert found[what].state is State.UNSET
    assert list(tmp_path.iterdir()) == []


def test_a_channel_that_was_begun_names_what_is_still_missing(tmp_path: Path) -> None:
    """An operator who forgot one of three settings is told which one."""
    found = told(here.channels(_settings(tmp_path, **PARTIAL)))

    assert found["sms settings"].state is State.WRONG
    assert "ONWARD_SMS_SENDER" in found["sms settings"].says
    assert "ONWARD_TWILIO_ACCOUNT_SID" not in found["sms settings"].says


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    """What is printed is pasted into tickets."""
    settings = _settings(
        tmp_path,
        sandbox=True,
        database_url="postgresql://onward:hidden-one@127.0.0.1:1/onward",
        broker_url="amqp://onward:hidden-two@127.0.0.1:1/onward",
        twilio_api_url="http://127.0.0.1:1",
        **PARTIAL,
    )

    text = " ".join(one.says for one in check_all(settings))

    assert "hidden" not in text
    assert "secret-token" not in text


def test_a_company_without_a_name_is_wrong(tmp_path: Path) -> None:
    """Every email must say who sends it; dispatch does not start without."""
    found = told(here.company(_settings(tmp_path)))

    assert found["company"].state is State.WRONG
    assert "ONWARD_COMPANY_LEGAL_NAME" in found["company"].says


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("Your item {{ item }}: {% if %}", State.WRONG),
        ("Post: {{ item }}, item {{ item_id }}", State.FINE),
    ],
)
def test_ones_own_templates_are_tried_before_anybody_gets_them(
    tmp_path: Path, line: str, state: State
) -> None:
    """Else the first customer's text is where a slip of the pen comes to light."""
    templates = tmp_path / "templates" / "en-GB" / "sms"
    templates.mkdir(parents=True)
    (templates / "post.received.txt").write_text(line, encoding="utf-8")
    company = {
        "company_legal_name": "Harbour Lane Offices Ltd",
        "company_trading_name": "Harbour Lane",
        "company_phone": "+441632960000",
        "company_email": "office@harbourlane.example",
    }
    settings = _settings(tmp_path, templates_dir=tmp_path / "templates", **company)

    found = told(here.templates(settings))

    assert found["templates"].state is state, found["templates"].says
    if state is State.WRONG:
        assert "en-GB/sms/post.received.txt" in found["templates"].says


def test_a_key_that_others_can_read_is_wrong(tmp_path: Path) -> None:
    """The key opens everything: nobody but Onward's user may read it."""
    settings = _settings(tmp_path)
    settings.data_dir.mkdir()
    settings.master_key_path.write_text("A" * 43 + "=")
    settings.master_key_path.chmod(0o644)

    found = told(here.master_key(settings))

    assert found["master key"].state is State.WRONG
    assert "chmod 600" in found["master key"].says


def test_a_lost_key_beside_a_store_is_wrong(tmp_path: Path) -> None:
    """A new key in its place would open nothing of what is stored."""
    settings = _settings(tmp_path)
    settings.data_dir.mkdir()
    (settings.data_dir / "onward.db").touch()

    found = told(here.master_key(settings))

    assert found["master key"].state is State.WRONG


def test_a_data_folder_under_a_file_is_wrong(tmp_path: Path) -> None:
    """A folder that can never be made is told before anything is to be kept in it."""
    (tmp_path / "data").write_text("a file")

    found = told(here.data_folder(_settings(tmp_path)))

    assert found["data folder"].state is State.WRONG


@pytest.mark.parametrize(
    ("url", "sandbox", "state"),
    [
        (None, False, State.UNSET),
        ("https://onward.example", False, State.FINE),
        ("http://onward.example", False, State.WRONG),
        ("http://onward.example", True, State.FINE),
        ("https://onward.example/hooks?x=1", False, State.WRONG),
    ],
)
def test_the_public_address_must_be_one_that_providers_can_sign(
    tmp_path: Path, url: str | None, sandbox: bool, state: State
) -> None:
    """A callback's signature covers its whole address."""
    settings = _settings(tmp_path, public_url=url, sandbox=sandbox)

    assert told(here.public_url(settings))["public address"].state is state


def test_a_check_that_fails_or_hangs_harms_no_other() -> None:
    """One dead service must not hide what is wrong with the rest."""

    def fails() -> list[Finding]:
        raise RuntimeError("a password, perhaps")

    def hangs() -> list[Finding]:
        import threading  # noqa: PLC0415 - only to hang

        threading.Event().wait()
        return []

    checks = [
        Check("failing", fails),
        Check("hanging", hangs),
        Check("good", lambda: [fine("good", "as it should be")]),
    ]

    found = told(look_at_all(checks, patience=0.2))

    assert found["failing"].says == "could not be looked at (RuntimeError)"
    assert found["hanging"].says == "gave no answer within 0.2 s"
    assert found["good"].fine
