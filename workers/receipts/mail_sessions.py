"""How does a mail server that brings us bounces converse with us? aiosmtpd, and what we add."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from structlog import get_logger

from workers.receipts.bouncing import BounceParts, Bouncing
from workers.receipts.counts import Meaning, Way

log = get_logger(__name__)

_AT_ONCE = 16  # sessions: each may hold a mail in memory
_TAKEN = "250 2.0.0 Ok"
_LATER = "451 4.3.0 Not now, please try again"


class Hooks:
    """What aiosmtpd asks us."""

    def __init__(
        self, parts: BounceParts, bouncing: Bouncing, applying: ThreadPoolExecutor
    ) -> None:
        self._parts = parts
        self._bouncing = bouncing
        self._applying = applying

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take addresses at our domain, one a mail: LMTP answers for each of them."""
        if not self._parts.paths.here(address):
            self._parts.counts.add(Way.BOUNCE, Meaning.REFUSED)
            return "550 5.7.1 Not one of our addresses"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Answer once it is committed."""
        content = envelope.original_content or b""
        try:
            await server.loop.run_in_executor(
                self._applying, self._bouncing.take, envelope.rcpt_tos[0], content
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail must come again
            log.error("bounce_not_taken", error_type=type(error).__name__)  # noqa: TRY400 - a traceback may hold an address
            return _LATER
        return _TAKEN


class SmtpSession(SMTP):
    """One connection by SMTP."""

    def __init__(self, hooks: Hooks, sessions: set["SmtpSession"], **options: Any) -> None:  # noqa: ANN401 - aiosmtpd's own
        super().__init__(hooks, **options)
        self._open_sessions = sessions
        self._welcome = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count among the open sessions, if there is room: of a crowd some are served."""
        self._welcome = len(self._open_sessions) < _AT_ONCE
        if self._welcome:
            self._open_sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count no longer."""
        self._open_sessions.discard(self)
        super().connection_lost(error)

    def let_go(self) -> None:
        """Close at once: the door closes."""
        if self.transport is not None:
            self.transport.close()

    async def _handle_client(self) -> None:
        if not self._welcome:
            await self.push("421 4.3.2 Too many connections, please try again")
            self._writer.close()
            return
        await super()._handle_client()


class LmtpSession(SmtpSession, LMTP):
    """One connection by LMTP (RFC 2033)."""
