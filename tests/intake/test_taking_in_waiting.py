"""Is what an event needs, and is not here yet, waited for, and is the event then taken up?"""

import json
from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import Answer, EventStatus
from store import inbox, tables
from tests import factories
from tests.building import POST, House, place, preferences, submission, verified
from tests.factories import Sample, catch_all, envelope
from workers.intake.taking_in import TakingIn
from workers.intake.whose import customer_name, digest

NUMBER = "+441632960200"


def _call(**changes: Any) -> Sample:
    return envelope("call.message_taken", **changes)


def _order(house: House) -> list[str]:
    """The events whose deliveries were planned, in the order of planning, once each."""
    named = {row["id"]: row["event_id"] for row in house.rows(tables.events)}
    planned = [named[row["event_id"]] for row in house.deliveries()]
    return list(dict.fromkeys(planned))


def test_what_waits_for_its_customer_is_taken_up_in_order_once_served(house: House) -> None:
    """Messages of the first day must not overtake each other because papers came late."""
    early = [_call(id=f"early-{n}", call_id=f"call-{n}") for n in range(3)]

    waiting = house.hand_in(*early)
    house.serve()

    assert [(a.answer, a.waits_for) for a in waiting.answers] == [(Answer.WAITING, "customer")] * 3
    assert _order(house) == ["early-0", "early-1", "early-2"]
    assert house.rows(tables.waits) == []
    assert {house.event(e["id"])["status"] for e in early} == {EventStatus.ROUTED}
    assert {house.event(e["id"])["rules_version"] for e in early} == {1}


def test_of_very_many_that_wait_some_are_taken_up_at_once_and_upkeep_takes_the_rest(
    house: House,
) -> None:
    """One customer's backlog must not make a transaction of minutes, which nothing survives."""
    early = [_call(id=f"early-{n}", call_id=f"call-{n}") for n in range(5)]
    house.hand_in(*early)
    house.register()
    house.tell(preferences("C-1042", catch_all("d-mobile")))
    few = TakingIn(house.store, house.readings, house.policies, taken_up_at_once=3)

    few.take_in([submission(envelope("service.started", services=["phone_answering"]))])
    left = len(house.rows(tables.waits))
    with house.store.read() as tx:
        names = inbox.some_awaited(tx)
    few.look_again(names)

    assert left == 2
    assert house.rows(tables.waits) == []
    assert _order(house) == [event["id"] for event in early]


def test_what_was_taken_up_late_is_hinted_like_anything_else(house: House) -> None:
    """A message that waited must not wait again for upkeep to find it."""
    house.hand_in(_call())
    house.register()
    house.tell(preferences("C-1042", catch_all("d-mobile", "d-mail")))

    due = house.tell(envelope("service.started", services=["phone_answering"]))

    assert sorted(d.delivery_id for d in due) == [row["id"] for row in house.deliveries()]


def test_waiting_is_told_once_for_each_thing_that_is_waited_for(house: House) -> None:
    """A publisher wants to know that something is missing, not to hear it with every change."""
    event = _call()

    house.hand_in(event)
    house.register()
    house.tell(preferences("C-1042", catch_all("d-mail")))

    told = house.outcomes("event.waiting")
    assert [(t["id"], t["waits_for"]) for t in told] == [
        (event["id"], "customer"),
        (event["id"], "service"),
    ]


@pytest.mark.parametrize(
    ("urgency", "limit"),
    [("routine", timedelta(days=7)), ("urgent", timedelta(minutes=1))],
)
def test_how_long_an_event_may_wait_depends_on_its_urgency(
    house: House, urgency: str, limit: timedelta
) -> None:
    """An emergency for an unknown customer is a person's business within a minute."""
    house.hand_in(_call(urgency=urgency))

    (wait,) = house.rows(tables.waits)
    assert wait["limit_at"] == house.clock.now + limit


def test_a_new_thing_to_wait_for_does_not_move_the_limit(house: House) -> None:
    """Else something could be overdue for ever without anybody seeing it."""
    house.hand_in(_call())
    (first,) = house.rows(tables.waits)
    house.clock.advance(days=2)

    house.register()

    (second,) = house.rows(tables.waits)
    assert (first["kind"], second["kind"]) == ("customer", "service")
    assert second["limit_at"] == first["limit_at"]


@pytest.mark.parametrize("batches", [1, 2], ids=["same batch", "later"])
def test_a_call_to_an_unassigned_number_waits_for_its_assignment(
    house: House, batches: int
) -> None:
    """The first calls to a new number come while its papers are still being typed."""
    house.serve()
    call = _call(subject=None, dialled_number=NUMBER)
    assigned = envelope("number.assigned", number=NUMBER)

    if batches == 1:
        answers = house.hand_in(call, assigned).answers
    else:
        answers = (house.hand_in_one(call), house.hand_in_one(assigned))

    assert answers[0].waits_for == "number"
    row = house.event(call["id"])
    assert (row["customer_ref"], row["status"]) == ("C-1042", EventStatus.ROUTED)
    assert len(house.deliveries()) == 2


def test_a_number_assigned_earlier_in_the_batch_is_known(house: House) -> None:
    """A batch is taken in in its order: what comes later sees what came before."""
    house.serve()

    taken = house.hand_in(
        envelope("number.assigned", number=NUMBER), _call(subject=None, dialled_number=NUMBER)
    )

    assert [a.answer for a in taken.answers] == [Answer.ACCEPTED, Answer.ACCEPTED]


def test_a_number_that_changes_hands_within_a_batch_is_the_new_customers(house: House) -> None:
    """A message told to the number's last owner is a breach of confidence."""
    house.serve("C-1")
    house.serve("C-2")
    house.tell(envelope("number.assigned", subject="C-1", number=NUMBER))
    call = _call(subject=None, dialled_number=NUMBER)

    house.hand_in(
        envelope("number.released", subject="C-1", number=NUMBER),
        envelope("number.assigned", subject="C-2", number=NUMBER),
        call,
    )

    assert house.event(call["id"])["customer_ref"] == "C-2"


def test_post_waits_until_one_customer_bears_its_addressees_name(house: House) -> None:
    """Post for somebody unknown stays in the mailroom, and finds its owner when they register."""
    item = envelope("post.received", subject=None, addressee="The Harbour Lane Joinery Limited")

    waiting = house.hand_in_one(item)
    house.serve("C-7", POST, legal_name="Harbour Lane Joinery Ltd")

    assert waiting.waits_for == "addressee"
    assert house.event(item["id"])["customer_ref"] == "C-7"
    assert house.rows(tables.items)[0]["customer_ref"] == "C-7"


def test_post_whose_addressee_two_customers_bear_stays_unidentified(house: House) -> None:
    """Guessing would hand one customer's letter to another."""
    house.serve("C-1", POST, legal_name="Harbour Lane Ltd")
    house.serve("C-2", POST, legal_name="Harbour Lane LLP")

    answer = house.hand_in_one(envelope("post.received", subject=None, addressee="Harbour Lane"))

    assert (answer.answer, answer.waits_for) == (Answer.WAITING, "addressee")


@pytest.mark.parametrize("subject", [None, "C-1042"])
def test_what_is_said_of_an_item_waits_for_the_item(house: House, subject: str | None) -> None:
    """The customer rings about a letter before the mailroom has scanned its label."""
    house.serve(services=POST)
    said = envelope("item.instructed", subject=subject, items=["item-9"], do="collect")

    waiting = house.hand_in_one(said)
    house.tell(envelope("post.received", item_id="item-9"))

    assert (waiting.answer, waiting.waits_for) == (Answer.WAITING, "item")
    (item,) = house.rows(tables.items)
    assert item["do"] == "collect"


def test_a_verification_waits_for_its_destination(house: House) -> None:
    """Two systems report the two halves; either may be first."""
    house.register()
    said = verified("C-1042", "d-late")

    waiting = house.hand_in_one(said)
    house.tell(place("C-1042", "d-late", "email", "late@example.com"))

    assert waiting.waits_for == "destination"
    (late,) = house.rows(tables.destinations, destination_id="d-late")
    assert late["verified_at"] is not None


def test_rules_wait_until_every_destination_that_they_name_is_there(house: House) -> None:
    """Rules half in force would send half."""
    house.register()
    rules = preferences("C-1042", catch_all("d-a", "d-b"), based_on=0)

    waiting = house.hand_in_one(rules)
    house.tell(place("C-1042", "d-a", "email", "a@example.com"))
    halfway = house.rows(tables.customers)[0]["rules_version"]
    house.tell(place("C-1042", "d-b", "email", "b@example.com"))

    assert (waiting.answer, waiting.waits_for) == (Answer.WAITING, "destination")
    assert halfway == 0
    assert house.rows(tables.customers)[0]["rules_version"] == 1
    assert len(house.outcomes("event.waiting")) == 1


def test_a_withdrawal_waits_for_its_event(house: House) -> None:
    """Queues overtake each other: the event comes after its withdrawal and must not go out."""
    house.serve()
    event = _call()
    withdrawal = envelope(
        "event.withdrawn",
        data=factories.valid("event.withdrawn", source=event["source"], id=event["id"]),
    )

    waiting = house.hand_in_one(withdrawal)
    house.tell(event)

    assert waiting.waits_for == "event"
    assert {row["status"].value for row in house.deliveries()} == {"cancelled"}


def test_a_waiting_events_content_comes_under_its_customers_key(house: House) -> None:
    """Destroying that key must erase what waited, too (hazard 14)."""
    event = _call()
    house.hand_in(event)
    before = house.event(event["id"])["content"][:1]

    house.serve()

    assert before == b"\x02"  # under a key of its own
    assert house.event(event["id"])["content"][:1] == b"\x01"
    with house.store.read() as tx:
        (kept,) = inbox.load(tx, [house.event(event["id"])["id"]])
    assert json.loads(kept.data)["text"] == event["data"]["text"]


def test_a_call_whose_customer_is_unknown_goes_back_to_the_agent_at_once(house: House) -> None:
    """A caller is on the line: waiting would be the worst answer."""
    unknown = envelope("call.waiting", subject=None, call_id="call-77")

    answer = house.hand_in_one(unknown)

    assert answer.answer is Answer.ACCEPTED
    (told,) = house.outcomes("call.forwarded")
    assert (told["call_id"], told["outcome"]) == ("call-77", "failed")
    assert house.rows(tables.waits) == []


def test_the_end_of_a_call_waits_for_nobody(house: House) -> None:
    """It only takes a call off the line; for an unknown customer there is none."""
    answer = house.hand_in_one(envelope("call.ended", subject="C-unknown"))

    assert answer.answer is Answer.ACCEPTED


def test_a_terminated_customers_message_is_not_sent_and_does_not_wait(house: House) -> None:
    """What came too late is on record as not sent; nobody looks for it in a queue."""
    house.serve()
    house.tell(envelope("service.terminated", terminated_at="2026-11-20T09:00:00Z"))

    answer = house.hand_in_one(_call())

    assert answer.answer is Answer.ACCEPTED
    assert house.deliveries() == []
    assert [e["reason"].value for e in house.entries()] == ["service_terminated"]


def test_upkeep_takes_up_what_nobody_woke(house: House) -> None:
    """Should a wait outlive what it waited for, a second look finds it."""
    house.register()
    house.tell(preferences("C-1042", catch_all("d-mail")))
    event = _call()
    house.hand_in(event)
    house.tell(envelope("service.started", services=["phone_answering"]))
    row = house.event(event["id"])
    with house.store.write() as tx:  # as if it had not been seen
        tx.connection.execute(
            tables.events.update()
            .where(tables.events.c.id == row["id"])
            .values(status=EventStatus.WAITING)
        )
        tx.connection.execute(tables.deliveries.delete())
        name = digest(tx, customer_name("C-1042"))
        inbox.put_waits(tx, [inbox.Wait(row["id"], name, "service", house.clock.now, None)])

    taken = house.taking_in.look_again([name])

    assert len(taken.due) == 1
    assert house.event(event["id"])["status"] is EventStatus.ROUTED
