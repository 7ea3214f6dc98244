"""Where does mail come back to? A small SMTP or LMTP server, for the company's own mail server.

It takes mail to the return paths of our emails alone. What is about nothing of ours is taken too,
and counted: a refusal would only make more mail. While the store is away the sender is asked to
come again later.
"""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from structlog import get_logger

from workers.receipts.bouncing import BounceParts, Bouncing
from workers.receipts.mail_sessions import Hooks, LmtpSession, SmtpSession
from workers.running.alive import Beat, beat_on

log = get_logger(__name__)

_LARGEST = 4 * 1024 * 1024  # bytes; reports are asked for without the mail that they return
_IDLE_SECONDS = 60
_START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the door is, and what is spoken there; port 0 means any free one."""

    host: str
    port: int
    protocol: Literal["smtp", "lmtp"] = "smtp"


class MailDoor:
    """Listens from ``start`` until ``stop``, on a thread of its own."""

    def __init__(self, parts: BounceParts, listening: Listening) -> None:
        self._parts = parts
        self._listening = listening
        self._bouncing = Bouncing(parts)
        self._sessions: set[SmtpSession] = set()
        self._applying = ThreadPoolExecutor(2, thread_name_prefix="bounces")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-door")
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the mail door is not open")
        return int(self._server.sockets[0].getsockname()[1])

    def start(self) -> None:
        """Listen. Raises ``OSError`` where that is not possible."""
        # aiosmtpd logs addresses
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(self._open(), self._loop)
        try:
            opening.result(_START_SECONDS)
        except BaseException:
            self._end()
            raise
        log.info("mail_door_open", port=self.port, protocol=self._listening.protocol)

    def beat(self, beat: Beat) -> None:
        """Have the door beat, from its start on, for as long as it answers."""
        beat_on(self._loop, beat)

    def stop(self) -> None:
        """Finish what was taken, and close."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._end()

    async def _open(self) -> None:
        kind = LmtpSession if self._listening.protocol == "lmtp" else SmtpSession
        make = partial(
            kind,
            Hooks(self._parts, self._bouncing, self._applying),
            self._sessions,
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            hostname=self._parts.paths.domain,
            ident="Onward",
            timeout=_IDLE_SECONDS,
            loop=self._loop,
        )
        self._server = await self._loop.create_server(
            make, self._listening.host, self._listening.port
        )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._loop.run_in_executor(None, self._applying.shutdown)
        for session in list(self._sessions):
            session.let_go()
        await asyncio.sleep(0)  # lets the transports tell their sessions

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._applying.shutdown()
        self._loop.close()
