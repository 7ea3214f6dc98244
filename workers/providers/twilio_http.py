"""How the twilio SDK reaches the network: a kept-alive pool, limits that hold, and no retries.

The SDK's own async client ignores its timeout (aiohttp takes ``None`` for "no limit"), keeps the
last request in memory and logs what it sends. This one does none of that, and knows the one thing
a verdict depends on: whether a byte of the request may have left.

Errors out of a request, beside the SDK's for a refusal:
    TwilioUnansweredError
    ├── NotSent      definite: no byte left (DNS, connect, TLS, no free connection in time)
    └── AnswerLost   the request left; what came back is no answer, or nothing came back
"""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import aiohttp
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.connector import Connection
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

LONGEST_ANSWER = 1_000_000  # bytes; Twilio's are a few thousand
KEEP_IDLE_SECONDS = 15.0  # shorter than a server's own limit: its close must not race our POST
_QUOTED = tuple(quote_plus(bytes([octet])) for octet in range(256))
_MAY_WAIT = 0.5  # of its time, for a connection
KEEP_NAMES_SECONDS = 60  # how long a looked-up address is used again


class TwilioUnansweredError(Exception):
    """No answer came back. ``code`` says why in one word, free of personal values."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotSent(TwilioUnansweredError):  # noqa: N818 - it is an outcome's name, not a fault of ours
    """No byte of the request left us."""


class AnswerLost(TwilioUnansweredError):  # noqa: N818 - the same
    """The request may have left us, and no readable answer came back."""


@dataclass(slots=True)
class Exchange:
    """One request and what is known of it beyond the answer's body."""

    before_first_byte: Callable[[], None]
    may_have_left: bool = False
    stopped_by: BaseException | None = None
    status: int = 0
    retry_after: float | None = None

    def leave(self) -> None:
        """Say that the first byte is about to leave; if that cannot be noted, nothing leaves."""
        try:
            self.before_first_byte()
        except BaseException as fault:
            self.stopped_by = fault
            raise
        self.may_have_left = True


# The SDK passes nothing of ours through to its HTTP client; a task's context does.
CURRENT_EXCHANGE: ContextVar[Exchange] = ContextVar("CURRENT_EXCHANGE")


class _MarkedRequest(ClientRequest):
    """Marks the moment between "a connection is ours" and "the head is written"."""

    async def send(self, conn: Connection) -> ClientResponse:
        CURRENT_EXCHANGE.get().leave()
        return await super().send(conn)


class TwilioHttp(AsyncHttpClient):
    """The SDK's HTTP client.

    ``timeout`` bounds a whole request in seconds; half of it may go by in waiting for a connection.
    ``connect`` bounds its TCP and TLS handshakes. At most ``connections`` are open at once. The
    pool belongs to the event loop of the first request. Redirects are not followed and nothing is
    tried twice.
    """

    def __init__(self, *, timeout: float, connect: float, connections: int) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True, timeout=timeout)
        self._limits = aiohttp.ClientTimeout(
            total=timeout,  # a limit for each read within it would be a timer more for each read
            # One that gets a connection in its last moment would be cut off, and end as unknown.
            connect=timeout * _MAY_WAIT,
            sock_connect=min(connect, timeout),
            ceil_threshold=float("inf"),  # aiohttp otherwise rounds long limits up to a second
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def request(  # type: ignore[override] # the SDK's own async client breaks with its base too
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the SDK's signature; never given
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - the SDK's signature
    ) -> Response:
        """Send one request and give the answer, whatever its status.

        Raises:
            NotSent: no byte left.
            AnswerLost: it may have left, and no whole HTTP answer came back within the timeout.
        """
        exchange = CURRENT_EXCHANGE.get()
        head = dict(headers or {})
        if auth is not None:
            head["Authorization"] = aiohttp.encode_basic_auth(*auth)
        body = (
            urlencode(data, doseq=True, quote_via=_quoted).encode()  # type: ignore[arg-type] # of its overloads only text comes here
            if data
            else None
        )
        query = urlencode(params, doseq=True) if params else ""
        url = f"{uri}?{query}" if query else uri
        try:
            async with self._pool().request(
                method, url, data=body, headers=head, timeout=self._limits, allow_redirects=False
            ) as answer:
                exchange.status = answer.status
                exchange.retry_after = _seconds(answer.headers.get("Retry-After"))
                text = await _read(answer)
                return Response(answer.status, text, answer.headers)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as fault:
            if exchange.stopped_by is not None:
                raise exchange.stopped_by from None
            if not exchange.may_have_left:
                raise NotSent(_before(fault)) from fault
            raise AnswerLost(_after(fault)) from fault

    async def close(self) -> None:
        """Close every connection; a later request opens a new pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=KEEP_IDLE_SECONDS,
                    ttl_dns_cache=KEEP_NAMES_SECONDS,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                request_class=_MarkedRequest,
            )
        return self._session


def _quoted(text: str, *_: object) -> str:
    """Quote as ``quote_plus`` does, which looks at every character in Python."""
    return text.encode().decode("latin-1").translate(_QUOTED)


async def _read(answer: ClientResponse) -> str:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > LONGEST_ANSWER:
            raise aiohttp.ClientPayloadError("longer than any answer of the provider's")
        parts.append(part)
    return b"".join(parts).decode()


def _seconds(retry_after: str | None) -> float | None:
    """The number of seconds asked for; a date, which RFC 9110 also allows, counts as no wish."""
    if retry_after is None or not retry_after.isascii() or not retry_after.isdecimal():
        return None
    return float(retry_after)


def _before(fault: BaseException) -> str:
    match fault:
        case aiohttp.ClientConnectorDNSError():
            return "dns"
        case aiohttp.ClientSSLError():
            return "tls"
        case TimeoutError():
            return "connect_timeout"
        case _:
            return "connect"


def _after(fault: BaseException) -> str:
    match fault:
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientPayloadError() | UnicodeDecodeError():
            return "unreadable"
        case aiohttp.ClientResponseError():
            return "not_http"
        case _:
            return "disconnected"
