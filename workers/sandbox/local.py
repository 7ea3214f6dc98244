"""How does a test or a demo run a sandbox inside its own process?"""

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from workers.sandbox.acceptance import Acceptance, acceptance
from workers.sandbox.behaviour import Rule, Script
from workers.sandbox.callbacks import Post
from workers.sandbox.certificate import CERTIFICATE_NAME
from workers.sandbox.control import inbound_form
from workers.sandbox.loops import new_loop
from workers.sandbox.server import Server, started
from workers.sandbox.settings import SandboxSettings, Tls

_PATIENCE_SECONDS = 30
_T = TypeVar("_T")


class Sandbox:
    """A sandbox on a thread and an event loop of its own. Its methods may be called from any.

    ``with Sandbox(SandboxSettings(folder)) as sandbox:`` starts and stops it. After ``start`` the
    addresses are in ``http_url``, ``smtp_host`` and ``smtp_port``.
    """

    account_sid = SANDBOX_ACCOUNT_SID
    auth_token = SANDBOX_AUTH_TOKEN

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.http_url = ""
        self.smtp_host = settings.smtp_host
        self.smtp_port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None

    @property
    def record_file(self) -> Path:
        """Where the record is kept; it stays when the sandbox stops."""
        return self.settings.folder / "record.jsonl"

    @property
    def certificate(self) -> Path | None:
        """What an SMTP client must trust; None where STARTTLS is not offered."""
        plain = self.settings.smtp_tls is Tls.PLAIN
        return None if plain else self.settings.folder / CERTIFICATE_NAME

    def start(self) -> Self:
        """Listen; return when both ports are open. Raises what prevented it."""
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        try:
            self._server = self._run(started(self.settings))
        except BaseException:
            self._end_loop()
            raise
        self.http_url = f"http://{self.settings.http_host}:{self._server.http_port}"
        self.smtp_port = self._server.smtp_port
        return self

    def stop(self) -> None:
        """Stop both servers and the thread; harmless if stopped already."""
        server, self._server = self._server, None
        if server is not None:
            try:
                self._run(server.stop())
            finally:
                self._end_loop()

    def record(self, after: int = 0) -> list[Acceptance]:
        """Everything accepted so far, from position ``after`` on, in order."""
        return self._on_loop(
            lambda server: [acceptance(entry) for entry in server.record.entries(after)]
        )

    def counts(self) -> dict[str, Any]:
        """``{"accepted": {"sms", "email", "call"}, "callbacks": {...}, "fired": [...]}``."""
        return self._on_loop(lambda server: server.control.tally())

    def behave(self, *rules: Rule, seed: int = 0) -> None:
        """Let these rules hold instead of those in force; with none, serve everything well."""
        self._on_loop(lambda server: server.behaviour.replace(Script(rules, seed)))

    def behave_also(self, *rules: Rule) -> None:
        """Let these rules hold beside those in force."""
        self._on_loop(lambda server: server.behaviour.add(rules))

    def waiting_call(self, sender: str, to: str, call_sid: str | None = None) -> str:
        """Put a caller on the line; returns the sid of the call to redirect."""
        return self._on_loop(lambda server: server.exchange.waiting_call(sender, to, call_sid).sid)

    def heard(self, call_sid: str) -> list[str]:
        """Give the TwiML documents that a call has followed so far."""
        return self._on_loop(lambda server: list(server.exchange.calls[call_sid].documents))

    def incoming_call(self, sender: str, to: str, url: str, call_sid: str | None = None) -> str:
        """Somebody rings one of our numbers, whose voice URL is ``url``; returns the call's sid."""
        return self._on_loop(lambda server: server.exchange.incoming(sender, to, url, call_sid).sid)

    def text_in(
        self, url: str, sender: str, to: str, body: str, message_sid: str | None = None
    ) -> str | None:
        """Somebody texts us: post it to ``url``, signed; what was answered, if it was taken."""
        server = self._server
        if server is None:
            raise RuntimeError("the sandbox is not running")
        sid = message_sid or f"SM{secrets.token_hex(16)}"
        return self._run(server.callbacks.post(Post(url, inbound_form(sid, sender, to, body))))

    def bounce_to(self, port: int) -> None:
        """Send reports about mail to the mail server at this port from now on."""
        self._on_loop(lambda server: server.bounces.go_to(port))

    def hang_up(self, call_sid: str) -> None:
        """The caller hangs up. Raises KeyError for a call that never was."""
        self._on_loop(lambda server: server.exchange.end(server.exchange.calls[call_sid]))

    def call_status(self, call_sid: str) -> str:
        """A call's status now, in Twilio's words."""
        return self._on_loop(lambda server: server.exchange.calls[call_sid].status)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _on_loop(self, act: Callable[[Server], _T]) -> _T:
        server = self._server
        if server is None:
            raise RuntimeError("the sandbox is not running")
        answer: Future[_T] = Future()

        def call() -> None:
            try:
                answer.set_result(act(server))
            except Exception as error:  # noqa: BLE001 - raised where it was asked
                answer.set_exception(error)

        self._running().call_soon_threadsafe(call)
        return answer.result(_PATIENCE_SECONDS)

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._running()).result(_PATIENCE_SECONDS)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the sandbox is not running")
        return self._loop

    def _end_loop(self) -> None:
        loop, self._loop = self._running(), None
        loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
