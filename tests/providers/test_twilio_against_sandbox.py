"""The Twilio providers against a Twilio that keeps a record of what it really accepted."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from contracts.vocabulary import Channel, Reason
from tests.providers import servers
from tests.providers.subjects import TEXT, TRANSFER
from workers.providers.base import Accepted, Deferred, Outgoing, Rejected, Text, Unknown, Verdict
from workers.providers.twilio_errors import dial_outcome, message_receipt
from workers.providers.twilio_signature import valid
from workers.providers.twilio_sms import TwilioSms
from workers.providers.twilio_voice import TwilioVoice
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings

CALLER = "+441632960777"
UNCALLED = replace(TEXT, callback_url=None)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Give a Twilio that accepts everything until told otherwise."""
    with Sandbox(SandboxSettings(tmp_path, fsync=False)) as running:
        yield running


def send(
    sandbox: Sandbox, outgoing: Outgoing, token: str | None = None, timeout: float = 30
) -> Verdict:
    """Send once through the provider that carries it."""
    kind = TwilioSms if isinstance(outgoing, Text) else TwilioVoice

    async def play() -> Verdict:
        provider = kind(
            sandbox.account_sid,
            token or sandbox.auth_token,
            api_url=sandbox.http_url,
            timeout=timeout,
            connections=2,
        )
        try:
            return await provider.send(outgoing)
        finally:
            await provider.close()

    return asyncio.run(play())


def test_an_accepted_text_is_on_record_under_the_reference_given(sandbox: Sandbox) -> None:
    """The reference is the operator's proof towards the provider."""
    verdict = send(sandbox, UNCALLED)

    [entry] = sandbox.record()
    assert verdict == Accepted(entry.reference)
    assert (entry.to, entry.sender, entry.body) == (TEXT.to, TEXT.sender, TEXT.body)
    assert entry.validity_seconds == TEXT.validity_seconds


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (Rule(Act.REFUSE, code=21610), Rejected(Reason.OPTED_OUT, "21610")),
        (Rule(Act.REFUSE, code=21211), Rejected(Reason.INVALID_DESTINATION, "21211")),
        (
            Rule(Act.RATE_LIMIT, per_second=1, skip=0, retry_after=2),
            Deferred(Reason.BUSY_PROVIDER, "20429", 2.0, spends_attempt=False, concerns_all=True),
        ),
    ],
    ids=["opted-out", "invalid", "rate-limit"],
)
def test_a_definite_answer_means_that_nothing_was_accepted(
    sandbox: Sandbox, rule: Rule, verdict: Verdict
) -> None:
    """What we may send again must not be on its way already."""
    sandbox.behave(rule)
    first = send(sandbox, UNCALLED)

    verdicts = [first, send(sandbox, UNCALLED)]
    while verdict not in verdicts and len(verdicts) < 20:  # so slow that it kept to the rate
        verdicts.append(send(sandbox, UNCALLED))

    assert verdict in verdicts
    taken = [entry.reference for entry in sandbox.record()]
    assert taken == [each.reference for each in verdicts if isinstance(each, Accepted)]


@pytest.mark.parametrize("code", [21212, 21606, 21612, 21659, 21660])
def test_a_sender_of_a_customers_own_that_is_refused_concerns_that_text_alone(
    sandbox: Sandbox, code: int
) -> None:
    """It may go out under another, at once; and nobody else's has to wait."""
    sandbox.behave(Rule(Act.REFUSE, code=code))

    verdict = send(sandbox, replace(UNCALLED, own_sender=True))

    assert verdict == Deferred(Reason.SENDER_REFUSED, str(code), retry_after=0)
    assert sandbox.record() == []


def test_what_is_wrong_with_the_number_is_so_whoever_sends(sandbox: Sandbox) -> None:
    """Another sender would be refused as well."""
    verdict = send(sandbox, replace(UNCALLED, to="+441632960123", own_sender=True))

    assert verdict == Rejected(Reason.INVALID_DESTINATION, "21614")


@pytest.mark.parametrize(
    "act",
    [
        Act.UNAVAILABLE,
        Act.DROP,
        Act.RESET,
        Act.HANG,
        Act.ACCEPT_THEN_FAULT,
        Act.ACCEPT_THEN_DROP,
        Act.ACCEPT_THEN_RESET,
        Act.ACCEPT_THEN_HANG,
    ],
)
def test_accepted_or_not_an_unanswered_text_looks_the_same_to_us(
    sandbox: Sandbox, act: Act
) -> None:
    """Half of these were accepted and half were not: no verdict but `Unknown` is honest."""
    sandbox.behave(Rule(act))

    verdict = send(sandbox, UNCALLED, timeout=1 if act.endswith("hang") else 30)

    assert isinstance(verdict, Unknown)
    assert len(sandbox.record()) == act.startswith("accept_then_")


def test_wrong_credentials_are_not_the_deliverys_fault(sandbox: Sandbox) -> None:
    """A changed token must not fail a night's worth of texts."""
    verdict = send(sandbox, UNCALLED, token="another token")

    assert verdict == Deferred(Reason.CREDENTIALS, "20003", spends_attempt=False)
    assert sandbox.record() == []


def test_a_waiting_caller_is_put_through(sandbox: Sandbox) -> None:
    """The call redirected is the caller's, and the number dialled the customer's."""
    sid = sandbox.waiting_call(CALLER, "+441632960100")
    transfer = replace(TRANSFER, provider_call_id=sid, action_url=None)

    verdict = send(sandbox, transfer)

    assert verdict == Accepted(sid)
    [entry] = sandbox.record()
    assert (entry.kind, entry.reference, entry.to) == (Channel.CALL, sid, TRANSFER.to)


def test_a_caller_who_has_hung_up_is_gone(sandbox: Sandbox) -> None:
    """The details then go as a message at once, without a retry."""
    sid = sandbox.waiting_call(CALLER, "+441632960100")
    sandbox.hang_up(sid)

    verdict = send(sandbox, replace(TRANSFER, provider_call_id=sid))

    assert verdict == Rejected(Reason.CALLER_GONE, "21220")


def test_a_call_that_never_was_is_gone_too(sandbox: Sandbox) -> None:
    """An old or mistyped call id must not be retried until the deadline."""
    verdict = send(sandbox, TRANSFER)

    assert verdict == Rejected(Reason.CALLER_GONE, "20404")


def test_a_receipt_is_signed_over_the_very_url_with_our_ids(sandbox: Sandbox) -> None:
    """A receipt settles its attempt by the ids in its URL: they must not be forgeable."""

    async def play() -> tuple[str, list[bytes]]:
        async with servers.serving(servers.answers(servers.http_answer(204, b""))) as wire:
            url = f"http://127.0.0.1:{wire.port}/receipts/twilio?delivery=d-1&attempt=1"
            await asyncio.to_thread(send, sandbox, replace(TEXT, callback_url=url))
            await servers.until(lambda: any(b"=delivered" in asked for asked in wire.asked))
            return url, wire.asked

    url, asked = asyncio.run(play())

    forms = [_form(request) for request in asked]
    assert all(valid(sandbox.auth_token, url, form, sign) for form, sign in forms)
    assert not any(valid(sandbox.auth_token, url + "0", form, sign) for form, sign in forms)
    ranks = [message_receipt(dict(form)["MessageStatus"]).rank for form, _ in forms]
    assert ranks == sorted(ranks)
    assert ranks[-1] == message_receipt("delivered").rank


def test_how_the_dialling_ended_comes_back_signed(sandbox: Sandbox) -> None:
    """The answer to this webhook decides where a waiting caller goes."""
    sandbox.behave(Rule(Act.DIAL, outcome="busy"))
    sid = sandbox.waiting_call(CALLER, "+441632960100")

    async def play() -> tuple[str, list[bytes]]:
        async with servers.serving(servers.answers(servers.http_answer(204, b""))) as wire:
            url = f"http://127.0.0.1:{wire.port}/receipts/dial?delivery=d-2&attempt=1"
            transfer = replace(TRANSFER, provider_call_id=sid, action_url=url)
            await asyncio.to_thread(send, sandbox, transfer)
            await servers.until(lambda: len(wire.asked) > 0)
            return url, wire.asked

    url, asked = asyncio.run(play())

    form, sign = _form(asked[0])
    assert valid(sandbox.auth_token, url, form, sign)
    assert dial_outcome(dict(form)["DialCallStatus"]) == "busy"


def _form(request: bytes) -> tuple[list[tuple[str, str]], str | None]:
    """The form and the signature of a webhook as it came over the wire."""
    head, body = request.decode().split("\r\n\r\n")
    signature = None
    for line in head.split("\r\n"):
        name, _, content = line.partition(": ")
        if name.lower() == "x-twilio-signature":
            signature = content
    return parse_qsl(body, keep_blank_values=True), signature
