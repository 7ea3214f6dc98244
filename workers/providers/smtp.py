"""How is one email handed to a mail server, and what did it answer?

The transaction is driven stage by stage (RFC 5321), because only then is it known what a failure
means:

    connect, STARTTLS, EHLO, AUTH   definite, and not the delivery's fault
    MAIL, RCPT, DATA                definite: nothing of the email has left
    a large body, ahead of its dot  definite: nobody may deliver it yet
    ``before_first_byte``           is called here, before the dot and what goes with it
    final dot                       a reply is definite; no reply is ``Unknown`` (RFC 1047)

A server must not deliver before it has read the final dot. A large body therefore goes ahead of
its dot, and a connection that breaks meanwhile is still definite; a small one goes with its dot
in one write, and from then on only a reply is certain.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from aiosmtplib import SMTPException
from aiosmtplib.protocol import SMTPProtocol

from contracts.vocabulary import Channel, Reason
from workers.providers.base import Accepted, Deferred, Email, Outgoing, Rejected, Unknown, Verdict
from workers.providers.mime import build
from workers.providers.mime_headers import ready_address
from workers.providers.smtp_envelope import Envelope
from workers.providers.smtp_pool import Connection, Pool, Security, Server, Unopened, hang_up
from workers.providers.smtp_replies import (
    Reply,
    Stage,
    accepted,
    leaves_in_step,
    positive,
    refusal,
)

IN_ONE_WRITE = 65_536  # bodies up to this go with their dot: a socket takes them in at once
BUILT_ASIDE = 262_144  # octets of attachments from which building would hold up the event loop
DRAIN_POLL = 0.005
DOT = b".\r\n"
FIRST_RELAY = "smtp"


def _nothing() -> None:
    """What is done before the first byte where nobody asked."""


class SmtpRelay:
    """Sends emails through one mail server over kept connections; one recipient a transaction.

    ``timeout`` bounds all that comes before the body, waiting for a free connection included;
    ``final_timeout`` bounds the body and the wait for the reply to its dot (RFC 5321, section
    4.5.3.2.6, asks for ten minutes). A send answers within their sum, the attribute ``timeout``.
    Certificates are verified against ``ca_file``, or else the system's authorities;
    ``security="none"`` is for a server on the same machine.

    Not promised: use from more than one event loop.
    """

    channel = Channel.EMAIL

    def __init__(  # noqa: PLR0913 - each is a setting, and only bootstrap makes one
        self,
        host: str,
        port: int,
        *,
        security: Security = "starttls",
        username: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        final_timeout: float = 120.0,
        connections: int = 20,
        idle_seconds: float = 30.0,
        hostname: str | None = None,
        ca_file: str | None = None,
        name: str = FIRST_RELAY,
    ) -> None:
        self.name = name
        self.timeout = timeout + final_timeout
        self._before_body = timeout
        self._final = final_timeout
        server = Server(host, port, security, username, password, hostname, ca_file)
        self._pool = Pool(server, connections, idle_seconds)

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = _nothing
    ) -> Verdict:
        """Send once and give the verdict.

        Raises:
            TypeError: what is to be sent is not an email.
        """
        if not isinstance(outgoing, Email):
            raise TypeError("a mail server carries emails only")
        if ready_address(outgoing.to) is None:
            return Rejected(Reason.INVALID_DESTINATION, "address")
        try:
            body = await _built(outgoing)
        except ValueError:
            return Rejected(Reason.REFUSED, "unfit header")
        opened = await Envelope(self._pool, outgoing, len(body)).open(self._before_body)
        if not isinstance(opened, Connection):
            return _lightened(outgoing, opened)
        return _lightened(outgoing, await self._finish(opened, body, before_first_byte))

    async def probe(self) -> Verdict:
        """Connect, say EHLO (and who we are) and NOOP: harmless; ``Accepted`` if all is well."""
        try:
            async with asyncio.timeout(self._before_body):
                connection = await self._pool.connect()
                try:
                    reply = await connection.client.execute_command(b"NOOP")
                finally:
                    hang_up(connection)
        except Unopened as unopened:
            return unopened.verdict
        except (SMTPException, OSError):
            return Deferred(Reason.UNREACHABLE, "probe no answer", spends_attempt=False)
        if positive(reply.code):
            return Accepted(str(reply.code))
        return refusal(Stage.CONNECT, Reply(reply.code, reply.message))

    async def close(self) -> None:
        """Give back all connections."""
        await self._pool.close()

    async def _finish(
        self, connection: Connection, body: bytes, before_first_byte: Callable[[], None]
    ) -> Verdict:
        """From the body's first byte to the reply to its dot."""
        give_back = self._pool.discard
        until = asyncio.get_running_loop().time() + self._final
        try:
            protocol = connection.client.protocol
            if protocol is None or not protocol.is_connected:
                return Deferred(Reason.PROVIDER_FAULT, "data broken off")
            try:
                if len(body) > IN_ONE_WRITE:
                    async with asyncio.timeout_at(until):
                        await _ahead_of_dot(protocol, body)
                    body = b""
            except (SMTPException, OSError):  # the deadline's TimeoutError is an OSError
                return Deferred(Reason.PROVIDER_FAULT, "body broken off")
            before_first_byte()  # what it raises is no fault of the server's, and goes out
            try:
                async with asyncio.timeout_at(until):
                    protocol.write(body + DOT)
                    reply = await protocol.read_response()
            except (SMTPException, OSError):
                return Unknown(Reason.NO_ANSWER, "end no answer")
            if leaves_in_step(reply.code):
                give_back = self._pool.release
        finally:
            give_back(connection)
        if positive(reply.code):
            return accepted(Reply(reply.code, reply.message))
        return refusal(Stage.END, Reply(reply.code, reply.message))


def _lightened(email: Email, verdict: Verdict) -> Verdict:
    """Have what is too large for the server tried again at once, to go without its documents."""
    match verdict:
        case Rejected(Reason.EMAIL_TOO_LARGE, code) if email.attachments:
            return Deferred(Reason.EMAIL_TOO_LARGE, code, retry_after=0)
        case _:
            return verdict


async def _built(email: Email) -> bytes:
    """The email as it goes over the wire, dots stuffed (RFC 5321, section 4.5.2)."""
    if sum(len(attachment.content) for attachment in email.attachments) > BUILT_ASIDE:
        body = await asyncio.to_thread(build, email)
    else:
        body = build(email)
    return body.replace(b"\r\n.", b"\r\n..") if b"\r\n." in body else body


async def _ahead_of_dot(protocol: SMTPProtocol, body: bytes) -> None:
    """Write the body and wait until it has left us, so that a break before its dot shows.

    Raises:
        ConnectionResetError: the connection broke; the server has seen no final dot.
    """
    protocol.write(body)
    transport = cast("asyncio.WriteTransport", protocol.transport)
    # asyncio tells only the protocol when the buffer is empty, and the protocol keeps it
    while protocol.is_connected and transport.get_write_buffer_size():  # noqa: ASYNC110
        await asyncio.sleep(DRAIN_POLL)
    if not protocol.is_connected:
        raise ConnectionResetError("broken off before the final dot")
