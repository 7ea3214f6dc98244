"""Is the relay ever talked into sending in the clear, or to somebody else?"""

from pathlib import Path
from typing import Any

import pytest
import uvloop

from contracts.vocabulary import Reason
from tests.providers.servers import serving, until
from tests.providers.smtp_servers import MailServer, Script, certificate, serving_tls
from tests.providers.test_smtp import EMAIL
from workers.providers.base import Accepted, Deferred, Verdict
from workers.providers.smtp import SmtpRelay


async def send(port: int, **settings: Any) -> Verdict:
    """One send to the server at this port."""
    relay = SmtpRelay("127.0.0.1", port, timeout=5.0, hostname="us.example", **settings)
    try:
        return await relay.send(EMAIL)
    finally:
        await relay.close()


def test_starttls_is_used_and_the_greeting_said_again_inside(tmp_path: Path) -> None:
    """What was learnt in the clear does not count (RFC 3207)."""
    context, trusted = certificate(tmp_path)
    mail = MailServer(Script(tls=context))

    async def play() -> Verdict:
        async with serving(mail) as wire:
            return await send(wire.port, security="starttls", ca_file=trusted)

    assert isinstance(uvloop.run(play()), Accepted)
    assert [line[:4] for line in mail.heard[:4]] == ["EHLO", "STAR", "EHLO", "MAIL"]


def test_a_server_without_starttls_is_sent_nothing() -> None:
    """Somebody in between may have taken the offer out."""
    mail = MailServer()

    async def play() -> Verdict:
        async with serving(mail) as wire:
            return await send(wire.port, security="starttls")

    assert uvloop.run(play()) == Deferred(
        Reason.UNREACHABLE, "connect starttls not offered", spends_attempt=False
    )
    assert mail.said("MAIL") == []


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    """Port 465 has no plain phase at all (RFC 8314)."""
    context, trusted = certificate(tmp_path)
    mail = MailServer()

    async def play() -> Verdict:
        async with serving_tls(mail, context) as wire:
            return await send(wire.port, security="tls", ca_file=trusted)

    assert isinstance(uvloop.run(play()), Accepted)


@pytest.mark.parametrize("flaw", ["unknown authority", "other name"])
def test_a_certificate_that_proves_nothing_gets_nothing(tmp_path: Path, flaw: str) -> None:
    """Encrypted to whom? A bad certificate refuses the send."""
    named = "elsewhere.example" if flaw == "other name" else "127.0.0.1"
    context, trusted = certificate(tmp_path, named)
    mail = MailServer(Script(tls=context))
    authority = trusted if flaw == "other name" else None

    async def play() -> Verdict:
        async with serving(mail) as wire:
            verdict = await send(wire.port, security="starttls", ca_file=authority)
            await until(lambda: wire.open == 0)  # a handshake cut short would never end
            return verdict

    assert uvloop.run(play()) == Deferred(Reason.UNREACHABLE, "connect tls", spends_attempt=False)
    assert mail.said("MAIL") == []


@pytest.mark.parametrize(
    ("auth", "verdict"),
    [
        ("235 2.7.0 welcome", Accepted("4F2A1B")),
        (
            "535 5.7.8 wrong password",
            Deferred(Reason.CREDENTIALS, "auth 535 5.7.8", spends_attempt=False),
        ),
        (
            "454 4.7.0 directory down",
            Deferred(Reason.UNREACHABLE, "auth 454 4.7.0", spends_attempt=False),
        ),
    ],
)
def test_a_wrong_password_blames_no_delivery(auth: str, verdict: Verdict) -> None:
    """It is ours to mend, and everything waits meanwhile."""
    mail = MailServer(Script(auth=auth, extensions=("AUTH PLAIN",)))

    async def play() -> Verdict:
        async with serving(mail) as wire:
            return await send(wire.port, security="none", username="onward", password="sample")

    assert uvloop.run(play()) == verdict


def test_a_server_that_asks_for_no_name_though_we_have_one_is_a_stranger() -> None:
    """Sending without the sign-in that was configured would be sending to somebody else."""

    async def play() -> Verdict:
        async with serving(MailServer()) as wire:
            return await send(wire.port, security="none", username="onward", password="sample")

    assert uvloop.run(play()) == Deferred(
        Reason.CREDENTIALS, "auth not offered", spends_attempt=False
    )
