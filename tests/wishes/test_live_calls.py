"""Is a caller put through as the customer's rules say, and never swallowed by a voicemail?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from tests.building import House, sandbox_policies
from tests.factories import catch_all, envelope
from tests.waiting import eventually
from tests.wishes.wired import Wired, wired_up
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
CALL = Channel.CALL
NUMBER = "+442079460100"
DESK, PARTNER = "+442079460106", "+442079460107"
CALLER = "+447700900400"
NUISANCE = "+447700900499"
AGENTS = "+442079460555"


@pytest.fixture
def wired(empty_url: str, tmp_path: Path) -> Iterator[Wired]:
    """Give one of each kind of store, with agents who take calls back."""
    with wired_up(empty_url, tmp_path, voice_return_to=AGENTS) as up:
        yield up


def serve(house: House, *more: dict[str, Any], **call: Any) -> None:
    """Have a customer with two numbers to be rung, by rules that say how."""
    ring = {
        "rule_id": "ring",
        "match": {"events": ["call.waiting"]},
        "action": {
            "mode": "first",
            "steps": [{"destination": "d-desk"}, {"destination": "d-partner"}],
            "call": call,
        },
    }
    house.serve()
    house.tell(envelope("number.assigned", number=NUMBER))
    for name, number in (("d-desk", DESK), ("d-partner", PARTNER)):
        house.tell(
            envelope("destination.added", destination_id=name, kind="voice", value=number),
            envelope("destination.verified", destination_id=name),
        )
    rules = [*more, ring, catch_all("d-mobile")]
    callers = {"vip": [], "blocked": [NUISANCE]}
    house.tell(envelope("preferences.set", rules=rules, callers=callers, based_on_version=...))


def a_caller(wired: Wired) -> str:
    """Have somebody wait on the line, and our event of it; give the call."""
    sid = wired.sending.sandbox.waiting_call(CALLER, NUMBER)
    not_after = (wired.house.clock.now + timedelta(seconds=90)).isoformat()
    wired.house.tell(
        envelope("call.waiting", call_id="call-9", provider_call_id=sid, not_after=not_after)
    )
    return sid


def behave(wired: Wired, **outcomes: str) -> None:
    """Say how the desk and the partner take a call."""
    numbers = {"desk": DESK, "partner": PARTNER, "agents": AGENTS}
    rules = [Rule(Act.DIAL, to=numbers[who], outcome=how) for who, how in outcomes.items()]  # type: ignore[arg-type]
    wired.sending.sandbox.behave(*rules)


def rung(wired: Wired) -> list[tuple[str, str]]:
    """What is on record of each number that was rung."""
    entries = wired.house.entries(outcome="rung")
    return sorted((entry["destination_id"], entry["reason"].value) for entry in entries)


def told(wired: Wired) -> list[str]:
    """What the call-centre was told became of the call."""
    return [one["outcome"] for one in wired.house.outcomes("call.forwarded")]


def settled(wired: Wired, destination_id: str, status: DeliveryStatus) -> None:
    """Wait until a call's delivery stands so."""
    eventually(
        lambda: (
            [row["status"] for row in wired.house.deliveries(destination_id=destination_id)]
            == [status]
        ),
        f"the call to {destination_id} is {status}",
    )


def legs(wired: Wired, count: int) -> list[tuple[str, str]]:
    """Wait for so many numbers on record."""
    eventually(lambda: len(rung(wired)) >= count, f"{count} numbers are on record")
    return rung(wired)


def test_a_voicemail_does_not_have_the_caller(wired: Wired) -> None:
    """It picks up, and presses nothing: the next number is rung, where somebody does."""
    serve(wired.house, press_to_accept=True)
    behave(wired, desk="voicemail", partner="answer")
    a_caller(wired)

    wired.send(CALL)
    settled(wired, "d-desk", S.UNDELIVERED)
    wired.send(CALL)
    settled(wired, "d-partner", S.DELIVERED)

    assert wired.house.delivery(destination_id="d-desk")["reason"] is Reason.NOT_ACCEPTED
    assert legs(wired, 2) == [("d-desk", "not_accepted"), ("d-partner", "answered")]
    assert told(wired) == ["answered"]


def test_without_a_key_to_press_whoever_picks_up_has_the_caller(wired: Wired) -> None:
    """As the customer wants it; they are told who rings before they are joined."""
    serve(wired.house, announce=True)
    behave(wired, desk="voicemail")
    a_caller(wired)

    wired.send(CALL)

    settled(wired, "d-desk", S.DELIVERED)
    assert legs(wired, 1) == [("d-desk", "answered")]


def test_all_numbers_ring_at_once_and_the_first_to_press_has_the_caller(wired: Wired) -> None:
    """One delivery, and each number on record."""
    serve(wired.house, ring="all", press_to_accept=True)
    behave(wired, desk="voicemail", partner="answer")
    a_caller(wired)

    wired.send(CALL)

    settled(wired, "d-desk", S.DELIVERED)
    assert legs(wired, 2) == [("d-desk", "not_accepted"), ("d-partner", "answered")]
    assert [row["destination_id"] for row in wired.house.deliveries(channel=CALL)] == ["d-desk"]


def test_where_none_of_all_takes_the_call_its_message_goes(wired: Wired) -> None:
    """No number is rung twice; the caller goes back to the agents."""
    serve(wired.house, ring="all", press_to_accept=True)
    behave(wired, desk="busy", partner="no_answer", agents="answer")
    a_caller(wired)

    wired.send(CALL)

    settled(wired, "d-desk", S.UNDELIVERED)
    assert legs(wired, 2) == [("d-desk", "busy"), ("d-partner", "not_answered")]
    assert len(wired.house.deliveries(channel=CALL)) == 1
    message = wired.house.delivery(channel=Channel.SMS)
    assert message["destination_id"] == "d-mobile"


@pytest.mark.parametrize(("fallback", "said"), [("message", "We pass on"), ("agent", AGENTS)])
def test_where_nobody_takes_the_call_the_rule_says_what_the_caller_hears(
    wired: Wired, fallback: str, said: str
) -> None:
    """The agent again, or that the customer will hear of it."""
    serve(wired.house, ring="all", fallback=fallback)
    behave(wired, desk="busy", partner="busy", agents="answer")

    sid = rings_us(wired)

    ended(wired, sid)
    heard = [text for text in wired.sending.sandbox.heard(sid) if "<Dial" in text or "<Say" in text]
    assert said in heard[-1]


def rings_us(
    wired: Wired, dialled: str = NUMBER, sid: str | None = None, caller: str = CALLER
) -> str:
    """Somebody rings one of our numbers; give the call."""
    url = f"{wired.url}/hooks/twilio/voice"
    return wired.sending.sandbox.incoming_call(caller, dialled, url, sid)


def ended(wired: Wired, sid: str) -> None:
    """Wait until a call is over."""
    eventually(lambda: wired.sending.sandbox.call_status(sid) == "completed", "the call is over")


def test_who_rings_a_customers_number_is_put_through_by_its_rules(wired: Wired) -> None:
    """Nobody at the call-centre has to do anything, and the record has it like any other call."""
    serve(wired.house, press_to_accept=True)
    behave(wired, desk="answer")

    sid = rings_us(wired)

    eventually(lambda: wired.house.deliveries(channel=CALL) != [], "it is taken in")
    settled(wired, "d-desk", S.DELIVERED)
    ended(wired, sid)
    assert legs(wired, 1) == [("d-desk", "answered")]
    (event,) = wired.house.rows(tables.events, correlation=sid)
    assert (event["type"], event["customer_ref"]) == ("call.waiting", "C-1042")


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "+86282452253", "+441234567"])
def test_who_shows_no_number_or_an_impossible_one_is_put_through_as_well(
    wired: Wired, caller: str
) -> None:
    """Hospitals and banks withhold theirs, and Twilio spells the word for it in digits."""
    serve(wired.house)
    behave(wired, desk="answer")

    sid = rings_us(wired, caller=caller)

    eventually(lambda: wired.house.deliveries(channel=CALL) != [], "it is taken in")
    settled(wired, "d-desk", S.DELIVERED)
    ended(wired, sid)


def test_the_next_number_of_a_call_to_us_is_rung_as_well(wired: Wired) -> None:
    """The first is busy: the second is dialled as for any waiting caller."""
    serve(wired.house)
    behave(wired, desk="busy", partner="answer")

    sid = rings_us(wired)

    eventually(lambda: wired.house.deliveries(channel=CALL) != [], "it is taken in")
    settled(wired, "d-desk", S.UNDELIVERED)
    wired.send(CALL)
    settled(wired, "d-partner", S.DELIVERED)
    ended(wired, sid)
    assert legs(wired, 2) == [("d-desk", "busy"), ("d-partner", "answered")]


def test_who_rings_a_number_of_nobodys_goes_to_the_agents(wired: Wired) -> None:
    """And hears no error."""
    serve(wired.house)
    behave(wired, agents="answer")

    sid = rings_us(wired, "+442079460999")

    ended(wired, sid)
    assert wired.house.deliveries(channel=CALL) == []


def test_a_caller_the_customer_wants_nothing_of_is_turned_away(wired: Wired) -> None:
    """Not put through, not even to the agents, and it is on record why."""
    blocked = {
        "rule_id": "blocked",
        "match": {"events": ["call.waiting"], "caller": "blocked"},
        "action": {"timing": "none"},
    }
    serve(wired.house, blocked)

    sid = rings_us(wired, caller=NUISANCE)

    ended(wired, sid)
    assert wired.house.deliveries(channel=CALL) == []
    reasons = {entry["reason"] for entry in wired.house.entries(outcome="not_sent")}
    assert Reason.RULE_SENDS_NOTHING in reasons


def test_where_a_rule_wants_nobody_rung_the_caller_goes_to_the_agents(wired: Wired) -> None:
    """Not to be rung at night is what a customer has agents for."""
    night = {
        "rule_id": "no-calls",
        "match": {"events": ["call.waiting"]},
        "action": {"timing": "none"},
    }
    wired.house.serve()
    wired.house.tell(
        envelope("number.assigned", number=NUMBER),
        envelope("preferences.set", rules=[night, catch_all("d-mobile")], based_on_version=...),
    )
    behave(wired, agents="answer")

    sid = rings_us(wired)

    ended(wired, sid)
    assert wired.house.deliveries(channel=CALL) == []
    assert AGENTS in "".join(wired.sending.sandbox.heard(sid))


def test_a_call_that_is_told_of_again_is_answered_again_and_planned_once(wired: Wired) -> None:
    """Where our answer was lost, Twilio asks once more."""
    serve(wired.house)
    behave(wired, desk="answer")
    sid = rings_us(wired)
    eventually(lambda: wired.house.deliveries(channel=CALL) != [], "it is taken in")
    settled(wired, "d-desk", S.DELIVERED)
    ended(wired, sid)

    rings_us(wired, sid=sid)
    ended(wired, sid)

    assert len(wired.house.deliveries(channel=CALL)) == 1


def test_a_number_that_must_not_be_rung_makes_way_for_the_next(wired: Wired) -> None:
    """Its country was struck off the list after it was added: the partner is rung instead."""
    serve(wired.house)
    behave(wired, partner="answer")
    wired.house.policies = sandbox_policies(number_countries=("GB", "FR"))
    wired.house.tell(
        envelope("destination.added", destination_id="d-desk", kind="voice", value="+33142685300"),
        envelope("destination.verified", destination_id="d-desk"),
    )

    sid = rings_us(wired)

    settled(wired, "d-partner", S.DELIVERED)
    ended(wired, sid)
    assert wired.house.delivery(destination_id="d-desk")["reason"] is Reason.NUMBER_BARRED
