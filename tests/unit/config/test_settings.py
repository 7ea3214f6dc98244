"""Settings: where they come from, what is refused, and what is never shown."""

import base64
from pathlib import Path

import pytest

from config.keyfile import MasterKeyError, make_master_key, read_master_key
from config.loading import SettingsError, describe, load
from config.providers import all_sms_senders, all_smtp_relays
from config.sending import MissingSettingsError, company_of, missing_for_sending
from config.settings import Settings
from config.settings_table import rows, table
from contracts.vocabulary import Channel

SECRET = "a-secret-nobody-sees"
KEY = base64.b64encode(bytes(range(32))).decode("ascii")

RELAY = f'[{{"name": "spare", "host": "b.example", "username": "u", "password": "{SECRET}"}}]'
SENDER = (
    f'[{{"name": "spare", "account_sid": "AC2", "auth_token": "{SECRET}",'
    ' "sender": "+447700900777", "api_url": "https://other.example/"}]'
)
FIRST_SMS = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": SECRET,
    "SMS_SENDER": "+447700900100",
}


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where no settings file lies."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems() -> tuple[str, ...]:
    """Load, and give what was wrong."""
    with pytest.raises(SettingsError) as caught:
        load()
    return caught.value.problems


def test_nothing_set_is_the_embedded_form() -> None:
    """`onward up` needs no settings: one process over SQLite in the data folder."""
    settings = load()

    assert settings.embedded
    assert settings.database.startswith("sqlite:////")
    assert settings.blobs.startswith("file:///")


def test_the_environment_wins_over_the_file(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's variable must override what its image ships."""
    (an_empty_folder / "onward.toml").write_text("door_port = 9000\nhint_size = 50\n")
    monkeypatch.setenv("ONWARD_DOOR_PORT", "9001")

    settings = load()

    assert (settings.door_port, settings.hint_size) == (9001, 50)


def test_a_file_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation keeps its file in /etc, not in the working folder."""
    file = tmp_path / "elsewhere.toml"
    file.write_text('log_format = "console"\n')
    monkeypatch.setenv("ONWARD_CONFIG", str(file))

    assert load().log_format == "console"


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped path must not silently mean the defaults."""
    monkeypatch.setenv("ONWARD_CONFIG", str(tmp_path / "nowhere.toml"))

    (problem,) = problems()

    assert "nowhere.toml: No such file" in problem


def test_a_broken_file_is_named_without_its_contents(an_empty_folder: Path) -> None:
    """The line that does not parse may be the one with the password."""
    (an_empty_folder / "onward.toml").write_text(f'smtp_password = "{SECRET}\n')

    (problem,) = problems()

    assert problem.startswith("onward.toml: is no TOML")
    assert SECRET not in problem


def test_all_errors_are_told_at_once_in_plain_words(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One restart per mistake would wear an operator out."""
    (an_empty_folder / "onward.toml").write_text("hint_sise = 5\nintake_batch = 0\n")
    monkeypatch.setenv("ONWARD_DOOR_PORT", "many")
    monkeypatch.setenv("ONWARD_SANBOX", "true")
    monkeypatch.setenv("ONWARD_LEASE_SECONDS", "5")

    told = problems()

    assert "ONWARD_SANBOX: there is no such setting; did you mean ONWARD_SANDBOX?" in told
    assert "onward.toml: hint_sise: there is no such setting; did you mean hint_size?" in told
    assert "ONWARD_DOOR_PORT: must be a whole number" in told
    assert "onward.toml: intake_batch: must be greater than or equal to 1" in told
    assert any(line.startswith("lease_seconds must be at least 50") for line in told)
    assert len(told) == 5


def test_blank_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass `${NAME:-}` for what nobody set."""
    monkeypatch.setenv("ONWARD_BROKER_URL", "")
    monkeypatch.setenv("ONWARD_DOOR_PORT", "")

    assert load().embedded


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"LEASE_SECONDS": "49"}, "lease_seconds"),
        ({"SMTP_FINAL_TIMEOUT_SECONDS": "600"}, "lease_seconds"),
        ({"INTAKE_FLUSH_MS": "30"}, "intake_flush_max_ms"),
        ({"INTAKE_BATCH": "501"}, "intake_prefetch"),
        ({"BROKER_URL": "amqp://h"}, "database_url"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "twilio_auth_token"),
        ({"SMTP_USERNAME": "u"}, "smtp_password"),
        ({"SMTP_HOST": "mail.example", "SMTP_SECURITY": "none"}, "smtp_security"),
        ({"MASTER_KEY": KEY, "MASTER_KEY_FILE": "k"}, "exclude each other"),
        ({"MASTER_KEY": "c2hvcnQ="}, "32 bytes"),
        ({"BROKER_URL": "http://h", "DATABASE_URL": "sqlite:///x"}, "amqp://"),
        ({"DATABASE_URL": "postgresql://u:pa/ss@h/x"}, "%2F"),
        ({"DATABASE_URL": "postgresql://u:p@h:port/x"}, "port is a number"),
        ({"SMTP_RELAYS": '{"name": "x"}'}, "must be a list"),
        ({"TIME_ZONE": "Europe/Doncaster"}, "time zone"),
        ({"FAILPOINTS": "dispatch.claimed=kill"}, "set sandbox"),
        ({"LOG_FORMAT": "xml"}, "must be one of 'json', 'console'"),
        ({"PUBLIC_URL": "hooks.example"}, "web address"),
        ({"BRAND_LOGO_URL": "logo.png"}, "web address"),
        ({"BRAND_COLOUR": "green; } body { display: none"}, "BRAND_COLOUR"),
        ({"MAIL_DOMAINS": "example.com, not a domain"}, "names of domains"),
        ({"TEMPLATES_DIR": "nowhere"}, "a folder that is there"),
        ({"DOCUMENT_LINK_DAYS": "0"}, "DOCUMENT_LINK_DAYS"),
        (
            {
                "TWILIO_ACCOUNT_SID": "AC1",
                "TWILIO_AUTH_TOKEN": SECRET,
                "TWILIO_API_URL": "http://twilio.example",
            },
            "in the clear",
        ),
        (
            {"SANDBOX": "1", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": SECRET},
            "real provider",
        ),
        ({"SMTP_RELAYS": f'[{{"name": "b", "password": "{SECRET}"'}, "must be a JSON list"),
        ({"SMTP_RELAYS": '[{"name": "b"}]'}, "SMTP_RELAYS: number 1: host: must be set"),
        (
            {"SMTP_RELAYS": '[{"name": "b", "host": "b.example", "pasword": "x"}]'},
            "SMTP_RELAYS: number 1: pasword: there is no such setting",
        ),
        ({"SMTP_RELAYS": RELAY}, "set smtp_host too"),
        (
            {"SMTP_HOST": "a.example", "SMTP_RELAYS": RELAY.replace("spare", "smtp")},
            "smtp is taken",
        ),
        ({"SMTP_HOST": "a.example", "SMTP_RELAYS": f"[{RELAY[1:-1]}, {RELAY[1:]}"}, "is taken"),
        (
            {
                "SMTP_HOST": "a.example",
                "SMTP_RELAYS": '[{"name": "b", "host": "b.example", "security": "none"}]',
            },
            "smtp_relays: b: none is for the sandbox",
        ),
        (
            {
                "SMTP_HOST": "a.example",
                "SMTP_RELAYS": '[{"name": "b", "host": "b.example", "username": "u"}]',
            },
            "smtp_relays: b: username and password go together",
        ),
        ({"SMS_SENDERS": SENDER}, "set twilio_account_sid and sms_sender too"),
        (
            {**FIRST_SMS, "SMS_SENDERS": SENDER.replace("https", "http")},
            "sms_senders: spare: api_url must begin with https://",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(
    variables: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better a clear word at the start than a lost or doubled send at night."""
    for name, value in variables.items():
        monkeypatch.setenv(f"ONWARD_{name}", value)

    told = problems()

    assert any(word in line for line in told), told
    assert SECRET not in str(told)


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """`onward check` is pasted into tickets."""
    monkeypatch.setenv("ONWARD_BROKER_URL", f"amqps://office:{SECRET}@rabbit.example/onward")
    monkeypatch.setenv("ONWARD_DATABASE_URL", f"postgresql://office:{SECRET}@db.example/onward")
    monkeypatch.setenv("ONWARD_SMTP_USERNAME", "office")
    monkeypatch.setenv("ONWARD_SMTP_PASSWORD", SECRET)
    monkeypatch.setenv("ONWARD_MASTER_KEY", KEY)
    settings = load()

    shown = {row.name: row for row in describe(settings)}

    assert shown["broker_url"].value == "amqps://rabbit.example/onward"
    assert shown["smtp_password"].value == "set"
    assert shown["smtp_password"].source == "ONWARD_SMTP_PASSWORD"
    assert SECRET not in repr(shown) + repr(settings) + str(settings)
    assert KEY not in repr(shown) + repr(settings)


def test_every_setting_is_shown_with_its_source(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator must see which of three places a value came from."""
    (an_empty_folder / "onward.toml").write_text("hint_size = 50\n")
    monkeypatch.setenv("ONWARD_SANDBOX", "yes")

    shown = {row.name: row.source for row in describe(load())}

    assert shown["hint_size"] == "onward.toml"
    assert shown["sandbox"] == "ONWARD_SANDBOX"
    assert shown["company_phone"] == "sandbox"
    assert shown["door_port"] == "default"
    assert shown.keys() == Settings.model_fields.keys()


def test_lists_may_be_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes JSON into a compose file's variable gladly."""
    monkeypatch.setenv("ONWARD_BLOB_ROOTS", "s3://scans/in, s3://invoices")

    assert load().blob_roots == ("s3://scans/in", "s3://invoices")


def test_lines_of_the_footer_are_written_with_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """An office's address has commas of its own."""
    monkeypatch.setenv("ONWARD_COMPANY_FOOTER", "No. 01234567 | 1 Quay Street, Westport")

    assert load().company_footer == ("No. 01234567", "1 Quay Street, Westport")


def test_further_providers_come_after_the_first_in_their_order(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tables in the file, or as JSON in the environment; their secrets stay unseen."""
    (an_empty_folder / "onward.toml").write_text(
        'smtp_host = "a.example"\n'
        f'[[smtp_relays]]\nname = "b"\nhost = "b.example"\nusername = "u"\npassword = "{SECRET}"\n'
        '[[smtp_relays]]\nname = "c"\nhost = "c.example"\nsecurity = "tls"\nport = 465\n'
    )
    for name, value in {**FIRST_SMS, "SMS_SENDERS": SENDER}.items():
        monkeypatch.setenv(f"ONWARD_{name}", value)

    settings = load()

    relays, senders = all_smtp_relays(settings), all_sms_senders(settings)
    assert [(one.name, one.host, one.port, one.security) for one in relays] == [
        ("smtp", "a.example", 587, "starttls"),
        ("b", "b.example", 587, "starttls"),
        ("c", "c.example", 465, "tls"),
    ]
    assert [(one.name, one.account_sid, one.sender, one.api_url) for one in senders] == [
        ("twilio-sms", "AC1", "+447700900100", "https://api.twilio.com"),
        ("spare", "AC2", "+447700900777", "https://other.example"),
    ]
    shown = {row.name: row.value for row in describe(settings)}
    assert (shown["smtp_relays"], shown["sms_senders"]) == ("b, c", "spare")
    assert SECRET not in repr(shown) + repr(settings) + repr(relays) + repr(senders)


def test_every_setting_says_what_it_sets() -> None:
    """The documentation's table is made from these words."""
    assert all(meaning.endswith(".") for _, _, meaning in rows())
    assert table().count("\n") == len(Settings.model_fields) + 2


def test_a_sandbox_knows_a_sample_company_and_nobody_else_does() -> None:
    """A real email must never go out under an invented name."""
    assert company_of(Settings(sandbox=True)).phone == "+441632960100"
    with pytest.raises(MissingSettingsError) as caught:
        company_of(Settings(company_phone="+441632960101"))
    assert caught.value.names == (
        "company_legal_name",
        "company_trading_name",
        "company_email",
    )


def test_a_channel_says_what_it_lacks() -> None:
    """`onward check` names the settings to add, channel by channel."""
    settings = Settings(sandbox=True, smtp_host="127.0.0.1")

    assert missing_for_sending(settings, Channel.EMAIL) == ()
    assert missing_for_sending(settings, Channel.SMS) == (
        "twilio_account_sid",
        "twilio_auth_token",
    )
    assert missing_for_sending(settings, Channel.POST) == ()


def test_a_master_key_is_made_once_for_one_pair_of_eyes(tmp_path: Path) -> None:
    """A second key in its place would make all that the first wrapped unreadable."""
    settings = Settings(data_dir=tmp_path / "new")
    make_master_key(settings.master_key_path, bytes(32))

    with pytest.raises(FileExistsError):
        make_master_key(settings.master_key_path, bytes(range(32)))

    assert read_master_key(settings) == bytes(32)
    assert settings.master_key_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", [None, "", "not base64!", "c2hvcnQ="])
def test_a_file_without_a_master_key_is_named(tmp_path: Path, text: str | None) -> None:
    """Starting with a wrong key would wrap new keys that nobody can unwrap."""
    file = tmp_path / "some.key"
    if text is not None:
        file.write_text(text)

    with pytest.raises(MasterKeyError, match=r"some\.key") as caught:
        read_master_key(Settings(master_key_file=file))

    assert not text or text not in str(caught.value)
