"""How far does the server let us go with this envelope: MAIL, RCPT, DATA?

Everything here is definite, because nothing of the email itself has left. A kept connection that
turns out to be closed (the server says 421, or hangs up, before it has answered MAIL) is replaced
by a new one, once: no transaction had begun.
"""

import asyncio

from aiosmtplib import SMTP, SMTPException, SMTPResponse

from contracts.vocabulary import Reason
from workers.providers.base import Deferred, Email, Rejected, Verdict
from workers.providers.mime_headers import ready_address
from workers.providers.smtp_pool import Connection, Pool, Unopened
from workers.providers.smtp_replies import (
    SERVICE_CLOSING,
    Reply,
    Stage,
    leaves_in_step,
    positive,
    refusal,
)

ENVELOPE_ID_LIMIT = 100  # RFC 3461, section 5.4
GO_ON = 354


class Envelope:
    """One sender, one recipient, one email's size; opened once."""

    def __init__(self, pool: Pool, email: Email, size: int) -> None:
        self._pool = pool
        self._sender = ready_address(email.return_path or email.sender)
        self._recipient = ready_address(email.to)
        self._id = envelope_id(email)
        self._size = size
        self._stage: Stage | None = None  # none: waiting for a place among the connections

    async def open(self, seconds: float) -> Connection | Verdict:
        """The connection on which the body may now be written; or why not, definitely.

        The caller gives the connection back to the pool.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._pool.place()
                self._stage = Stage.CONNECT
                connection = await self._pool.take()
                try:
                    verdict = await self._offer(connection)
                except BaseException:
                    self._pool.discard(connection)
                    raise
        except Unopened as unopened:
            return unopened.verdict
        except (SMTPException, OSError) as error:  # the deadline's TimeoutError is an OSError
            return self._broken_off("late" if isinstance(error, TimeoutError) else "broken off")
        if verdict is None:
            return connection
        self._pool.release(connection)
        return verdict

    async def _offer(self, connection: Connection) -> Verdict | None:
        """None when the server waits for the body."""
        self._stage = Stage.MAIL
        reply = await self._mail(connection)
        if reply is None:
            return Rejected(Reason.INVALID_DESTINATION, "mail smtputf8 not offered")
        if not positive(reply.code):
            return _refused(Stage.MAIL, connection, reply)
        self._stage = Stage.RCPT
        reply = await self._rcpt(connection.client)
        if not positive(reply.code):
            return _refused(Stage.RCPT, connection, reply)
        self._stage = Stage.DATA
        reply = await connection.client.execute_command(b"DATA")
        return None if reply.code == GO_ON else _refused(Stage.DATA, connection, reply)

    async def _mail(self, connection: Connection) -> SMTPResponse | None:
        """The reply to MAIL; None where the server cannot take such an address."""
        if connection.used:
            reply = await self._mail_on_kept(connection)
            if reply is not None:
                return reply
            await self._pool.reopen(connection)
        return await self._say_mail(connection.client)

    async def _mail_on_kept(self, connection: Connection) -> SMTPResponse | None:
        """None where the connection turns out to be of no more use."""
        client = connection.client
        try:
            if connection.soiled:
                connection.soiled = False
                if not positive((await client.execute_command(b"RSET")).code):
                    return None
            reply = await self._say_mail(client)
        except (SMTPException, OSError):
            return None
        return None if reply is None or reply.code == SERVICE_CLOSING else reply

    async def _say_mail(self, client: SMTP) -> SMTPResponse | None:
        options = []
        if not (f"{self._sender}{self._recipient}").isascii():
            if not client.supports_extension("smtputf8"):
                return None
            options.append(b"SMTPUTF8")
        if client.supports_extension("size"):
            options.append(b"SIZE=%d" % self._size)
        if client.supports_extension("dsn"):
            # a bounce need not carry the content back through other people's hands
            options += (b"RET=HDRS", b"ENVID=" + self._id)
        return await client.execute_command(b"MAIL", f"FROM:<{self._sender}>".encode(), *options)

    async def _rcpt(self, client: SMTP) -> SMTPResponse:
        options = (b"NOTIFY=FAILURE,DELAY",) if client.supports_extension("dsn") else ()
        return await client.execute_command(b"RCPT", f"TO:<{self._recipient}>".encode(), *options)

    def _broken_off(self, how: str) -> Verdict:
        """No reply before the body: definite. From RCPT on it may be about this delivery."""
        match self._stage:
            case None:
                return Deferred(
                    Reason.BUSY_PROVIDER, f"no connection free, {how}", spends_attempt=False
                )
            case Stage.RCPT | Stage.DATA:
                return Deferred(Reason.PROVIDER_FAULT, f"{self._stage} {how}")
            case _:
                return Deferred(Reason.UNREACHABLE, f"{self._stage} {how}", spends_attempt=False)


def _refused(stage: Stage, connection: Connection, reply: SMTPResponse) -> Verdict:
    if leaves_in_step(reply.code):
        connection.soiled = True
    else:
        connection.client.close()  # closing, or out of step with us: not worth a guess
    return refusal(stage, Reply(reply.code, reply.message))


def envelope_id(email: Email) -> bytes:
    """Delivery and attempt as an ENVID, in xtext (RFC 3461, section 4): a bounce brings it back.

    With a return path it says the same as that, check included.
    """
    if email.return_path is not None:
        octets = email.return_path.rpartition("@")[0].encode()
    else:
        octets = f"{email.tag.delivery_id}.{email.tag.attempt}".encode()
    xtext = (
        b"%c" % octet if 33 <= octet <= 126 and octet not in b"+=" else b"+%02X" % octet
        for octet in octets
    )
    return b"".join(xtext)[:ENVELOPE_ID_LIMIT]
