"""Is what a rule holds kept until it is asked for, and never forgotten?"""

from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import DeliveryStatus, Reason, Refusal, Verb
from store.audit import By
from store.deliveries import ending, holding
from store.reading.attention import attention
from tests.building import MOBILE, House, place, preferences, verified
from tests.factories import Sample, catch_all, envelope
from tests.wishes.wired import Wired
from workers.operations import Operations, Sent

S = DeliveryStatus
BY = By("kim", "Asked for it on the telephone.")


def held(*destinations: str, **action: Any) -> Sample:
    """A catch-all that keeps everything."""
    return catch_all(*(destinations or ("d-mobile",)), **({"timing": "hold"} | action))


def operations(house: House) -> Operations:
    """The operators' verbs."""
    return Operations(house.store, house.policies.lanes)


def test_what_is_held_has_no_due_time_and_never_expires(house: House) -> None:
    """However long the customer does not ask."""
    house.serve(rules=[held()])
    house.have_message()
    house.clock.advance(days=20)

    with house.store.write() as tx:
        expired = ending.past_deadline(tx, tx.now, 10)

    assert (expired, house.claim()) == ([], [])
    assert house.delivery()["due_at"] is None
    assert house.outcomes("event.routed")[-1]["deliveries"][0]["due"] is None


def test_an_operator_lets_go_what_is_held_and_its_time_begins_then(house: House) -> None:
    """It goes out now, with all the time that its lane has."""
    house.serve(rules=[held()])
    house.have_message()
    house.clock.advance(days=20)

    done = operations(house).release([], BY, customer_ref="C-1042")

    row = house.delivery()
    assert (done.verb, len(done.done), done.refused) == (Verb.RELEASE, 1, ())
    assert (row["due_at"], row["first_due_at"]) == (house.clock.now, house.clock.now)
    lasts = house.policies.lanes.deadline(row["lane"])
    assert row["deadline_at"] == house.clock.now + timedelta(seconds=lasts)
    assert len(house.claim()) == 1


def test_what_is_not_held_is_not_let_go(house: House) -> None:
    """It is refused with a word for why, and on record all the same."""
    house.serve(rules=[catch_all("d-mobile")])
    ids = house.have_message()

    done = operations(house).release(ids, BY)

    assert [one.refusal for one in done.refused] == [Refusal.NOT_HELD]
    assert done.act is not None


def test_trying_lets_nothing_go(house: House) -> None:
    """A dry run says what would be done."""
    house.serve(rules=[held()])
    ids = house.have_message()

    done = operations(house).release(ids, BY, dry_run=True)

    assert (len(done.done), done.act) == (1, None)
    assert house.delivery()["held_at"] is not None


def test_a_verification_lets_nothing_go_that_a_rule_holds(house: House) -> None:
    """The number is verified anew; nobody has asked for the messages yet."""
    house.serve(rules=[held()])
    house.have_message()

    house.tell(place("C-1042", "d-mobile", "mobile", "+447700900456"))
    unverified = house.standing()
    house.tell(verified("C-1042", "d-mobile"))

    assert unverified == [("d-mobile", "pending", "destination_unverified")]
    assert house.standing() == [("d-mobile", "pending", "held")]
    assert house.claim() == []


def test_what_is_let_go_to_an_unverified_destination_waits_for_that_alone(house: House) -> None:
    """Asked for first, verified afterwards: then it goes."""
    house.serve(rules=[held()])
    house.have_message()
    house.tell(place("C-1042", "d-mobile", "mobile", "+447700900456"))

    operations(house).release([], BY, customer_ref="C-1042")
    before = house.claim()
    house.tell(verified("C-1042", "d-mobile"))

    assert before == []
    assert [one.destination for one in house.claim()] == ["+447700900456"]


def test_what_is_held_beyond_its_limit_waits_for_an_operator_and_is_let_go_as_before(
    house: House,
) -> None:
    """It neither goes by itself nor is it forgotten."""
    house.serve(rules=[held()])
    house.have_message()
    house.clock.advance(days=31)

    with house.store.write() as tx:
        parked = holding.park_long_held(tx, 30 * 86_400, 100)
        again = holding.park_long_held(tx, 30 * 86_400, 100)
    with house.store.read() as tx:
        causes = [group.cause for group in attention(tx)]
    operations(house).release([], BY, customer_ref="C-1042")

    assert (len(parked), again) == (1, [])
    assert causes == ["parked/held/sms/-/call.message_taken"]
    assert len(house.claim()) == 1


def test_what_never_went_out_has_no_fate_to_be_resolved(house: House) -> None:
    """Nobody can say of it that it was sent."""
    house.serve(rules=[held()])
    (delivery_id,) = house.have_message()
    house.clock.advance(days=31)
    with house.store.write() as tx:
        holding.park_long_held(tx, 30 * 86_400, 100)

    done = operations(house).resolve(delivery_id, Sent("SM1"), BY)

    assert [one.refusal for one in done.refused] == [Refusal.NOT_UNSETTLED]


def test_new_rules_govern_what_is_held(house: House) -> None:
    """From today the customer wants their messages at once, and so those of yesterday."""
    house.serve(rules=[held()])
    house.have_message()

    house.tell(preferences("C-1042", catch_all("d-mobile")))

    assert [(row["status"], row["reason"]) for row in house.deliveries()] == [
        (S.CANCELLED, Reason.RULES_CHANGED),
        (S.PENDING, Reason.PLANNED),
    ]


def test_a_next_step_in_place_of_one_that_was_held_is_held(house: House) -> None:
    """The mobile is gone; the email is not asked for either."""
    house.serve(rules=[held("d-mobile", "d-mail", mode="first")])
    house.have_message()

    house.tell(envelope("destination.removed", destination_id="d-mobile"))

    assert house.standing() == [
        ("d-mobile", "cancelled", "destination_removed"),
        ("d-mail", "pending", "held"),
    ]


@pytest.mark.parametrize("word", ["RELEASE", "release.", " Release "])
def test_a_customer_lets_go_by_text_what_is_held_for_them(wired: Wired, word: str) -> None:
    """From a text in to the texts out, on the wire."""
    house = wired.house
    house.serve(rules=[held()])
    house.have_message(text="Bring the keys.")
    house.have_message(call_id="call-2", text="The van is late.")

    answer = wired.texts_back(word)
    wired.send()

    assert "2 messages are on the way to you." in answer
    assert sorted("keys" in str(one.body) for one in wired.taken()) == [False, True]
    assert {row["status"] for row in house.deliveries()} <= {S.ACCEPTED, S.DELIVERED}


@pytest.mark.parametrize("whose", ["+447700900777", "unverified", "removed"])
def test_nobody_else_lets_anything_go(wired: Wired, whose: str) -> None:
    """Not a stranger, nor whoever has the number that the customer had, and is told nothing."""
    house = wired.house
    house.serve(rules=[held("d-mail")])
    house.have_message()
    if whose == "unverified":
        house.tell(place("C-1042", "d-mobile", "mobile", MOBILE))
    if whose == "removed":
        house.tell(envelope("destination.removed", destination_id="d-mobile"))

    answer = wired.texts_back("RELEASE", MOBILE if whose.isalpha() else whose)

    assert "Message" not in answer
    assert house.delivery()["held_at"] is not None
