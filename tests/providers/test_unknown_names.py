"""Is a provider whose name nobody knows an outage, and no delivery's fault or uncertainty?"""

from collections.abc import Callable

import pytest
import uvloop

from contracts.vocabulary import Reason
from tests.providers.subjects import ACCOUNT_SID, AUTH_TOKEN, EMAIL, TEXT, TRANSFER
from workers.providers.base import Deferred, Outgoing, Provider, Verdict
from workers.providers.smtp import SmtpRelay
from workers.providers.twilio_sms import TwilioSms
from workers.providers.twilio_voice import TwilioVoice

NOWHERE = "nowhere.invalid"  # RFC 6761: nobody is ever given such a name
URL = f"https://{NOWHERE}"


def _relay() -> Provider:
    return SmtpRelay(
        NOWHERE,
        25,
        security="starttls",
        timeout=5,
        final_timeout=5,
        connections=1,
        hostname="us.example",
    )


def _sms() -> Provider:
    return TwilioSms(ACCOUNT_SID, AUTH_TOKEN, api_url=URL, timeout=5, connections=1)


def _voice() -> Provider:
    return TwilioVoice(ACCOUNT_SID, AUTH_TOKEN, api_url=URL, timeout=5, connections=1)


@pytest.mark.parametrize(
    ("make", "outgoing"),
    [(_relay, EMAIL), (_sms, TEXT), (_voice, TRANSFER)],
    ids=["relay", "sms", "voice"],
)
def test_a_name_that_cannot_be_resolved_is_definite_and_spends_no_attempt(
    make: Callable[[], Provider], outgoing: Outgoing
) -> None:
    """No byte was sent: an hour without DNS may leave nobody's text unknown (hazard 18)."""
    marks: list[bool] = []

    async def play() -> Verdict:
        provider = make()
        try:
            return await provider.send(outgoing, lambda: marks.append(True))
        finally:
            await provider.close()

    verdict = uvloop.run(play())

    assert isinstance(verdict, Deferred)
    assert (verdict.reason, verdict.spends_attempt) == (Reason.UNREACHABLE, False)
    assert marks == []
