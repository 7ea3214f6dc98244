"""How do Twilio's replies look, and how does a connection misbehave?"""

import asyncio
import json
import math
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from workers.sandbox.behaviour import Act, Rule

BASE = f"/2010-04-01/Accounts/{SANDBOX_ACCOUNT_SID}"
_ACCOUNT = f"{SANDBOX_ACCOUNT_SID}:{SANDBOX_AUTH_TOKEN}".encode()
_BASIC = "Basic " + b64encode(_ACCOUNT).decode()
_STATUS = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}
_TEXTS = {
    12100: "Document parse failure",
    15004: "Action URL must be absolute",
    20001: "Invalid parameter value",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service unavailable",
    21201: "No 'To' number specified",
    21205: "Url parameter is required",
    21211: "The 'To' number is not a valid phone number.",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21213: "'From' phone number is required",
    21220: "Call is not in-progress. Cannot redirect.",
    21408: "Permission to send an SMS has not been enabled for the region.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number is not a valid, message-capable Twilio phone number.",
    21608: "The number is unverified.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "The 'To' phone number is not currently reachable via SMS.",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}
_LONGEST_HANG_SECONDS = 900


def reply(document: Mapping[str, Any], status: int = 200) -> web.Response:
    """A JSON reply."""
    return web.Response(
        body=json.dumps(document).encode(), status=status, content_type="application/json"
    )


def error(
    code: int, *, status: int | None = None, retry_after: float | None = None, about: str = ""
) -> web.Response:
    """An error in Twilio's shape: code, message, more_info, status.

    Its message names what it is ``about``, as Twilio's do.
    """
    http_status = status or _STATUS.get(code, 400)
    response = reply(
        {
            "code": code,
            "message": f"{_TEXTS.get(code, 'The request was refused')} {about}".rstrip(),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": http_status,
        },
        http_status,
    )
    if retry_after is not None:
        response.headers[hdrs.RETRY_AFTER] = str(math.ceil(retry_after))
    return response


def basic_credentials() -> str:
    """The ``Authorization`` header of whoever may use the sandbox's account."""
    return _BASIC


def authenticated(request: web.Request) -> bool:
    """Whether the sandbox's own account and token were given."""
    return request.headers.get(hdrs.AUTHORIZATION) == _BASIC


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form body; of a repeated one the last."""
    return dict(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))


@lru_cache(maxsize=4)
def _rfc2822_at(second: int) -> str:
    return formatdate(second).replace("-0000", "+0000")


def now_rfc2822() -> str:
    """This instant as Twilio writes dates."""
    return _rfc2822_at(int(time.time()))


def rfc2822(at: datetime) -> str:
    """An instant as Twilio writes dates."""
    return format_datetime(at)


async def instead_of_accepting(request: web.Request, rule: Rule) -> web.Response:
    """What a rule says in place of an acceptance."""
    match rule.act:
        case Act.RATE_LIMIT:
            return error(20429, retry_after=rule.retry_after)
        case Act.UNAVAILABLE:
            return error(20503, status=rule.status or 503)
        case Act.DROP:
            return dropped(request)
        case Act.RESET:
            return reset(request)
        case Act.HANG:
            return await hung(request)
        case _:
            to = (await form_of(request)).get("To", "")
            return error(rule.code or 21211, status=rule.status, about=to)


async def after_accepting(request: web.Request, rule: Rule) -> web.Response:
    """What a rule says although the acceptance stands."""
    match rule.act:
        case Act.ACCEPT_THEN_DROP:
            return dropped(request)
        case Act.ACCEPT_THEN_RESET:
            return reset(request)
        case Act.ACCEPT_THEN_HANG:
            return await hung(request)
        case _:
            return error(rule.code or 20500, status=rule.status or 500)


def dropped(request: web.Request) -> web.Response:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def reset(request: web.Request) -> web.Response:
    """Break the connection: the far side sees a reset."""
    if request.transport is not None:
        abort(request.transport)
    return web.Response()


async def hung(request: web.Request) -> web.Response:
    """Say nothing until the client has gone, or for a quarter of an hour."""
    deadline = time.monotonic() + _LONGEST_HANG_SECONDS
    while not _gone(request) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # aiohttp tells nobody that a client went
    return dropped(request)


def abort(transport: asyncio.Transport | asyncio.BaseTransport) -> None:
    """Close with a TCP reset instead of a farewell."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport) or hasattr(transport, "abort"):
        transport.abort()


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
