"""What makes up one running sandbox, and in which order does it start and stop?"""

import asyncio
import json
import logging
import os
import ssl
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from workers.sandbox.behaviour import Behaviour, script_from
from workers.sandbox.bounces import Bounces
from workers.sandbox.callbacks import Callbacks
from workers.sandbox.calls import Calls
from workers.sandbox.certificate import server_context
from workers.sandbox.control import Control
from workers.sandbox.messages import Messages
from workers.sandbox.receipts import Receipts
from workers.sandbox.record import Record
from workers.sandbox.settings import SandboxSettings, Tls
from workers.sandbox.smtp import SandboxSMTP, authenticator
from workers.sandbox.voice import Exchange

_LARGEST_REQUEST = 1024 * 1024
_SMTP_IDLE_SECONDS = 300
_SHUTDOWN_SECONDS = 2.0


class Server:
    """Both servers over one record, on the event loop that starts them."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        settings.folder.mkdir(parents=True, exist_ok=True)
        sync = os.fdatasync if settings.fsync else _leave_to_the_system
        self.behaviour = Behaviour(time.monotonic)
        if settings.behaviour_file is not None:
            self.behaviour.replace(script_from(json.loads(settings.behaviour_file.read_bytes())))
        self.record = Record(settings.folder / "record.jsonl", sync)
        self.callbacks = Callbacks(settings.callback_connections, settings.allowed_hosts)
        self.bounces = Bounces(settings.bounce_host, settings.bounce_port)
        self.exchange = Exchange(self.behaviour, self.callbacks)
        self.control = Control(
            self.record,
            self.behaviour,
            self.exchange,
            self.callbacks,
            self.bounces,
            self.ports,
        )
        self.http_port = self.smtp_port = 0
        self._runner: web.AppRunner | None = None
        self._smtp: asyncio.Server | None = None
        self._sessions: set[SandboxSMTP] = set()

    def ports(self) -> dict[str, Any]:
        """Where it listens."""
        return {"http_port": self.http_port, "smtp_port": self.smtp_port}

    async def start(self) -> None:
        """Listen on both ports."""
        # aiosmtpd logs addresses at INFO; a record is kept here on purpose, a log of them is not.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self.callbacks.start()
        self._runner = web.AppRunner(
            self._app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, self._settings.http_host, self._settings.http_port, backlog=1024
        )
        await site.start()
        self.http_port = self._runner.addresses[0][1]
        self._smtp = await asyncio.get_running_loop().create_server(
            self._smtp_connections(),
            self._settings.smtp_host,
            self._settings.smtp_port,
            backlog=1024,
        )
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, let go of connections, close the record."""
        if self._smtp is not None:
            self._smtp.close()
            for session in list(self._sessions):
                session.let_go()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._smtp.wait_closed(), _SHUTDOWN_SECONDS)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.exchange.stop()
        await self.callbacks.stop()
        await self.bounces.stop()
        self.record.close()

    def _app(self) -> web.Application:
        receipts = Receipts(self.callbacks, already=len(self.record))
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.add_routes(Messages(self.record, self.behaviour, receipts).routes())
        app.add_routes(Calls(self.record, self.behaviour, self.exchange).routes())
        app.add_routes(self.control.routes())
        return app

    def _smtp_connections(self) -> partial[SandboxSMTP]:
        settings = self._settings
        mail_folder: Path | None = None
        if settings.keep_mail:
            mail_folder = settings.folder / "mail"
            mail_folder.mkdir(exist_ok=True)
        context: ssl.SSLContext | None = None
        if settings.smtp_tls is not Tls.PLAIN:
            context = server_context(settings.folder, settings.allowed_hosts)
        login: dict[str, Any] = {}
        if settings.smtp_user is not None:
            login = {
                "auth_required": True,
                "authenticator": authenticator(settings.smtp_user, settings.smtp_password or ""),
            }
        return partial(
            SandboxSMTP,
            self.record,
            self.behaviour,
            self.bounces,
            mail_folder,
            self._sessions,
            data_size_limit=settings.largest_mail,
            enable_SMTPUTF8=True,
            hostname="sandbox.example",
            ident="Sandbox ESMTP",
            timeout=_SMTP_IDLE_SECONDS,
            tls_context=context,
            require_starttls=settings.smtp_tls is Tls.REQUIRED,
            auth_require_tls=settings.smtp_tls is not Tls.PLAIN,
            loop=asyncio.get_running_loop(),
            **login,
        )


async def started(settings: SandboxSettings) -> Server:
    """A server that listens. Raises what prevented it, leaving nothing open."""
    server = Server(settings)
    try:
        await server.start()
    except BaseException:
        await server.stop()
        raise
    return server


def _leave_to_the_system(_fd: int) -> None:
    """Not synced: a crash of the machine may lose the last lines."""
