"""How a waiting caller is put through, and where the caller goes afterwards."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest

from contracts.vocabulary import Reason
from tests.providers.servers import answers, http_answer, serving
from tests.providers.subjects import ACCOUNT_SID, CALL_SID, TRANSFER, TWILIO_VOICE
from workers.providers.base import Rejected
from workers.providers.twilio_announcing import parting_twiml
from workers.providers.twilio_voice import after_dial_twiml, transfer_twiml
from workers.providers.twilio_waiting import waiting_twiml


def test_the_waiting_call_is_redirected_with_the_dialling_instructions() -> None:
    """The TwiML goes along with the request: no web address of ours has to answer in time."""

    async def play() -> bytes:
        async with serving(TWILIO_VOICE.takes) as wire:
            provider = TWILIO_VOICE.make(wire.port, 5.0, 1)
            await provider.send(TRANSFER)
            await provider.close()
            return wire.asked[0]

    head, body = asyncio.run(play()).decode().split("\r\n\r\n")

    line = head.split("\r\n")[0]
    assert line == f"POST /2010-04-01/Accounts/{ACCOUNT_SID}/Calls/{CALL_SID}.json HTTP/1.1"
    assert parse_qs(body) == {"Twiml": [transfer_twiml(TRANSFER)]}


def test_the_customer_is_dialled_while_the_caller_hears_ringing() -> None:
    """Without answerOnBridge the caller would be charged for, and hear, silence."""
    response = ET.fromstring(transfer_twiml(TRANSFER))  # noqa: S314 - our own output

    dial = response.find("Dial")
    assert dial is not None
    assert dial.attrib == {
        "answerOnBridge": "true",
        "timeout": "20",
        "callerId": TRANSFER.caller_id,
        "action": TRANSFER.action_url,
        "method": "POST",
    }
    assert [(noun.tag, noun.text) for noun in dial] == [("Number", TRANSFER.to)]


def test_what_was_not_asked_for_is_not_said() -> None:
    """An empty caller id or address would be refused by Twilio as invalid."""
    bare = replace(TRANSFER, caller_id=None, action_url=None)

    dial = ET.fromstring(transfer_twiml(bare)).find("Dial")  # noqa: S314 - our own output

    assert dial is not None
    assert dial.attrib == {"answerOnBridge": "true", "timeout": "20"}


@pytest.mark.parametrize(
    ("return_to", "answered", "expected"),
    [
        ("+441632960500", True, "<Hangup />"),
        (None, True, "<Hangup />"),
        (None, False, "<Hangup />"),
        (
            "+441632960500",
            False,
            '<Dial answerOnBridge="true"><Number>+441632960500</Number></Dial>',
        ),
        (
            "sip:desk-4@callcentre.example;a&b",
            False,
            '<Dial answerOnBridge="true"><Sip>sip:desk-4@callcentre.example;a&amp;b</Sip></Dial>',
        ),
    ],
)
def test_a_caller_nobody_answered_goes_back_to_the_agent(
    return_to: str | None, *, answered: bool, expected: str
) -> None:
    """A caller must not be dropped because the customer did not pick up."""
    twiml = after_dial_twiml(return_to, answered=answered)

    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    assert twiml == f"{declaration}<Response>{expected}</Response>"


def test_a_caller_who_hung_up_is_not_the_numbers_fault() -> None:
    """The call becomes a message; the customer's number stays good."""
    gone = answers(http_answer(400, b'{"code": 21220, "status": 400}'))

    async def play() -> object:
        async with serving(gone) as wire:
            provider = TWILIO_VOICE.make(wire.port, 5.0, 1)
            verdict = await provider.send(TRANSFER)
            await provider.close()
            return verdict

    assert asyncio.run(play()) == Rejected(Reason.CALLER_GONE, "21220")


@pytest.mark.parametrize("reference", ["", "../Messages", "CA123", CALL_SID + "/Recordings", "☎"])
def test_what_is_no_call_sid_never_reaches_twilio(reference: str) -> None:
    """It becomes part of a path: a crafted one would ask Twilio for something else."""

    async def play() -> tuple[object, int]:
        async with serving(TWILIO_VOICE.takes) as wire:
            provider = TWILIO_VOICE.make(wire.port, 5.0, 1)
            verdict = await provider.send(replace(TRANSFER, provider_call_id=reference))
            await provider.close()
            return verdict, wire.opened

    verdict, opened = asyncio.run(play())

    assert verdict == Rejected(Reason.CALLER_GONE, "not_a_call_sid")
    assert opened == 0


def test_who_waits_in_vain_for_the_next_number_hears_what_was_to_be_said() -> None:
    """Silence and a hang-up would be taken for a fault of the line."""
    document = waiting_twiml(parting_twiml("We pass on that you rang.", "en-GB"), 40)

    assert document.index('<Pause length="40"') < document.index("We pass on")
    assert "<Hangup" in document
