"""Which kept connection carries the next email?

At most so many connections at once, the one used last first (so that the rest fall idle and are
closed after some seconds). Everything here ends before MAIL: a failure is definite, and says so
with a verdict in ``Unopened``.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Literal, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
)

from contracts.vocabulary import Reason
from workers.providers.base import Deferred, Verdict
from workers.providers.smtp_replies import Reply, Stage, refusal

GOODBYE = 1.0  # seconds that a server has to take leave of us
GOODBYE_POLL = 0.002
Security = Literal["starttls", "tls", "none"]


class Unopened(Exception):  # noqa: N818
    """No connection could be had; ``verdict`` says why, always definitely."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("no connection to the mail server")
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and how it wants to be spoken to."""

    host: str
    port: int
    security: Security
    username: str | None
    password: str | None = field(repr=False)
    hostname: str | None
    ca_file: str | None


@dataclass(slots=True, eq=False)
class Connection:
    """One connection past EHLO and AUTH."""

    client: SMTP
    used: bool = False
    soiled: bool = False  # a transaction was refused: RSET before the next
    idle_since: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the far side has not closed it, as far as we were told."""
        return self.client.is_connected


class Pool:
    """Bounded connections to one server, last in first out.

    Not promised: fairness among those waiting beyond first come, first served.
    """

    def __init__(self, server: Server, connections: int, idle_seconds: float) -> None:
        self._server = server
        self._slots = asyncio.Semaphore(connections)
        self._idle_seconds = idle_seconds
        self._idle: list[Connection] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self._tls = None if server.security == "none" else _tls_context(server.ca_file)

    async def place(self) -> None:
        """Wait for a place among the connections; ``take`` must follow at once."""
        await self._slots.acquire()

    async def take(self) -> Connection:
        """A kept connection, or a new one; give it back with ``release`` or ``discard``.

        Raises:
            Unopened: there is no connection to be had now; the place is given back.
        """
        try:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    return connection
            return await self.connect()
        except BaseException:
            self._slots.release()
            raise

    async def reopen(self, connection: Connection) -> None:
        """Connect anew in the place of a connection that the server closed while it was idle.

        Raises:
            Unopened: no connection to be had now; the place is still to be given back.
        """
        drop(connection.client)
        fresh = await self.connect()
        connection.client, connection.used, connection.soiled = fresh.client, False, False

    def release(self, connection: Connection) -> None:
        """Keep the connection for the next email."""
        self._slots.release()
        if self._closed or not connection.is_open:
            hang_up(connection)
            return
        loop = asyncio.get_running_loop()
        connection.used = True
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_seconds, self._close_idle)

    def discard(self, connection: Connection) -> None:
        """Close the connection: what state it is in is not known."""
        self._slots.release()
        drop(connection.client)

    async def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        idle, self._idle = self._idle, []
        closing = [connection.client.protocol for connection in idle]
        for connection in idle:
            hang_up(connection)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                # asyncio tells only the protocol when a transport is gone; TLS says goodbye first
                while any(protocol and protocol.transport for protocol in closing):  # noqa: ASYNC110
                    await asyncio.sleep(GOODBYE_POLL)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        oldest_kept = loop.time() - self._idle_seconds
        kept = [one for one in self._idle if one.is_open and one.idle_since > oldest_kept]
        for connection in self._idle:
            if connection not in kept:
                hang_up(connection)
        self._idle = kept
        self._sweep = None
        if kept:
            wait = kept[0].idle_since + self._idle_seconds - loop.time()
            self._sweep = loop.call_later(max(wait, 0.05), self._close_idle)

    async def connect(self) -> Connection:
        """A new connection past EHLO and AUTH, in nobody's place.

        Raises:
            Unopened: there is none to be had now.
        """
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.hostname,
            timeout=None,  # the send has one deadline for all that comes before the body
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
        )
        stage = Stage.CONNECT
        try:
            await client.connect()
            await client.ehlo()
            if server.username is not None:
                stage = Stage.AUTH
                await client.login(server.username, server.password or "")
        except (SMTPException, OSError, ValueError) as error:
            drop(client)
            raise Unopened(_why(stage, error)) from None
        except BaseException:
            drop(client)
            raise
        return Connection(client)


def _why(stage: Stage, error: Exception) -> Verdict:
    """What kept us from opening a connection, without the far side's words."""
    match error:
        case SMTPAuthenticationError() | SMTPResponseException():
            return refusal(stage, Reply(error.code, error.message))
        case OSError() if isinstance(error, ssl.SSLError) or isinstance(
            error.__cause__, ssl.SSLError
        ):
            code = "connect tls"
        case OSError():  # aiosmtplib's own connection and timeout errors are OSErrors, too
            code = f"{stage} no connection"
        case ValueError():
            code = f"{stage} unfit setting"
        case _ if stage is Stage.AUTH:
            return Deferred(Reason.CREDENTIALS, "auth not offered", spends_attempt=False)
        case _:
            code = "connect starttls not offered"
    return Deferred(Reason.UNREACHABLE, code, spends_attempt=False)


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def drop(client: SMTP) -> None:
    """Close at once: a close in good order would wait for a server that may have stalled."""
    transport = cast("asyncio.WriteTransport | None", client.transport)
    if transport is not None:
        transport.abort()
    client.close()


def hang_up(connection: Connection) -> None:
    """Say QUIT and close without waiting for the answer, which nobody needs."""
    client = connection.client
    if client.is_connected and client.protocol is not None:
        client.protocol.write(b"QUIT\r\n")
    client.close()
