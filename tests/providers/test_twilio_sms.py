"""What a text looks like when it reaches Twilio."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from contracts.vocabulary import Reason
from tests.providers.servers import answers, closed_port, http_answer, serving
from tests.providers.subjects import ACCOUNT_SID, AUTH_TOKEN, TEXT, TWILIO_SMS
from workers.providers.base import Accepted, Deferred, Text, Verdict
from workers.providers.twilio_sms import TwilioSms


def request_for(text: Text) -> tuple[str, dict[str, list[str]]]:
    """The request line and the form in which a text goes out."""

    async def play() -> bytes:
        async with serving(TWILIO_SMS.takes) as wire:
            provider = TWILIO_SMS.make(wire.port, 5.0, 1)
            await provider.send(text)
            await provider.close()
            return wire.asked[0]

    head, body = asyncio.run(play()).decode().split("\r\n\r\n")
    return head.split("\r\n")[0], parse_qs(body, strict_parsing=True)


def test_a_text_goes_to_the_messages_resource_as_it_is() -> None:
    """Accents, emoji and plus signs have to survive the form encoding."""
    text = replace(TEXT, body="Zoë rang & asked: 50% + VAT? ☎")

    line, form = request_for(text)

    assert line == f"POST /2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json HTTP/1.1"
    assert form == {
        "To": [text.to],
        "From": [text.sender],
        "Body": [text.body],
        "ValidityPeriod": ["3600"],
        "StatusCallback": [text.callback_url],
    }


@pytest.mark.parametrize(("wanted", "sent"), [(-5, "1"), (0, "1"), (90, "90"), (99_999, "36000")])
def test_the_validity_stays_within_what_twilio_takes(wanted: int, sent: str) -> None:
    """Beyond its limits Twilio refuses the text (90007) instead of shortening the wait."""
    _, form = request_for(replace(TEXT, validity_seconds=wanted))

    assert form["ValidityPeriod"] == [sent]


def test_without_a_callback_url_none_is_named() -> None:
    """An installation that nobody can call back must still be able to send."""
    _, form = request_for(replace(TEXT, callback_url=None))

    assert "StatusCallback" not in form


def probe(status: int, body: bytes) -> tuple[Verdict, bytes]:
    """What a probe says of a provider that answers so, and the request it made."""

    async def play() -> tuple[Verdict, bytes]:
        async with serving(answers(http_answer(status, body))) as wire:
            provider = TwilioSms(
                ACCOUNT_SID,
                AUTH_TOKEN,
                api_url=f"http://127.0.0.1:{wire.port}/",
                timeout=5.0,
                connections=1,
            )
            verdict = await provider.probe()
            await provider.close()
            return verdict, wire.asked[0]

    return asyncio.run(play())


def test_a_probe_only_reads_our_account() -> None:
    """A breaker is probed by what can do no harm, never by a delivery."""
    verdict, request = probe(200, b'{"sid": "%s"}' % ACCOUNT_SID.encode())

    assert verdict == Accepted(ACCOUNT_SID)
    assert request.startswith(f"GET /2010-04-01/Accounts/{ACCOUNT_SID}.json ".encode())


def test_a_probe_tells_wrong_credentials_from_an_outage() -> None:
    """One is for the operator to mend, the other for Twilio."""
    verdict, _ = probe(401, b'{"code": 20003, "status": 401}')

    assert verdict == Deferred(Reason.CREDENTIALS, "20003", spends_attempt=False)


def test_a_probe_of_a_provider_nobody_reaches_says_so() -> None:
    """`onward check` has to name the outage, not to hang or raise."""

    async def play() -> Verdict:
        port = await closed_port()
        provider = TwilioSms(
            ACCOUNT_SID, AUTH_TOKEN, api_url=f"http://127.0.0.1:{port}", timeout=2, connections=1
        )
        verdict = await provider.probe()
        await provider.close()
        return verdict

    assert asyncio.run(play()) == Deferred(Reason.UNREACHABLE, "connect", spends_attempt=False)
