"""Which providers carry email and SMS, in which order? The first of the plain settings, then more.

A second relay or account is a table of its own: ``[[smtp_relays]]`` in TOML, a JSON list in the
environment.
"""

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from contracts.senders import read_sender

if TYPE_CHECKING:
    from config.settings import Settings

FIRST_SMTP = "smtp"
FIRST_SMS = "twilio-sms"
VOICE = "twilio-voice"
MAILROOM = "mailroom"
TAKEN = frozenset({FIRST_SMTP, FIRST_SMS, VOICE, MAILROOM})
TWILIO_API = "https://api.twilio.com"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Security = Literal["starttls", "tls", "none"]


class OneProvider(BaseModel):
    """What every such table says. The name stands in claims, attempts and the ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Name


class SmtpRelay(OneProvider):
    """One mail server; its timeouts and connections are as for the first."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    username: str | None = None
    password: SecretStr | None = None
    security: Security = "starttls"


class SmsSender(OneProvider):
    """One account, and the number or name that its texts come from."""

    account_sid: Annotated[str, Field(min_length=1)]
    auth_token: SecretStr
    sender: Annotated[str, Field(min_length=1)]
    api_url: str = TWILIO_API

    @field_validator("sender")
    @classmethod
    def _can_send(cls, value: str) -> str:
        return read_sender(value).value

    @field_validator("api_url")
    @classmethod
    def _is_a_web_address(cls, value: str) -> str:
        return web_address(value)


def web_address(value: str) -> str:
    """Give it without a slash at its end. Raises ``ValueError`` where it is none."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a web address beginning with https:// (or http://)")
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its name or number."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_json(value: object) -> object:
    """Let the environment give a list of tables as JSON."""
    if not isinstance(value, str):
        return value
    try:
        read: object = json.loads(value)
    except ValueError:  # its text quotes what stands there, which may be a password
        raise ValueError('must be a JSON list of objects, such as [{"name": "…", …}]') from None
    return read


SmtpRelays = Annotated[tuple[SmtpRelay, ...], NoDecode, BeforeValidator(read_json)]
SmsSenders = Annotated[tuple[SmsSender, ...], NoDecode, BeforeValidator(read_json)]


def all_smtp_relays(settings: "Settings") -> tuple[SmtpRelay, ...]:
    """Give every relay in its order; none where the first is not set."""
    if settings.smtp_host is None:
        return ()
    first = SmtpRelay.model_construct(
        name=FIRST_SMTP,
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password,
        security=settings.smtp_security,
    )
    return (first, *settings.smtp_relays)


def all_sms_senders(settings: "Settings") -> tuple[SmsSender, ...]:
    """Give every SMS account in its order; none where the first is not set."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if sid is None or token is None:
        return ()
    first = SmsSender.model_construct(
        name=FIRST_SMS,
        account_sid=sid,
        auth_token=token,
        sender=settings.sms_sender or "",
        api_url=settings.twilio_api_url,
    )
    return (first, *settings.sms_senders)
