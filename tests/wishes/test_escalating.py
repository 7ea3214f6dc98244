"""Does a rule's next step go out exactly when the one before did not reach the customer?"""

import re
from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.audit import By
from store.deliveries import ending
from store.deliveries.claiming import Claimed
from store.deliveries.receiving import Word, receive
from store.deliveries.recording import Result, record
from store.deliveries.siblings import stop_others
from store.reading.attention import attention
from tests.building import House, place, preferences, verified
from tests.factories import Sample, envelope
from tests.wishes.wired import Wired
from workers.following_up import advances, follow_up
from workers.operations import Operations
from workers.routing.keywords import asked
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
SMS, EMAIL = Channel.SMS, Channel.EMAIL
OTHER = "+447700900555"
NO_WORD = Rule(Act.CALLBACKS, how="none")


def escalating(*steps: dict[str, Any], mode: str = "escalate", **action: Any) -> Sample:
    """A catch-all whose steps follow one another."""
    return {
        "rule_id": "up",
        "action": {"timing": "now", "mode": mode, "steps": [*steps]} | action,
    }


def step(destination: str, acknowledge: str = "none", **more: Any) -> dict[str, Any]:
    """One step."""
    return {"destination": destination, "acknowledge": acknowledge, **more}


BY_CODE = escalating(step("d-mobile", "code", wait="PT10M"), step("d-mail"))
BY_RECEIPT = escalating(step("d-mobile", "receipt", wait="PT10M"), step("d-mail"))


def accept(house: House, *, to: S = S.ACCEPTED) -> None:
    """Have what is due taken by its provider, or whatever else became of it."""
    results = [
        Result(
            claimed=one,
            verdict="accepted" if to is S.ACCEPTED else "rejected",
            to=to,
            reason=Reason.PROVIDER_ACCEPTED if to is S.ACCEPTED else Reason.REFUSED,
            provider="p",
            reference="ref" if to is S.ACCEPTED else None,
            advance=to is not S.ACCEPTED,
        )
        for one in house.claim()
    ]
    with house.store.write() as tx:
        record(tx, results)


def causes(house: House) -> list[str]:
    """What waits for an operator."""
    with house.store.read() as tx:
        return [group.cause for group in attention(tx)]


def test_a_step_that_nobody_acknowledged_is_followed_by_the_next(house: House) -> None:
    """The provider's acceptance is no answer where one was asked for."""
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    accept(house)

    house.clock.advance(seconds=599)
    too_soon = house.go_on()
    house.clock.advance(seconds=2)
    due = house.go_on()
    again = house.go_on()

    assert (too_soon, len(due), again) == ([], 1, [])
    assert house.standing() == [
        ("d-mobile", "accepted", "provider_accepted"),
        ("d-mail", "pending", "next_step"),
    ]
    assert not house.delivery(destination_id="d-mail")["marked"]


def test_acceptance_is_enough_where_nothing_more_was_asked_for(house: House) -> None:
    """Then the rule's work is done, however long nobody says anything."""
    house.serve(rules=[escalating(step("d-mobile", wait="PT10M"), step("d-mail"))])
    house.have_message()
    accept(house)
    house.clock.advance(hours=2)

    assert house.go_on() == []
    assert house.delivery()["advance_at"] is None


@pytest.mark.parametrize("mode", ["first", "escalate"])
def test_an_urgent_message_goes_on_while_its_provider_is_out(house: House, mode: str) -> None:
    """Not only at its deadline: the customer's email stands idle meanwhile."""
    house.serve(rules=[escalating(step("d-mobile", wait="PT3M"), step("d-mail"), mode=mode)])
    house.have_message(urgency="urgent")
    house.clock.advance(minutes=3, seconds=1)

    due = house.go_on()

    assert [one.channel for one in due] == [EMAIL]
    assert house.standing() == [
        ("d-mobile", "pending", "planned"),
        ("d-mail", "pending", "next_step"),
    ]


def test_a_step_that_was_overtaken_is_not_sent_once_another_has_reached(house: House) -> None:
    """The provider is back, and the customer has had the email: one is enough."""
    house.serve(rules=[escalating(step("d-mobile", wait="PT3M"), step("d-mail"))])
    house.have_message(urgency="urgent")
    house.clock.advance(minutes=4)
    house.go_on()
    mobile, mail = house.deliveries()
    (claimed,) = house.claim(mail["id"])
    with house.store.write() as tx:
        record(
            tx,
            [
                Result(
                    claimed=claimed,
                    verdict="accepted",
                    to=S.ACCEPTED,
                    reason=Reason.PROVIDER_ACCEPTED,
                    reference="ref",
                )
            ],
        )

    assert house.claim(mobile["id"]) == []
    assert house.standing()[0] == ("d-mobile", "cancelled", "sibling_reached")


def test_a_routine_message_in_mode_first_waits_for_certainty(house: House) -> None:
    """Its next step goes out after a definite refusal alone, as the mode says."""
    house.serve(rules=[escalating(step("d-mobile"), step("d-mail"), mode="first")])
    house.have_message()
    house.clock.advance(hours=3)

    assert house.go_on() == []
    assert house.delivery()["advance_at"] is None


def test_a_definite_refusal_goes_on_at_once(house: House) -> None:
    """Nobody waits ten minutes for a code from a number that does not exist."""
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    (claimed,) = house.claim()
    refused = Result(
        claimed=claimed, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED, advance=True
    )
    with house.store.write() as tx:
        follow_up(tx, house.readings, house.policies.lanes, record(tx, [refused]))

    assert house.standing()[1] == ("d-mail", "pending", "next_step")
    house.clock.advance(minutes=11)
    assert house.go_on() == []


def test_the_last_step_of_an_urgent_message_that_nobody_acknowledged_goes_to_attention(
    house: House,
) -> None:
    """Somebody must take up the telephone."""
    _two_mobiles(house, "code")
    house.have_message(urgency="urgent")
    accept(house)
    house.clock.advance(minutes=11)
    house.go_on()
    accept(house)
    house.clock.advance(minutes=6)
    house.go_on()

    assert house.standing() == [
        ("d-mobile", "accepted", "provider_accepted"),
        ("d-second", "parked", "not_acknowledged"),
    ]
    assert causes(house) == ["parked/not_acknowledged/sms/p/call.message_taken"]
    assert house.outcomes("delivery.parked")[-1]["reason"] == "not_acknowledged"


def _two_mobiles(house: House, acknowledge: str) -> None:
    house.serve()
    house.tell(
        place("C-1042", "d-second", "mobile", OTHER),
        verified("C-1042", "d-second"),
        preferences(
            "C-1042",
            escalating(
                step("d-mobile", acknowledge, wait="PT10M"),
                step("d-second", acknowledge, wait="PT5M"),
            ),
        ),
    )


def test_a_routine_message_that_nobody_acknowledged_is_left_as_it_is(house: House) -> None:
    """It was sent as it was asked for, and nobody needs to be rung about it."""
    _two_mobiles(house, "code")
    house.have_message()
    accept(house)
    house.clock.advance(minutes=11)
    house.go_on()
    accept(house)
    house.clock.advance(minutes=6)
    house.go_on()

    assert {row["status"] for row in house.deliveries()} == {S.ACCEPTED}
    assert causes(house) == []


def test_a_last_step_that_expired_unacknowledged_goes_to_attention(house: House) -> None:
    """All that could be done was tried, and nobody was reached."""
    _two_mobiles(house, "receipt")
    house.have_message(urgency="urgent")
    accept(house)
    house.clock.advance(minutes=11)
    house.go_on()
    house.clock.advance(minutes=6)
    still = house.go_on()
    house.clock.advance(hours=2)
    with house.store.write() as tx:
        ending.expire(tx, ending.past_deadline(tx, tx.now, 10), Reason.DEADLINE)
    house.go_on()

    assert still == []
    assert house.standing()[1] == ("d-second", "parked", "not_acknowledged")


def test_an_operator_sends_an_unacknowledged_one_again_and_its_wait_begins_anew(
    house: House,
) -> None:
    """And if nobody answers to that either, it waits for the operator again."""
    _two_mobiles(house, "code")
    house.have_message(urgency="urgent")
    accept(house)
    house.clock.advance(minutes=11)
    house.go_on()
    accept(house)
    house.clock.advance(minutes=6)
    house.go_on()
    last = house.deliveries()[1]["id"]

    done = Operations(house.store, house.policies.lanes).replay([last], By("kim", "Again."))
    accept(house)
    house.clock.advance(minutes=6)
    house.go_on()

    assert len(done.done) == 1
    assert house.delivery(id=last)["reason"] is Reason.NOT_ACKNOWLEDGED


def test_a_step_is_tried_as_often_as_it_says(wired: Wired) -> None:
    """One refusal that would pass is enough where one attempt was asked for."""
    house = wired.house
    house.serve(rules=[escalating(step("d-mobile", attempts=1), step("d-mail"))])
    wired.sending.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=30003, status=400), NO_WORD)
    house.have_message()

    wired.send()

    mobile, mail = house.deliveries()
    assert (mobile["status"], mobile["attempts"]) == (S.FAILED, 1)
    assert mail["status"] is S.PENDING


def test_a_receipt_in_time_stops_the_escalation(wired: Wired) -> None:
    """The text arrived: nobody else is bothered."""
    house = wired.house
    house.serve(rules=[BY_RECEIPT])
    house.have_message(urgency="urgent")

    wired.send()
    wired.arrives()
    house.clock.advance(minutes=11)

    assert house.go_on() == []
    assert [one.kind for one in wired.sending.accepted()] == ["sms"]


def test_no_receipt_sends_the_next_step_and_a_late_one_stops_what_has_not_gone(
    wired: Wired,
) -> None:
    """The phone was off. It came back before the email had left."""
    house = wired.house
    house.serve(rules=[BY_RECEIPT])
    wired.sending.sandbox.behave(NO_WORD)
    house.have_message(urgency="urgent")

    wired.send()
    house.clock.advance(minutes=11)
    due = house.go_on()
    wired.says("delivered")
    wired.send(EMAIL)

    assert len(due) == 1
    assert house.standing() == [
        ("d-mobile", "delivered", "receipt"),
        ("d-mail", "cancelled", "sibling_reached"),
    ]
    assert wired.taken("email") == []


def code_in(text: str) -> str:
    """The code that a text asks for."""
    found = re.search(r"Reply (\d{6}) to confirm", text)
    assert found is not None, text
    return found.group(1)


def test_a_code_in_time_stops_the_escalation_and_is_on_record(wired: Wired) -> None:
    """From the text with its code to the customer's answer, on the wire."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    wired.send()
    (text,) = wired.taken()

    answer = wired.texts_back(code_in(str(text.body)))
    twice = wired.texts_back(f" {code_in(str(text.body))}.")
    house.clock.advance(minutes=11)

    assert "that is confirmed" in answer
    assert "confirmed already" in twice
    assert house.go_on() == []
    assert house.standing() == [("d-mobile", "delivered", "acknowledged")]
    assert house.entries()[-1]["reason"] is Reason.ACKNOWLEDGED
    assert house.outcomes("delivery.delivered")[-1]["reason"] == "acknowledged"


def test_a_late_code_stops_what_has_not_gone(wired: Wired) -> None:
    """The next step was planned a moment before the customer answered."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    wired.send()
    (text,) = wired.taken()
    house.clock.advance(minutes=11)
    house.go_on()

    wired.texts_back(code_in(str(text.body)))

    assert house.standing()[1] == ("d-mail", "cancelled", "sibling_reached")


def test_a_code_takes_an_unacknowledged_message_out_of_attention(wired: Wired) -> None:
    """Whoever answers late has answered."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[escalating(step("d-mobile", "code", wait="PT10M"))])
    house.have_message(urgency="urgent")
    wired.send()
    (text,) = wired.taken()
    house.clock.advance(minutes=11)
    house.go_on()
    waiting = causes(house)

    wired.texts_back(code_in(str(text.body)))

    assert len(waiting) == 1
    assert causes(house) == []


@pytest.mark.parametrize(
    ("which", "after_hours", "says"),
    [("wrong", 0, "do not know that code"), ("right", 25, "out of date"), ("right", 24 * 8, None)],
)
def test_wrong_and_late_codes_are_answered_politely_and_confirm_nothing(
    wired: Wired, which: str, after_hours: int, says: str | None
) -> None:
    """A code is good for a day, and guessing gives nothing away."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    wired.send()
    code = code_in(str(wired.taken()[0].body))
    house.clock.advance(hours=after_hours)

    answer = wired.texts_back(code if which == "right" else f"{(int(code) + 1) % 10**6:06}")

    assert (says in answer) if says else ("Message" not in answer)
    assert house.rows(tables.deliveries, acknowledged_at=None) == house.deliveries()


def test_codes_cannot_be_tried_without_end(wired: Wired) -> None:
    """Ten in an hour; then not even the right one counts."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    wired.send()
    code = code_in(str(wired.taken()[0].body))
    for guess in range(10):
        wired.texts_back(f"{(int(code) + 1 + guess) % 10**6:06}")

    answer = wired.texts_back(code)

    assert "too many codes" in answer
    assert house.delivery()["acknowledged_at"] is None


def test_a_code_from_another_number_confirms_nothing(wired: Wired) -> None:
    """Only who got the text can have read it."""
    house = wired.house
    wired.sending.sandbox.behave(NO_WORD)
    house.serve(rules=[BY_CODE])
    house.have_message(urgency="urgent")
    wired.send()

    answer = wired.texts_back(code_in(str(wired.taken()[0].body)), OTHER)

    assert "Message" not in answer
    assert house.delivery()["acknowledged_at"] is None


def test_digits_are_a_code(wired: Wired) -> None:
    """The keyword reader and the code maker agree on what one looks like."""
    house = wired.house
    house.serve(rules=[BY_CODE])
    house.have_message()
    wired.send()

    assert asked(code_in(str(wired.taken()[0].body))).kind.value == "code"


def test_an_event_that_is_withdrawn_escalates_no_further(house: House) -> None:
    """Nothing more of it is sent, by whichever step."""
    house.serve(rules=[BY_CODE])
    event = envelope("call.message_taken", urgency="urgent")
    house.tell(event)
    accept(house)
    data = {"source": event["source"], "id": event["id"], "reason": "Wrong customer."}
    house.tell(envelope("event.withdrawn", data=data))
    house.clock.advance(minutes=11)
    house.go_on()

    assert house.claim() == []


def test_a_step_that_was_stopped_too_soon_goes_after_all(house: House) -> None:
    """The first step's text was taken, so the second was stopped; then it did not arrive."""
    house.serve(rules=[escalating(step("d-mobile", wait="PT3M"), step("d-mail"), mode="first")])
    house.have_message(urgency="urgent")
    (claimed,) = house.claim()
    unknown = Result(claimed=claimed, verdict="unknown", to=S.UNCERTAIN, reason=Reason.NO_ANSWER)
    with house.store.write() as tx:
        record(tx, [unknown])
    house.clock.advance(minutes=4)
    house.go_on()
    _tell(house, claimed, S.ACCEPTED)
    stopped = house.standing()[1]

    _tell(house, claimed, S.UNDELIVERED)

    assert stopped == ("d-mail", "cancelled", "sibling_reached")
    assert house.standing()[1] == ("d-mail", "pending", "next_step")
    assert len(house.claim()) == 1


def _tell(house: House, claimed: Claimed, to: S) -> None:
    word = Word(claimed.delivery_id, claimed.fence, to, Reason.RECEIPT, reference="ref")
    with house.store.write() as tx:
        rows = [got.row for got in receive(tx, [word]) if got.row is not None]
        stop_others(tx, rows)
        lost = [row for row in rows if advances(row)]
        follow_up(tx, house.readings, house.policies.lanes, lost)
