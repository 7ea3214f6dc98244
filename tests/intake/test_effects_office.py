"""Do withdrawals, ended calls and late messages stop what they should, and nothing else?"""

from typing import Any

import pytest

from contracts.vocabulary import Answer, DeliveryStatus, ErrorCode, EventStatus, Reason
from store import tables
from store.deliveries import ending
from store.deliveries.recording import Result, record
from store.publishers import Publisher
from tests import factories
from tests.building import House
from tests.factories import Sample, catch_all, envelope
from workers.dispatch.results import of_not_begun
from workers.following_up import follow_up

CENTRE = "/callcentre/doncaster"


def _withdrawal(of: Sample) -> Sample:
    about = factories.valid("event.withdrawn", source=of["source"], id=of["id"])
    return envelope("event.withdrawn", data=about)


def _routed(house: House, event: Sample) -> dict[str, Any]:
    (row,) = house.rows(tables.outbox, id=f"{house.event(event['id'])['id']}:routed")
    (told,) = [f for f in house.outcomes("event.routed") if "already_sent" in f]
    assert row["name"] == "event.routed"
    return told


def _accept(house: House, *delivery_ids: Any) -> None:
    claimed = house.claim(*delivery_ids)
    with house.store.write() as tx:
        record(
            tx,
            [
                Result(
                    claimed=c,
                    verdict="accepted",
                    to=DeliveryStatus.ACCEPTED,
                    reason=Reason.PROVIDER_ACCEPTED,
                    reference=f"ref-{c.destination_id}",
                )
                for c in claimed
            ],
        )


def test_a_withdrawal_cancels_what_is_unsent_and_names_what_was_sent(house: House) -> None:
    """The publisher knows whom it still has to ring."""
    house.serve()
    event = envelope("call.message_taken")
    house.tell(event)
    mobile, mail = (row["id"] for row in house.deliveries())
    _accept(house, mobile)

    withdrawal = _withdrawal(event)
    house.tell(withdrawal)

    assert house.status(mail) is DeliveryStatus.CANCELLED
    told = _routed(house, withdrawal)
    assert told["cancelled"] == 1
    assert told["already_sent"] == [{"delivery_id": str(mobile), "status": "accepted"}]


def test_what_comes_back_unsent_after_its_withdrawal_is_not_tried_again(house: House) -> None:
    """A worker had it when the publisher took it back; the retry must not go out."""
    house.serve(rules=[catch_all("d-mail")])
    event = envelope("call.message_taken")
    house.tell(event)
    (claimed,) = house.claim()

    house.tell(_withdrawal(event))
    with house.store.write() as tx:
        record(tx, [of_not_begun(claimed, tx.now)])
    again = house.claim()

    assert again == []
    assert house.standing() == [("d-mail", "cancelled", "withdrawn")]


def test_a_withdrawn_event_that_still_waits_is_never_taken_up(house: House) -> None:
    """It was for nobody yet; when its customer appears, nothing is sent."""
    event = envelope("call.message_taken")
    house.hand_in(event)
    house.serve("C-1")

    house.tell(envelope("event.withdrawn", subject="C-1", data=_withdrawal(event)["data"]))
    house.serve("C-1042")

    assert house.deliveries() == []
    assert house.event(event["id"])["status"] is EventStatus.WITHDRAWN
    assert house.rows(tables.waits) == []


def test_a_publisher_withdraws_only_its_own_sources_events(house: House) -> None:
    """One call-centre must not silence another's messages."""
    house.serve()
    event = envelope("call.message_taken")
    house.tell(event)
    other = house.admit(Publisher("leeds", ("*",), ("/callcentre/leeds",)))
    withdrawal = {**_withdrawal(event), "source": "/callcentre/leeds"}

    answer = house.hand_in_one(withdrawal, publisher=other)

    assert {(p.path, p.code) for p in answer.problems} == {("data.source", ErrorCode.NOT_ALLOWED)}
    assert len(house.claim()) == 2


def _late_call(house: House, *, ref: str = "C-1042") -> list[Any]:
    """Have a call that came too late: its message is planned. Give the message's deliveries."""
    event = envelope("call.waiting", subject=ref, not_after="2026-11-20T09:00:00Z")
    house.tell(event)
    return [r["id"] for r in house.deliveries(event_id=house.event(event["id"])["id"])]


def test_a_call_that_came_too_late_is_told_as_a_message_and_never_dialled(house: House) -> None:
    """The caller has hung up: ringing the customer now helps nobody."""
    house.serve()

    _late_call(house)

    assert [row["channel"].value for row in house.deliveries()] == ["sms", "email"]
    assert [(e["outcome"], e["reason"].value) for e in house.entries()] == [
        ("not_sent", "late_call")
    ]


@pytest.mark.parametrize("batches", [1, 2])
def test_a_message_taken_replaces_the_late_calls_message(house: House, batches: int) -> None:
    """The agent's words say more; two texts about one call would only puzzle."""
    house.serve()
    late = envelope("call.waiting", not_after="2026-11-20T09:00:00Z")
    taken = envelope("call.message_taken")

    if batches == 1:
        house.tell_at_once(late, taken)
    else:
        house.tell(late, taken)

    of_call = house.standing(event_id=house.event(late["id"])["id"])
    of_message = house.deliveries(event_id=house.event(taken["id"])["id"])
    assert [(status, reason) for _, status, reason in of_call] == [("cancelled", "replaced")] * 2
    assert [(r["status"].value, r["detail"]) for r in of_message] == [("pending", None)] * 2


def test_a_message_taken_after_the_late_calls_was_sent_is_marked_as_its_follow_up(
    house: House,
) -> None:
    """The customer sees that both are about one call."""
    house.serve()
    _accept(house, *_late_call(house))

    of_message = house.have_message()

    assert [house.delivery(id=i)["detail"] for i in of_message] == ["follow_up"] * 2
    assert [house.delivery(id=i)["follows_up"] for i in of_message] == [True, True]


def test_a_message_taken_while_the_late_calls_is_being_sent_is_its_follow_up_too(
    house: House,
) -> None:
    """A worker has it in hand: the customer will have both."""
    house.serve()
    house.claim(*_late_call(house))

    of_message = house.have_message()

    assert [house.delivery(id=i)["follows_up"] for i in of_message] == [True, True]


def test_a_message_leaves_another_customers_call_of_the_same_name_alone(house: House) -> None:
    """Two call-centres count their calls from one."""
    house.serve("C-1")
    house.serve("C-1042")
    late = _late_call(house, ref="C-1")

    house.have_message()

    assert {house.status(i) for i in late} == {DeliveryStatus.PENDING}


@pytest.mark.parametrize(
    ("outcome", "reason"), [("message_taken", "replaced"), ("answered", "replaced")]
)
def test_a_call_that_ended_is_not_put_through(house: House, outcome: str, reason: str) -> None:
    """The line is dead; what tells of the call stays wanted."""
    house.serve()
    waiting = envelope("call.waiting", not_after="2026-11-20T10:05:00Z")
    house.tell(waiting)
    assert [row["channel"].value for row in house.deliveries()] == ["call"]

    house.tell(envelope("call.ended", subject=None, outcome=outcome))

    assert house.standing() == [("d-mobile", "cancelled", reason)]


def test_a_caller_who_hung_up_before_anybody_was_rung_is_told_of(house: House) -> None:
    """Somebody wanted the customer; only who tells us that they have gone would keep it quiet."""
    house.serve(rules=[catch_all("d-mobile")])
    house.tell(envelope("call.waiting", not_after="2026-11-20T10:05:00Z"))

    ended = envelope("call.ended", outcome="abandoned")
    house.tell(ended, ended | {"id": "told-again"})

    assert [(r["channel"].value, r["status"].value) for r in house.deliveries()] == [
        ("call", "cancelled"),
        ("sms", "pending"),
    ]
    assert house.deliveries(channel="call")[0]["reason"] is Reason.CALLER_GONE
    assert [told["outcome"] for told in house.outcomes("call.forwarded")] == ["no_answer"]


def test_an_ended_call_leaves_its_message_be(house: House) -> None:
    """Only the dialling is pointless."""
    house.serve()
    late = _late_call(house)

    house.tell(envelope("call.ended", outcome="abandoned"))

    assert {house.status(i) for i in late} == {DeliveryStatus.PENDING}


def test_a_call_that_nobody_put_through_in_time_becomes_its_message(house: House) -> None:
    """Expired at its deadline, it is told as a message in the same transaction."""
    house.serve(rules=[catch_all("d-mobile", "d-mail")])
    house.tell(envelope("call.waiting", not_after="2026-11-20T10:00:20Z"))
    house.clock.advance(seconds=30)

    with house.store.write() as tx:
        rows = ending.expire(tx, ending.past_deadline(tx, tx.now, 10), Reason.DEADLINE)
        follow_up(tx, house.readings, house.policies.lanes, rows)

    assert [(r["channel"].value, r["status"].value) for r in house.deliveries()] == [
        ("call", "expired"),
        ("sms", "pending"),
        ("email", "pending"),
    ]
    (told,) = house.outcomes("call.forwarded")
    assert told["outcome"] == "expired"


def test_an_event_that_nothing_is_sent_about_is_answered_all_the_same(house: House) -> None:
    """A note is on record although nobody is sent anything."""
    house.register()

    answer = house.hand_in_one(envelope("note.recorded", amends=...))

    assert answer.answer is Answer.ACCEPTED
    told = house.outcomes("event.routed")[-1]
    assert told == {"deliveries": [], "non_sends": []}
