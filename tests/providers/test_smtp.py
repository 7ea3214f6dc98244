"""What does the relay make of everything that a mail server may do?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
import uvloop

from contracts.vocabulary import Reason
from tests.providers.servers import Wire, closed_port, serving, until
from tests.providers.smtp_servers import DROP, RESET, SILENCE, MailServer, Script
from workers.providers.base import (
    Accepted,
    Attachment,
    Deferred,
    Email,
    Rejected,
    Tag,
    Unknown,
    Verdict,
)
from workers.providers.smtp import SmtpRelay

EMAIL = Email(
    tag=Tag("d-3", 2),
    to="ann@customer.example",
    sender="office@brightwater.example",
    sender_name="Brightwater Offices",
    reply_to=None,
    subject="Message from Mrs Penrose",
    text="Please call back.\n.\n..and again\n",
    html="<p>Please call back.</p>",
    message_id="<d-3@brightwater.example>",
    written_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
)
LARGE = replace(EMAIL, attachments=(Attachment("scan.pdf", "application/pdf", bytes(8_000_000)),))


class Mark:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@asynccontextmanager
async def relay_at(mail: MailServer, **settings: Any) -> AsyncIterator[tuple[SmtpRelay, Wire]]:
    """A relay that speaks to the server without TLS, and what the server sees."""
    defaults: dict[str, Any] = {
        "security": "none",
        "timeout": 5.0,
        "final_timeout": 5.0,
        "hostname": "us.example",
    }
    async with serving(mail) as wire:
        relay = SmtpRelay("127.0.0.1", wire.port, **(defaults | settings))
        try:
            yield relay, wire
        finally:
            await relay.close()


def send(script: Script, email: Email = EMAIL, **settings: Any) -> tuple[Verdict, int, MailServer]:
    """One send to a server with this script: the verdict, the marks, and the server."""
    mail, mark = MailServer(script), Mark()

    async def play() -> Verdict:
        async with relay_at(mail, **settings) as (relay, _):
            return await relay.send(email, mark)

    return uvloop.run(play()), mark.times, mail


def test_an_accepted_email_arrives_byte_for_byte() -> None:
    """Dots at a line's start are doubled on the wire and must arrive single."""
    verdict, marks, mail = send(Script())

    assert verdict == Accepted("4F2A1B")
    assert marks == 1
    (taken,) = mail.taken
    assert (taken.sender, taken.recipient) == (EMAIL.sender, EMAIL.to)
    text = message_from_bytes(taken.content, policy=policy.default).get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").rstrip() == EMAIL.text.rstrip()


def test_the_envelope_carries_our_ids_where_the_server_knows_dsn() -> None:
    """A bounce is matched to its attempt by the envelope id alone."""
    _, _, mail = send(Script())

    assert "ENVID=d-3.2" in mail.said("MAIL")[0]
    assert "RET=HDRS" in mail.said("MAIL")[0]
    assert "NOTIFY=FAILURE,DELAY" in mail.said("RCPT")[0]


def test_a_server_without_extensions_is_told_nothing_extra() -> None:
    """An option that was not offered is a syntax error to the server."""
    verdict, _, mail = send(Script(extensions=()))

    assert verdict == Accepted("4F2A1B")
    assert mail.said("MAIL") == ["MAIL FROM:<office@brightwater.example>"]
    assert mail.said("RCPT") == ["RCPT TO:<ann@customer.example>"]


BUSY, FAULT, GONE = Reason.BUSY_PROVIDER, Reason.PROVIDER_FAULT, Reason.UNREACHABLE
STRANGER, NO_SUCH, NEVER = Reason.CREDENTIALS, Reason.INVALID_DESTINATION, Reason.REFUSED


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ({"greeting": "421 busy"}, Deferred(GONE, "connect 421", None, False)),
        ({"greeting": "554 not you"}, Deferred(GONE, "connect 554", None, False)),
        ({"greeting": DROP}, Deferred(GONE, "connect no connection", None, False)),
        ({"ehlo": "550 no"}, Deferred(GONE, "connect 550", None, False)),
        ({"mail": "451 4.3.0 hm"}, Deferred(FAULT, "mail 451 4.3.0", None, False)),
        (
            {"mail": "421 4.7.0 too many errors"},
            Deferred(BUSY, "mail 421 4.7.0", None, False, True),
        ),
        (
            {"rcpt": "421 4.7.0 too many errors"},
            Deferred(BUSY, "rcpt 421 4.7.0", None, False, True),
        ),
        ({"mail": "530 5.7.0 log in"}, Deferred(STRANGER, "mail 530 5.7.0", None, False)),
        ({"mail": "550 5.1.8 bad sender"}, Rejected(NEVER, "mail 550 5.1.8")),
        ({"mail": "552 5.3.4 too big"}, Rejected(Reason.EMAIL_TOO_LARGE, "mail 552 5.3.4")),
        ({"data": "554 5.2.3 too long"}, Rejected(Reason.EMAIL_TOO_LARGE, "data 554 5.2.3")),
        ({"mail": DROP}, Deferred(GONE, "mail broken off", None, False)),
        ({"rcpt": "450 4.2.0 mailbox busy"}, Deferred(FAULT, "rcpt 450 4.2.0", None, True)),
        ({"rcpt": "450 rate limited"}, Deferred(BUSY, "rcpt 450", None, False)),
        (
            {"rcpt": "451 4.7.1 Greylisted, try again in 5 minutes"},
            Deferred(BUSY, "rcpt 451 4.7.1", 300.0, False),
        ),
        ({"rcpt": "452 4.2.2 full"}, Deferred(FAULT, "rcpt 452 4.2.2", None, True)),
        ({"rcpt": "550 5.1.1 who?"}, Rejected(NO_SUCH, "rcpt 550 5.1.1")),
        ({"rcpt": "550 who?"}, Rejected(NO_SUCH, "rcpt 550")),
        ({"rcpt": "551 elsewhere"}, Rejected(NO_SUCH, "rcpt 551")),
        ({"rcpt": "553 5.1.3 syntax"}, Rejected(NO_SUCH, "rcpt 553 5.1.3")),
        ({"rcpt": "554 5.7.1 relay denied"}, Rejected(NEVER, "rcpt 554 5.7.1")),
        ({"rcpt": RESET}, Deferred(FAULT, "rcpt broken off", None, True)),
        ({"data": "451 hm"}, Deferred(FAULT, "data 451", None, True)),
        ({"data": "554 no"}, Rejected(NEVER, "data 554")),
        ({"data": "250 what?"}, Deferred(FAULT, "data 250", None, True)),
        ({"data": DROP}, Deferred(FAULT, "data broken off", None, True)),
        ({"data": "garbage"}, Deferred(FAULT, "data broken off", None, True)),
    ],
    ids=str,
)
def test_what_fails_before_the_body_is_definite(script: dict[str, Any], verdict: Verdict) -> None:
    """Nothing of the email has left: no such failure may leave a delivery uncertain."""
    found, marks, mail = send(Script(**script))

    assert found == verdict
    assert marks == 0
    assert mail.taken == []


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        ("250 OK id=1abcDE-0001x-2Y", Accepted("1abcDE-0001x-2Y")),
        ("250 2.0.0 thank you, ann@customer.example!", Accepted("2.0.0 thank you,")),
        ("250 ", Accepted("250")),
        ("451 4.3.0 queue full", Deferred(FAULT, "end 451 4.3.0", None, False)),
        ("450 hm", Deferred(FAULT, "end 450", None, True)),
        ("421 4.3.2 going down", Deferred(FAULT, "end 421 4.3.2", None, False)),
        ("550 5.1.1 nobody after all", Rejected(NO_SUCH, "end 550 5.1.1")),
        ("554 5.7.1 spam", Rejected(NEVER, "end 554 5.7.1")),
        (DROP, Unknown(Reason.NO_ANSWER, "end no answer")),
        (RESET, Unknown(Reason.NO_ANSWER, "end no answer")),
        ("354 again?", Unknown(Reason.NO_ANSWER, "end 354")),
        ("garbage", Unknown(Reason.NO_ANSWER, "end no answer")),
    ],
    ids=str,
)
def test_after_the_dot_only_a_reply_is_definite(end: str, verdict: Verdict) -> None:
    """The server may have taken responsibility before the connection broke (RFC 1047)."""
    found, marks, mail = send(Script(end=end))

    assert found == verdict
    assert marks == 1
    assert len(mail.taken) == 1


def test_silence_after_the_dot_is_unknown_when_its_time_is_over() -> None:
    """A send must answer within its limit, and silence proves nothing."""
    verdict, marks, _ = send(Script(end=SILENCE), final_timeout=0.2)

    assert verdict == Unknown(Reason.NO_ANSWER, "end no answer")
    assert marks == 1


@pytest.mark.parametrize("after_354", [DROP, RESET])
def test_a_small_email_cut_off_behind_354_is_unknown(after_354: str) -> None:
    """It left in one write with its dot: who can say how much was read?"""
    verdict, marks, _ = send(Script(after_354=after_354))

    assert verdict == Unknown(Reason.NO_ANSWER, "end no answer")
    assert marks == 1


@pytest.mark.parametrize("after_354", [RESET, SILENCE])
def test_a_large_email_cut_off_before_its_dot_was_definitely_not_sent(after_354: str) -> None:
    """A server must not deliver what has no final dot, and the dot was held back."""
    verdict, marks, mail = send(Script(after_354=after_354), LARGE, final_timeout=1.0)

    assert verdict == Deferred(Reason.PROVIDER_FAULT, "body broken off")
    assert marks == 0
    assert mail.taken == []


def test_a_large_email_arrives_whole() -> None:
    """The body that goes ahead of its dot must be the same as one that goes with it."""
    verdict, _, mail = send(Script(), LARGE)

    assert isinstance(verdict, Accepted)
    (scan,) = message_from_bytes(mail.taken[0].content, policy=policy.default).iter_attachments()
    assert scan.get_content() == LARGE.attachments[0].content


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data"])
def test_silence_before_the_body_is_definite(step: str) -> None:
    """The limit for all that comes before the body holds at each step."""
    script = Script()
    setattr(script, step, SILENCE)

    verdict, marks, _ = send(script, timeout=1)  # the steps before it fit in, on any machine

    assert isinstance(verdict, Deferred)
    assert verdict.code == f"{step if step in {'mail', 'rcpt', 'data'} else 'connect'} late"
    assert verdict.reason is (FAULT if step in {"rcpt", "data"} else GONE)
    assert marks == 0


@pytest.mark.parametrize("idles", ["421 4.4.2 idle too long", DROP])
def test_a_connection_closed_while_idle_is_replaced_without_harm(idles: str) -> None:
    """Servers close what is idle; MAIL was not accepted, so no delivery need notice."""
    mail = MailServer(Script(idles=idles))

    async def play() -> list[Verdict]:
        async with relay_at(mail) as (relay, wire):
            verdicts = []
            for _ in range(3):
                verdicts.append(await relay.send(EMAIL))
                await until(lambda: wire.open == 0)
            return verdicts

    assert uvloop.run(play()) == [Accepted("4F2A1B")] * 3


def test_a_kept_connection_that_says_421_to_mail_is_replaced() -> None:
    """Servers limit emails to a connection and say so at MAIL: that is not a refusal."""
    mail = MailServer(Script(mail=["250 ok", "421 4.7.0 enough for this connection", "250 ok"]))

    async def play() -> tuple[list[Verdict], int]:
        async with relay_at(mail) as (relay, wire):
            return [await relay.send(EMAIL) for _ in range(2)], wire.opened

    assert uvloop.run(play()) == ([Accepted("4F2A1B")] * 2, 2)


def test_a_refusal_leaves_the_connection_fit_for_the_next_email() -> None:
    """One unknown address must not cost the connection, nor spoil the next envelope."""
    mail = MailServer(Script(rcpt=["550 5.1.1 who?", "250 ok"]))

    async def play() -> tuple[list[Verdict], int]:
        async with relay_at(mail) as (relay, wire):
            return [await relay.send(EMAIL) for _ in range(2)], wire.opened

    verdicts, opened = uvloop.run(play())

    assert [type(verdict) for verdict in verdicts] == [Rejected, Accepted]
    assert opened == 1
    assert mail.said("RSET") == ["RSET"]


def test_a_kept_connection_is_closed_when_it_has_idled_long_enough() -> None:
    """Connections that nobody uses hold places at the server."""
    mail = MailServer(Script())

    async def play() -> None:
        async with relay_at(mail, idle_seconds=0.05) as (relay, wire):
            await relay.send(EMAIL)
            await until(lambda: wire.open == 0)

    uvloop.run(play())

    assert mail.said("QUIT") == ["QUIT"]


def test_waiting_for_a_free_connection_has_a_limit_and_blames_no_delivery() -> None:
    """Behind a slow server, a send must still answer within its time."""

    async def play() -> Verdict:
        settings = {"connections": 1, "timeout": 1, "final_timeout": 60}
        async with relay_at(MailServer(Script(end=SILENCE)), **settings) as (relay, wire):
            first = asyncio.create_task(relay.send(EMAIL))
            await until(lambda: bool(wire.asked))
            second = await relay.send(EMAIL)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return second

    verdict = uvloop.run(play())

    assert verdict == Deferred(BUSY, "no connection free, late", spends_attempt=False)


def test_a_cancelled_send_gives_its_place_back() -> None:
    """A process that is told to stop cancels sends; the pool must not run dry of places."""
    mail = MailServer(Script(rcpt=[SILENCE, "250 ok"]))

    async def play() -> Verdict:
        async with relay_at(mail, connections=1) as (relay, _):
            first = asyncio.create_task(relay.send(EMAIL))
            await until(lambda: bool(mail.said("RCPT")))
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return await relay.send(EMAIL)

    assert uvloop.run(play()) == Accepted("4F2A1B")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "ann@customer.example\r\nRCPT TO:<eve@evil.example>"}, NO_SUCH),
        ({"to": "ann"}, NO_SUCH),
        ({"to": "ann@@customer.example"}, NO_SUCH),
        ({"sender": "office@brightwater.example> SIZE=1"}, NEVER),
        ({"headers": (("X-Ours: 1\r\nBcc", "eve@evil.example"),)}, NEVER),
        ({"headers": (("To", "eve@evil.example"),)}, NEVER),
    ],
    ids=str,
)
def test_what_could_inject_a_command_or_header_is_refused(
    changes: dict[str, Any], reason: Reason
) -> None:
    """No field may become a command, a header or a second recipient."""
    verdict, marks, mail = send(Script(), replace(EMAIL, **changes))

    assert isinstance(verdict, Rejected)
    assert verdict.reason is reason
    assert marks == 0
    assert mail.heard == []


def test_an_address_in_other_letters_needs_a_server_that_knows_them() -> None:
    """An address that the server cannot take would be mangled on its way."""
    email = replace(EMAIL, to="jörg@müller.example")

    refused, _, _ = send(Script(), email)
    accepted, _, mail = send(Script(extensions=("SMTPUTF8",)), email)

    assert refused == Rejected(NO_SUCH, "mail smtputf8 not offered")
    assert isinstance(accepted, Accepted)
    assert mail.said("RCPT") == ["RCPT TO:<jörg@xn--mller-kva.example>"]


def test_a_domain_in_other_letters_needs_no_extension() -> None:
    """It has an ASCII form of its own (IDNA), and servers know that."""
    verdict, _, mail = send(Script(), replace(EMAIL, to="ann@müller.example"))

    assert isinstance(verdict, Accepted)
    assert "RCPT TO:<ann@xn--mller-kva.example>" in mail.said("RCPT")[0]


def test_no_word_of_a_reply_reaches_a_verdict() -> None:
    """Replies repeat the recipient's address, and verdicts go to logs."""
    verdict, _, _ = send(Script(rcpt="550 5.1.1 <ann@customer.example>: who is Ann?"))

    assert "ann" not in repr(verdict).lower()


def test_a_probe_sends_nothing() -> None:
    """A breaker and `onward check` ask whether the server is there without a delivery."""
    mail = MailServer()

    async def play() -> Verdict:
        async with relay_at(mail) as (relay, _):
            return await relay.probe()

    assert uvloop.run(play()) == Accepted("250")
    assert mail.said("MAIL") == []


def test_a_probe_says_that_nobody_is_there() -> None:
    """It is what opens and closes the breaker."""

    async def play() -> Verdict:
        return await SmtpRelay("127.0.0.1", await closed_port(), security="none").probe()

    assert uvloop.run(play()) == Deferred(GONE, "connect no connection", spends_attempt=False)
