"""Which settings contradict one another, and how would an operator mend it?"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.processors import PARTS, misdeclared
from config.providers import (
    FIRST_SMS,
    FIRST_SMTP,
    TAKEN,
    all_sms_senders,
    all_smtp_relays,
    is_loopback,
)

if TYPE_CHECKING:
    from config.settings import Settings

LEASE_MARGIN_SECONDS = 10  # a claim must outlive its send and the recording of it


def contradictions(settings: "Settings") -> Iterator[str]:
    """Yield each contradiction in plain words, naming the settings; none means all agree."""
    yield from _lease(settings)
    yield from _secrets_in_the_clear(settings)
    yield from _pairs(settings)
    yield from _second_providers(settings)
    yield from misdeclared(settings)
    if settings.intake_flush_max_ms < settings.intake_flush_ms:
        yield "intake_flush_max_ms must not be smaller than intake_flush_ms"
    if settings.intake_batch > settings.intake_prefetch:
        yield "intake_batch must not exceed intake_prefetch, or a batch can never fill"
    if settings.ops_port and settings.ops_port == settings.door_port:
        yield "ops_port must differ from door_port: the public door shows no figures"
    yield from _texts(settings)
    if settings.time_scale != 1 and not settings.sandbox:
        yield "time_scale is for trying things out: leave it at 1, or set sandbox"
    if settings.failpoints is not None and not settings.sandbox:
        yield "failpoints stop a process on purpose: unset them, or set sandbox"
    if settings.broker_url is not None and settings.database_url is None:
        yield "database_url must be set where broker_url is: processes cannot share SQLite"


def slowest_send_seconds(settings: "Settings") -> float:
    """Give the longest that any provider may take over one send."""
    email = settings.smtp_timeout_seconds + settings.smtp_final_timeout_seconds
    return max(settings.twilio_timeout_seconds, email)


def _lease(settings: "Settings") -> Iterator[str]:
    needed = slowest_send_seconds(settings) + LEASE_MARGIN_SECONDS
    if settings.lease_seconds < needed:
        yield (
            f"lease_seconds must be at least {needed:g}: the slowest send (twilio_timeout_seconds, "
            "or smtp_timeout_seconds and smtp_final_timeout_seconds together) and "
            f"{LEASE_MARGIN_SECONDS} seconds to record it"
        )


def _secrets_in_the_clear(settings: "Settings") -> Iterator[str]:
    for sender in all_sms_senders(settings):
        first = sender.name == FIRST_SMS
        named = "twilio_api_url" if first else f"sms_senders: {sender.name}: api_url"
        api = urlsplit(sender.api_url)
        own = settings.sandbox or is_loopback(api.hostname or "")
        if api.scheme == "http" and not own:
            yield f"{named} must begin with https://, or the token travels in the clear"
        if settings.sandbox and (api.hostname or "").endswith("twilio.com"):
            yield f"sandbox is on, but {named} is the real provider: name the stand-in's address"
    for relay in all_smtp_relays(settings):
        named = "smtp_security" if relay.name == FIRST_SMTP else f"smtp_relays: {relay.name}:"
        own = settings.sandbox or is_loopback(relay.host)
        if relay.security == "none" and not own:
            yield f"{named} none is for the sandbox or a relay on this machine; use starttls"


def _second_providers(settings: "Settings") -> Iterator[str]:
    if settings.smtp_relays and settings.smtp_host is None:
        yield "smtp_relays come after the first relay: set smtp_host too"
    if settings.sms_senders and not (settings.twilio_account_sid and settings.sms_sender):
        yield "sms_senders come after the first: set twilio_account_sid and sms_sender too"
    for relay in settings.smtp_relays:
        if (relay.username is None) != (relay.password is None):
            yield f"smtp_relays: {relay.name}: username and password go together"
    names = Counter(
        [*(one.name for one in settings.smtp_relays), *(one.name for one in settings.sms_senders)]
    )
    for name, count in names.items():
        if count > 1 or name in TAKEN | PARTS.keys():
            yield f"smtp_relays and sms_senders need names of their own: {name} is taken"


def _texts(settings: "Settings") -> Iterator[str]:
    sender = settings.sms_sender
    if sender is not None and not sender.startswith("+") and settings.sms_reply_number is None:
        yield "sms_sender is a name, which nobody can answer: set sms_reply_number too"
    if not settings.sms_throttle and not settings.sandbox:
        yield "sms_throttle is off: networks would block numbers; turn it on, or set sandbox"


def _pairs(settings: "Settings") -> Iterator[str]:
    for one, other in (
        ("twilio_account_sid", "twilio_auth_token"),
        ("smtp_username", "smtp_password"),
    ):
        if (getattr(settings, one) is None) != (getattr(settings, other) is None):
            yield f"{one} and {other} go together: set both or neither"
    given = (settings.master_key, settings.master_key_file, settings.master_key_command or None)
    if sum(one is not None for one in given) > 1:
        yield "master_key, master_key_file and master_key_command exclude each other: set one"
