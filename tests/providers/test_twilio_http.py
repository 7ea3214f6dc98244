"""What Twilio's wire may do to a request, and what we make of it."""

import asyncio
import json
import logging

import pytest

from contracts.vocabulary import Reason
from tests.providers import servers
from tests.providers.servers import Conversation, answers, http_answer, serving
from tests.providers.subjects import ACCOUNT_SID, AUTH_TOKEN, TEXT, TWILIO_SMS
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict
from workers.providers.twilio_sms import TwilioSms


def send_to(conversation: Conversation, *, scheme: str = "http", timeout: float = 5.0) -> Verdict:
    """The verdict on one text sent to a server that behaves so."""

    async def play() -> Verdict:
        async with serving(conversation) as wire:
            provider = TwilioSms(
                ACCOUNT_SID,
                AUTH_TOKEN,
                api_url=f"{scheme}://127.0.0.1:{wire.port}",
                timeout=timeout,
                connections=2,
            )
            try:
                return await provider.send(TEXT)
            finally:
                await provider.close()

    return asyncio.run(play())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'"sid"',
        b'{"sid": 5}',
        b'{"sid": null}',
        b"\xff\xfe{}",
        b"[" * 9999,
    ],
    ids=lambda body: repr(body[:9]),
)
def test_a_created_that_cannot_be_read_leaves_the_send_unknown(body: bytes) -> None:
    """The text may be on its way, but without its reference nothing can be matched to it."""
    verdict = send_to(answers(http_answer(201, body)))

    assert verdict == Unknown(Reason.NO_ANSWER, "unreadable")


@pytest.mark.parametrize("status", [201, 400])
def test_an_answer_cut_short_settles_nothing(status: int) -> None:
    """Half an answer is a lost connection, whatever its first half promised."""
    half = http_answer(status, b'{"sid": "SM', length=200)

    verdict = send_to(servers.answers_and_closes(half))

    assert verdict == Unknown(Reason.NO_ANSWER, "unreadable")


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """A broken gateway must not fill a worker's memory."""
    verdict = send_to(answers(http_answer(201, b" " * 2_000_000)))

    assert verdict == Unknown(Reason.NO_ANSWER, "unreadable")


def test_a_connection_reset_after_the_request_is_unknown() -> None:
    """A reset says nothing about what was done before it."""
    verdict = send_to(servers.resets)

    assert verdict == Unknown(Reason.NO_ANSWER, "disconnected")


def test_a_tls_handshake_that_fails_is_definite() -> None:
    """An expired certificate is an outage: no byte of the request left."""
    verdict = send_to(servers.knows_no_tls, scheme="https")

    assert verdict == Deferred(Reason.UNREACHABLE, "tls", spends_attempt=False)


def test_a_tls_handshake_that_never_ends_is_definite_and_keeps_the_timeout() -> None:
    """The commonest outage is a far side that takes the connection and says nothing."""
    verdict = send_to(servers.silent, scheme="https", timeout=0.3)

    assert verdict == Deferred(Reason.UNREACHABLE, "connect_timeout", spends_attempt=False)


def test_waiting_in_vain_for_a_free_connection_is_definite() -> None:
    """What never got a connection was never sent, however slow the others are."""

    async def play() -> tuple[Verdict, Verdict]:
        async with serving(servers.hangs) as wire:
            provider = TWILIO_SMS.make(wire.port, 1.0, 1)
            verdicts = await asyncio.gather(provider.send(TEXT), provider.send(TEXT))
            await provider.close()
            assert len(wire.asked) == 1
            return verdicts

    first, second = asyncio.run(play())

    assert isinstance(first, Unknown)
    assert isinstance(second, Deferred)


def test_a_connection_closed_while_idle_is_not_sent_on() -> None:
    """A request on a dead connection would leave its text uncertain for nothing."""

    async def play() -> list[Verdict]:
        taken = http_answer(201, b'{"sid": "SM1"}')
        async with serving(servers.answers_and_closes(taken)) as wire:
            provider = TWILIO_SMS.make(wire.port, 5.0, 1)
            first = await provider.send(TEXT)
            await servers.until(lambda: wire.open == 0)
            second = await provider.send(TEXT)
            await provider.close()
            return [first, second]

    assert asyncio.run(play()) == [Accepted("SM1"), Accepted("SM1")]


def test_a_busy_provider_is_never_asked_again_at_once() -> None:
    """Retries are the store's: one send is one request, whatever the answer."""

    async def play() -> tuple[Verdict, int]:
        busy = http_answer(429, b'{"code": 20429, "status": 429}', {"Retry-After": "3"})
        async with serving(answers(busy)) as wire:
            provider = TWILIO_SMS.make(wire.port, 5.0, 1)
            verdict = await provider.send(TEXT)
            await provider.close()
            return verdict, len(wire.asked)

    verdict, requests = asyncio.run(play())

    assert verdict == Deferred(
        Reason.BUSY_PROVIDER, "20429", 3.0, spends_attempt=False, concerns_all=True
    )
    assert requests == 1


@pytest.mark.parametrize("wish", ["", "soon", "-5", "Fri, 31 Dec 2027 23:59:59 GMT", "²"])
def test_a_wish_that_is_no_number_of_seconds_is_no_wish(wish: str) -> None:
    """A header must not turn a rate limit into a fault of ours."""
    headers = {"Retry-After": wish}

    verdict = send_to(answers(http_answer(429, b"slow down", headers)))

    assert verdict == Deferred(
        Reason.BUSY_PROVIDER, "http-429", None, spends_attempt=False, concerns_all=True
    )


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (400, {"code": 21610, "status": 400}, Rejected(Reason.OPTED_OUT, "21610")),
        (400, {"status": 400}, Rejected(Reason.REFUSED, "http-400")),
        (400, {"code": "21610"}, Rejected(Reason.REFUSED, "http-400")),
        (400, ["a", "list"], Rejected(Reason.REFUSED, "http-400")),
        (503, {"code": 20503}, Unknown(Reason.NO_ANSWER, "20503")),
        (
            400,  # the problem-details form that Twilio's newer services use
            {"type": "t", "title": "t", "status": 400, "code": 21211},
            Rejected(Reason.INVALID_DESTINATION, "21211"),
        ),
        (
            503,  # a body that contradicts its own status line
            {"type": "t", "title": "t", "status": 400, "code": 21211},
            Unknown(Reason.NO_ANSWER, "21211"),
        ),
    ],
)
def test_a_refusal_is_read_in_each_form_it_comes_in(
    status: int, body: object, verdict: Verdict
) -> None:
    """The status line decides what is definite; the body only says which refusal."""
    assert send_to(answers(http_answer(status, json.dumps(body).encode()))) == verdict


def test_a_redirect_is_not_followed() -> None:
    """A text must not go to an address that only an answer names."""
    away = http_answer(307, b"", {"Location": "http://127.0.0.1:1/"})

    verdict = send_to(answers(away))

    assert verdict == Unknown(Reason.NO_ANSWER, "http-307")


def test_nothing_of_a_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK's own client logs every URL and header at INFO."""
    caplog.set_level(logging.DEBUG)

    send_to(TWILIO_SMS.takes)

    for secret in (TEXT.to, TEXT.to.lstrip("+"), TEXT.body, ACCOUNT_SID, AUTH_TOKEN):
        assert secret not in caplog.text


def test_the_environment_does_not_decide_where_texts_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK rewrites the host by these, which would pass our own setting by."""
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")

    verdict = send_to(TWILIO_SMS.takes)

    assert isinstance(verdict, Accepted)
