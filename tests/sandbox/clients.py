"""How the suites here speak to a sandbox: by plain HTTP, by Twilio's SDK, by smtplib."""

import asyncio
import json
import smtplib
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from workers.sandbox.local import Sandbox

ACCOUNT = f"/2010-04-01/Accounts/{SANDBOX_ACCOUNT_SID}"
MESSAGES = f"{ACCOUNT}/Messages.json"
CALLS = f"{ACCOUNT}/Calls.json"
MOBILE = "+447700900123"
LANDLINE = "+441632960123"
CALLER = "+442079460321"
SMS = {"To": MOBILE, "From": "Onward", "Body": "Please ring back"}
MAIL = (
    b"From: post@onward.example\r\nTo: pat@example.com\r\nSubject: A call for you\r\n"
    b"Message-ID: <d-1@onward.example>\r\n\r\nPlease ring back.\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]


def ask(
    sandbox: Sandbox,
    method: str,
    path: str,
    *,
    form: Mapping[str, str] | None = None,
    document: object = None,
    token: str = SANDBOX_AUTH_TOKEN,
    seconds: float = 10,
) -> Answer:
    """One request over plain HTTP, without a retry."""

    async def play() -> Answer:
        async with aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(SANDBOX_ACCOUNT_SID, token)},
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as session:
            body: dict[str, Any] = {"data": form} if document is None else {"json": document}
            async with session.request(method, sandbox.http_url + path, **body) as reply:
                text = await reply.text()
                return Answer(reply.status, dict(reply.headers), json.loads(text))

    return asyncio.run(play())


@contextmanager
def sdk(sandbox: Sandbox) -> Iterator[Any]:
    """Twilio's own client, pointed at the sandbox; its annotations promise what it cannot keep."""
    http_client = TwilioHttpClient(timeout=60)
    client: Any = Client(  # type: ignore[no-untyped-call]
        sandbox.account_sid, sandbox.auth_token, http_client=http_client
    )
    client.api.base_url = sandbox.http_url
    try:
        yield client
    finally:
        if http_client.session is not None:
            http_client.session.close()


@contextmanager
def smtp(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    """An SMTP connection that has said EHLO."""
    client = smtplib.SMTP(sandbox.smtp_host, sandbox.smtp_port, "client.example", timeout=60)
    try:
        client.ehlo()
        yield client
    finally:
        client.close()


def send_mail(client: smtplib.SMTP, to: str = "pat@example.com", raw: bytes = MAIL) -> int:
    """One transaction; the first reply code that is not what a client hopes for, else 250."""
    code, _ = client.mail("post@onward.example")
    if code != 250:
        return code
    code, _ = client.rcpt(to)
    if code != 250:
        client.rset()
        return code
    try:
        code, _ = client.data(raw)
    except smtplib.SMTPDataError as refused:
        code = refused.smtp_code
    return code


@contextmanager
def by_hand(sandbox: Sandbox) -> Iterator[socket.socket]:
    """A bare connection, greeted."""
    with socket.create_connection((sandbox.smtp_host, sandbox.smtp_port), 10) as raw:
        read_reply(raw)
        raw.sendall(b"EHLO client.example\r\n")
        read_reply(raw)
        yield raw


def read_reply(raw: socket.socket, replies: int = 1) -> bytes:
    """So many replies; each ends with a line whose code a blank follows."""
    seen = b""
    while sum(line[3:4] == b" " for line in seen.splitlines()) < replies:
        more = raw.recv(4096)
        if not more:
            break
        seen += more
    return seen
