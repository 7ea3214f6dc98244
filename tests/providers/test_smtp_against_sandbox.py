"""Do the relay and the sandbox, written apart, agree on what was sent?"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from contracts.vocabulary import Reason
from tests.providers.test_smtp import EMAIL
from workers.providers.base import Accepted, Deferred, Email, Rejected, Tag, Unknown, Verdict
from workers.providers.smtp import SmtpRelay
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings, Tls


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A running sandbox without TLS."""
    with Sandbox(SandboxSettings(tmp_path, fsync=False)) as running:
        yield running


def send(sandbox: Sandbox, *emails: Email, **settings: Any) -> list[Verdict]:
    """Send these together through one relay to the sandbox."""
    given: dict[str, Any] = {"security": "none", "timeout": 5.0, "hostname": "us.example"}

    async def play() -> list[Verdict]:
        relay = SmtpRelay(sandbox.smtp_host, sandbox.smtp_port, **(given | settings))
        try:
            return await asyncio.gather(*(relay.send(email) for email in emails))
        finally:
            await relay.close()

    return uvloop.run(play())


def test_an_accepted_email_is_on_record_under_the_reference_given(sandbox: Sandbox) -> None:
    """The sandbox's record is the oracle of every fault test."""
    (verdict,) = send(sandbox, EMAIL)

    (taken,) = sandbox.record()
    assert verdict == Accepted(taken.reference)
    assert taken.to == EMAIL.to
    assert taken.subject == EMAIL.subject
    assert (taken.message_id or "").strip("<>") == EMAIL.message_id.strip("<>")


def test_emails_sent_together_are_each_taken_once(sandbox: Sandbox) -> None:
    """Connections are shared out: none may carry another's envelope."""
    emails = [
        replace(EMAIL, tag=Tag(f"d-{one}", 1), to=f"c{one}@customer.example") for one in range(100)
    ]

    verdicts = send(sandbox, *emails, connections=5)

    references = [verdict.reference for verdict in verdicts if isinstance(verdict, Accepted)]
    by_reference = {taken.reference: taken.to for taken in sandbox.record()}
    assert [by_reference.get(one) for one in references] == [email.to for email in emails]


@pytest.mark.parametrize(
    ("rule", "kind", "reason"),
    [
        (Rule(Act.REFUSE, code=550), Rejected, Reason.INVALID_DESTINATION),
        (Rule(Act.UNAVAILABLE, stage="connect"), Deferred, Reason.UNREACHABLE),
        (Rule(Act.DROP, stage="rcpt"), Deferred, Reason.PROVIDER_FAULT),
        (Rule(Act.ACCEPT_THEN_DROP), Unknown, Reason.NO_ANSWER),
        (Rule(Act.ACCEPT_THEN_RESET), Unknown, Reason.NO_ANSWER),
        (Rule(Act.ACCEPT_THEN_HANG), Unknown, Reason.NO_ANSWER),
    ],
    ids=lambda value: getattr(value, "act", None),
)
def test_what_the_sandbox_does_is_told_as_it_is(
    sandbox: Sandbox, rule: Rule, kind: type[Verdict], reason: Reason
) -> None:
    """A definite answer never stands beside an acceptance, nor an unknown one for none."""
    sandbox.behave(replace(rule, channel="email"))
    hangs = rule.act is Act.ACCEPT_THEN_HANG

    (verdict,) = send(sandbox, EMAIL, final_timeout=1 if hangs else 30)

    assert isinstance(verdict, kind)
    assert not isinstance(verdict, Accepted)
    assert verdict.reason is reason
    assert len(sandbox.record()) == (1 if isinstance(verdict, Unknown) else 0)


def test_a_greylisted_email_spends_no_attempt_and_goes_through_later(sandbox: Sandbox) -> None:
    """The server only wants to see whether we come back."""
    sandbox.behave(Rule(Act.GREYLIST, channel="email"))

    (first,) = send(sandbox, EMAIL)
    (second,) = send(sandbox, EMAIL)

    assert isinstance(first, Deferred)
    assert first.spends_attempt is False
    assert isinstance(second, Accepted)


def test_starttls_and_signing_in(tmp_path: Path) -> None:
    """The form in which a relay is really used."""
    settings = SandboxSettings(
        tmp_path,
        fsync=False,
        smtp_tls=Tls.REQUIRED,
        smtp_user="onward",
        smtp_password="a sample password",
    )
    with Sandbox(settings) as sandbox:
        (verdict,) = send(
            sandbox,
            EMAIL,
            security="starttls",
            username="onward",
            password="a sample password",
            ca_file=str(sandbox.certificate),
        )
        (stranger,) = send(
            sandbox,
            EMAIL,
            security="starttls",
            username="onward",
            password="another",
            ca_file=str(sandbox.certificate),
        )

        assert isinstance(verdict, Accepted)
        assert isinstance(stranger, Deferred)
        assert stranger.reason is Reason.CREDENTIALS
        assert len(sandbox.record()) == 1
