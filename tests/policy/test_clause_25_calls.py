"""Clause 25: a caller is put through to the numbers in the rule, in time; else it is a message."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.vocabulary import Channel
from tests.dispatch.sending import Sending, open_sending
from tests.factories import Sample, catch_all, envelope
from tests.waiting import eventually

DESK, PARTNER, ELSEWHERE = "+442079460106", "+442079460107", "+442079460108"
CALLER, NUMBER = "+441632960111", "+441632960200"


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a customer with three numbers, of whom the rule names two; messages go by text."""
    with open_sending(empty_url, tmp_path) as opened:
        house = opened.house
        house.serve()
        house.tell(envelope("number.assigned", number=NUMBER))
        numbers = {"d-desk": DESK, "d-partner": PARTNER, "d-elsewhere": ELSEWHERE}
        for name, number in numbers.items():
            house.tell(
                envelope("destination.added", destination_id=name, kind="voice", value=number),
                envelope("destination.verified", destination_id=name),
            )
        ring: Sample = {
            "rule_id": "ring",
            "match": {"events": ["call.waiting"]},
            "action": {
                "mode": "first",
                "steps": [{"destination": "d-desk"}, {"destination": "d-partner"}],
            },
        }
        rules = [ring, catch_all("d-mobile")]
        house.tell(envelope("preferences.set", rules=rules, based_on_version=...))
        yield opened


def _waits(sending: Sending, seconds: float = 60) -> None:
    """Have somebody wait on the line, for so long at the most."""
    sid = sending.sandbox.waiting_call(CALLER, NUMBER)
    not_after = (sending.house.clock.now + timedelta(seconds=seconds)).isoformat()
    sending.house.tell(
        envelope("call.waiting", call_id="call-9", provider_call_id=sid, not_after=not_after)
    )


def _dialled(sending: Sending) -> list[str]:
    """Where the provider was asked to put the caller through to."""
    return [one.to for one in sending.accepted() if one.kind == "call"]


def _texts(sending: Sending) -> list[str]:
    return [one.to for one in sending.accepted() if one.kind == "sms"]


def test_clause_25_the_caller_goes_to_the_number_that_the_rule_names_first(
    sending: Sending,
) -> None:
    """And to no other, while that one may yet be picked up."""
    _waits(sending)

    sending.deliver(Channel.CALL)

    assert [row["destination_id"] for row in sending.house.deliveries(channel=Channel.CALL)] == [
        "d-desk"
    ]
    eventually(lambda: len(_dialled(sending)) == 1, "one call was put through")
    assert _texts(sending) == []


def test_clause_25_a_number_that_the_rule_does_not_name_is_never_rung(sending: Sending) -> None:
    """Verified and theirs is not enough; each of the rule's is tried, and then a message goes."""
    house = sending.house
    house.tell(
        envelope("destination.removed", destination_id="d-desk"),
        envelope("destination.removed", destination_id="d-partner"),
    )

    _waits(sending)
    sending.deliver(Channel.SMS)

    assert [row["destination_id"] for row in house.deliveries(channel=Channel.CALL)] == []
    assert _dialled(sending) == []
    assert _texts(sending) == ["+447700900123"]


@pytest.mark.parametrize("seconds", [-1, 0])
def test_clause_25_an_event_that_comes_late_dials_nobody_and_is_told_as_a_message(
    sending: Sending, seconds: float
) -> None:
    """The caller has hung up or been taken care of by then; the agent hears of it at once."""
    _waits(sending, seconds)

    sending.deliver(Channel.SMS)

    assert _dialled(sending) == []
    assert _texts(sending) == ["+447700900123"]
    assert [one["outcome"] for one in sending.house.outcomes("call.forwarded")] == ["expired"]
    reasons = {entry["reason"].value for entry in sending.house.entries()}
    assert "late_call" in reasons


def test_clause_25_one_that_grew_late_in_our_hands_dials_nobody_either(sending: Sending) -> None:
    """Found at the claim: it waited in a queue of ours a second too long."""
    _waits(sending, seconds=20)
    sending.house.clock.advance(seconds=21)

    sending.deliver(Channel.CALL)
    sending.deliver(Channel.SMS)

    assert _dialled(sending) == []
    assert _texts(sending) == ["+447700900123"]
    assert sending.house.standing(channel=Channel.CALL) == [("d-desk", "expired", "late_call")]
