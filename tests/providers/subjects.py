"""Which providers the conformance suite is run on, and what each speaks.

A provider joins by one more ``Subject`` in ``SUBJECTS``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.providers import servers
from tests.providers.servers import Conversation
from tests.providers.smtp_servers import DROP, SILENCE, MailServer, Script
from workers.providers.base import Email, Outgoing, Provider, Tag, Text, Transfer
from workers.providers.smtp import SmtpRelay
from workers.providers.twilio_sms import TwilioSms
from workers.providers.twilio_voice import TwilioVoice

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "a sample token"
MESSAGE_SID = "SM" + "0" * 31 + "2"
CALL_SID = "CA" + "0" * 31 + "3"


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider, something to send, and a far side for each way of taking it.

    ``make`` takes a port of 127.0.0.1, a timeout in seconds and a number of connections. Each
    conversation adds to ``Wire.asked`` once a byte arrives that could cause a send.
    """

    name: str
    make: Callable[[int, float, int], Provider]
    outgoing: Outgoing
    foreign: Outgoing
    reference: str | None  # what an acceptance refers to, where the far side decides it
    takes: Conversation
    drops: Conversation
    hangs: Conversation
    garbles: Conversation

    def __str__(self) -> str:
        return self.name


TEXT = Text(
    tag=Tag("d-1", 1),
    to="+447700900001",
    sender="+447700900000",
    body="Mrs Penrose rang: please call back.",
    validity_seconds=3600,
    callback_url="https://onward.example/receipts/twilio?delivery=d-1&attempt=1",
)
TRANSFER = Transfer(
    tag=Tag("d-2", 1),
    provider_call_id=CALL_SID,
    to="+441632960123",
    caller_id="+442079460000",
    ring_seconds=20,
    action_url="https://onward.example/receipts/dial?delivery=d-2&attempt=1",
)
EMAIL = Email(
    tag=Tag("d-3", 1),
    to="ann@customer.example",
    sender="office@brightwater.example",
    sender_name="Brightwater Offices",
    reply_to=None,
    subject="Message from Mrs Penrose",
    text="Mrs Penrose rang: please call back.",
    html="<p>Mrs Penrose rang: please call back.</p>",
    message_id="<d-3@brightwater.example>",
    written_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
)


def _sms(port: int, timeout: float, connections: int) -> Provider:
    return TwilioSms(
        ACCOUNT_SID,
        AUTH_TOKEN,
        api_url=f"http://127.0.0.1:{port}",
        timeout=timeout,
        connections=connections,
    )


def _voice(port: int, timeout: float, connections: int) -> Provider:
    return TwilioVoice(
        ACCOUNT_SID,
        AUTH_TOKEN,
        api_url=f"http://127.0.0.1:{port}",
        timeout=timeout,
        connections=connections,
    )


TWILIO_SMS = Subject(
    name="twilio-sms",
    make=_sms,
    outgoing=TEXT,
    foreign=TRANSFER,
    reference=MESSAGE_SID,
    takes=servers.answers(
        servers.http_answer(201, json.dumps({"sid": MESSAGE_SID, "status": "queued"}).encode())
    ),
    drops=servers.drops,
    hangs=servers.hangs,
    garbles=servers.garbles,
)
TWILIO_VOICE = Subject(
    name="twilio-voice",
    make=_voice,
    outgoing=TRANSFER,
    foreign=TEXT,
    reference=CALL_SID,
    takes=servers.answers(
        servers.http_answer(200, json.dumps({"sid": CALL_SID, "status": "in-progress"}).encode())
    ),
    drops=servers.drops,
    hangs=servers.hangs,
    garbles=servers.garbles,
)


def _relay(port: int, timeout: float, connections: int) -> Provider:
    return SmtpRelay(
        "127.0.0.1",
        port,
        security="none",
        timeout=timeout,
        final_timeout=timeout,
        connections=connections,
        hostname="us.example",
    )


SMTP = Subject(
    name="smtp",
    make=_relay,
    outgoing=EMAIL,
    foreign=TEXT,
    reference="4F2A1B",
    takes=MailServer(),
    drops=MailServer(Script(end=DROP)),
    hangs=MailServer(Script(end=SILENCE)),
    garbles=MailServer(Script(end="not a word of SMTP")),
)

SUBJECTS = [TWILIO_SMS, TWILIO_VOICE, SMTP]
