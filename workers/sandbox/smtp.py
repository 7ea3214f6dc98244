"""How does the sandbox speak SMTP? aiosmtpd, with what it lacks: DSN, faults, a fast DATA."""

import asyncio
import hmac
import re
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from workers.sandbox.behaviour import AFTER_ACCEPTING, Act, Behaviour, Occasion, Rule, Stage
from workers.sandbox.bounces import Bounces
from workers.sandbox.mail import described
from workers.sandbox.record import Record, RecordError
from workers.sandbox.wire import abort

_PATH = re.compile(r"^(FROM|TO):\s*<([^<>\s]*)>(?:\s+(.*))?$", re.IGNORECASE)
_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"})
_RCPT_PARAMETERS = frozenset({"NOTIFY", "ORCPT"})
_LONGEST_LINE = 4096
_READ_AHEAD = 256 * 1024
_END = b"\r\n.\r\n"
_LONGEST_HANG_SECONDS = 900
_REPLY_TEXTS = {
    421: "4.3.2 Service not available, closing the channel",
    450: "4.7.1 Too many mails, slow down",
    451: "4.3.0 Requested action aborted: local error",
    452: "4.2.2 Insufficient system storage",
    550: "5.1.1 No such mailbox",
    552: "5.2.2 Mailbox full",
    554: "5.7.1 Transaction failed",
}


class _Greeting:
    """The hook by which aiosmtpd lets EHLO say more."""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        return [*replies[:-1], "250-PIPELINING", "250-DSN", replies[-1]]


class SandboxSMTP(SMTP):
    """One connection. Accepts every mail for every address, unless a rule says otherwise."""

    line_length_limit = _READ_AHEAD
    command_size_limit = _LONGEST_LINE

    def __init__(
        self,
        record: Record,
        behaviour: Behaviour,
        bounces: Bounces,
        mail_folder: Path | None,
        sessions: set["SandboxSMTP"],
        **options: Any,  # noqa: ANN401 - aiosmtpd's own
    ) -> None:
        super().__init__(_Greeting(), **options)
        self._record = record
        self._behaviour = behaviour
        self._bounces = bounces
        self._mail_folder = mail_folder
        self._sessions = sessions
        self._sender_options: dict[str, str] = {}
        self._recipient_options: dict[str, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count among the open sessions."""
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count no longer."""
        self._sessions.discard(self)
        super().connection_lost(error)

    def let_go(self) -> None:
        """Close at once: the server stops."""
        if self.transport is not None:
            self.transport.close()

    async def _handle_client(self) -> None:
        if not await self._goes_on("connect"):
            return
        await super()._handle_client()

    def _mail(self) -> Envelope:
        if self.envelope is None:  # aiosmtpd makes one as the connection opens
            raise RuntimeError("no connection")
        return self.envelope

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """Begin a transaction."""
        if await self.check_helo_needed() or await self.check_auth_needed("MAIL"):
            return
        if self._mail().mail_from is not None:
            await self.push("503 5.5.1 Error: nested MAIL command")
            return
        address, options = _path("FROM", arg)
        if address is None or not _MAIL_PARAMETERS.issuperset(options):
            await self.push("501 5.5.4 Syntax: MAIL FROM: <address> [SP <mail-parameters>]")
            return
        size = options.get("SIZE", "0")
        if not size.isdecimal() or int(size) > (self.data_size_limit or 0):
            await self.push("552 5.3.4 Error: the mail exceeds the fixed maximum size")
            return
        if not await self._goes_on("mail", sender=address):
            return
        self._mail().mail_from = address
        self._mail().smtp_utf8 = "SMTPUTF8" in options
        self._sender_options, self._recipient_options = options, {}
        await self.push("250 2.1.0 Sender ok")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take one more recipient."""
        if await self.check_helo_needed() or await self.check_auth_needed("RCPT"):
            return
        if self._mail().mail_from is None:
            await self.push("503 5.5.1 Error: need MAIL command")
            return
        address, options = _path("TO", arg)
        if not address or not _RCPT_PARAMETERS.issuperset(options):
            await self.push("501 5.5.4 Syntax: RCPT TO: <address> [SP <rcpt-parameters>]")
            return
        if not await self._goes_on("rcpt", to=address, sender=self._mail().mail_from or ""):
            return
        self._mail().rcpt_tos.append(address)
        self._recipient_options = options
        await self.push("250 2.1.5 Recipient ok")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take the mail: on record before the reply leaves."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if not self._mail().rcpt_tos or arg:
            await self.push("503 5.5.1 Error: need RCPT command" if not arg else "501 5.5.4 DATA")
            return
        to, sender = ", ".join(self._mail().rcpt_tos), self._mail().mail_from or ""
        if not await self._goes_on("data", to=to, sender=sender):
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        if not await self._goes_on("body", to=to, sender=sender):
            return
        raw = await self._content()
        if raw is None:
            await self.push("552 5.3.4 Error: too much mail data")
        else:
            await self._conclude(raw, to, sender)
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def _conclude(self, raw: bytes, to: str, sender: str) -> None:
        occasion = Occasion("email", to, sender, "dot")
        if wait := self._behaviour.latency(occasion):
            await asyncio.sleep(wait)
        fate = self._behaviour.fate(occasion)
        if fate is not None and fate.act not in AFTER_ACCEPTING:
            await self._suffer(fate, to)
            return
        try:
            reference = await self._accept(raw, to, sender)
        except RecordError:
            await self.push("451 4.3.0 The record cannot be written")
            return
        if fate is None:
            await self.push(f"250 2.0.0 Ok: queued as {reference}")
        else:
            await self._suffer(fate, to)

    async def _accept(self, raw: bytes, to: str, sender: str) -> str:
        reference = self._record.next_reference("MQ")
        fields: dict[str, Any] = {"to": to, "from": sender, **described(raw)}
        if "ENVID" in self._sender_options:
            fields["envid"] = self._sender_options["ENVID"]
        if "NOTIFY" in self._recipient_options:
            fields["notify"] = self._recipient_options["NOTIFY"]
        if self._mail_folder is not None:
            (self._mail_folder / f"{reference}.eml").write_bytes(raw)
        await self._record.append(reference, "email", fields)
        rule = self._behaviour.wish(Act.BOUNCE, Occasion("email", to, sender))
        if rule is not None:
            self._bounces.later(fields, rule)
        return reference

    async def _content(self) -> bytes | None:
        """Read up to the lone dot, at once rather than by lines; None if it is too much.

        What was pipelined behind the dot goes back to the reader.
        """
        received = bytearray(b"\r\n")  # so that a dot on the first line is found too
        size = 0
        while True:
            start = max(len(received) - len(_END), 0)
            chunk = await self._reader.read(_READ_AHEAD * 16)
            if not chunk:
                raise ConnectionResetError
            received += chunk
            size += len(chunk)
            end = received.find(_END, start)
            if end >= 0:
                break
            if size > (self.data_size_limit or 0):
                del received[: -len(_END)]
        if rest := bytes(received[end + len(_END) :]):
            self._reader.feed_data(rest)
        if size - len(rest) - len(_END) > (self.data_size_limit or 0):
            return None
        raw = bytes(received[2 : end + 2])
        if raw.startswith(b".."):
            raw = raw[1:]
        return raw.replace(b"\r\n..", b"\r\n.")

    async def _goes_on(self, stage: Stage, to: str = "", sender: str = "") -> bool:
        """Let this stage suffer what the rules say; whether the transaction goes on."""
        occasion = Occasion("email", to, sender, stage)
        if wait := self._behaviour.latency(occasion):
            await asyncio.sleep(wait)
        fate = self._behaviour.fate(occasion)
        if fate is None:
            return True
        await self._suffer(fate, to)
        return False

    async def _suffer(self, rule: Rule, to: str) -> None:
        match rule.act:
            case Act.DROP | Act.ACCEPT_THEN_DROP:
                self._writer.close()
            case Act.RESET | Act.ACCEPT_THEN_RESET:
                abort(self._writer.transport)
            case Act.HANG | Act.ACCEPT_THEN_HANG:
                await asyncio.sleep(_LONGEST_HANG_SECONDS)  # cancelled as the client goes
            case Act.UNAVAILABLE:
                await self.push(_reply_line(421))
                self._writer.close()
            case _:
                await self.push(_reply_line(_reply_code(rule), to))


def authenticator(user: str, password: str) -> Any:  # noqa: ANN401 - aiosmtpd's own type
    """Check AUTH PLAIN and LOGIN against the one account there is."""

    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        login = cast("LoginPassword", given)
        good = hmac.compare_digest(login.login, user.encode()) and hmac.compare_digest(
            login.password, password.encode()
        )
        return AuthResult(success=good, handled=False)

    return check


def _path(keyword: str, arg: str | None) -> tuple[str | None, dict[str, str]]:
    found = _PATH.match(arg or "")
    if found is None or found[1].upper() != keyword:
        return None, {}
    options = {}
    for option in (found[3] or "").split():
        name, _, value = option.partition("=")
        options[name.upper()] = value
    return found[2], options


def _reply_code(rule: Rule) -> int:
    defaults = {
        Act.OVER_QUOTA: 552,
        Act.GREYLIST: 451,
        Act.RATE_LIMIT: 450,
        Act.ACCEPT_THEN_FAULT: 451,
    }
    given = rule.code or 0
    return given if 400 <= given <= 599 else defaults.get(rule.act, 550)


def _reply_line(code: int, to: str = "") -> str:
    """A refusal as servers word it, with whom it was to go to."""
    said = f"{code} " + _REPLY_TEXTS.get(code, f"{code // 100}.0.0 Refused")
    return f"{said}: <{to}>" if to else said
