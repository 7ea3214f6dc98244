"""Is a digest one delivery that names its events, each of them once?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.deliveries.claiming import Claim, claim
from store.deliveries.recording import Result, record
from store.engine import Store
from store.reading import queries
from store.reading.tracing import trace
from tests.building import ROOT, House, preferences
from tests.factories import Sample, catch_all, envelope
from tests.wishes.wired import Wired

S = DeliveryStatus
HOURLY = {"digest": {"every": "hour"}}
AT_ELEVEN = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


def hourly(*destinations: str, **action: Any) -> Sample:
    """A catch-all that gathers for an hour."""
    return catch_all(*(destinations or ("d-mobile",)), **({"timing": HOURLY} | action))


def have(house: House, *texts: str, **more: Any) -> list[dict[str, Any]]:
    """Have messages; give their events' rows."""
    made = []
    for number, text in enumerate(texts):
        event = envelope("call.message_taken", call_id=f"call-{text}-{number}", text=text, **more)
        house.tell(event)
        made.append(house.event(event["id"]))
    return made


def inside(house: House, delivery_id: UUID) -> list[UUID]:
    """What a delivery gathers."""
    rows = house.rows(tables.gathered, delivery_id=delivery_id)
    return [row["event_id"] for row in rows if row["left_for"] is None]


def test_what_comes_before_a_digest_is_one_delivery_at_its_time(house: House) -> None:
    """An hour's messages are one text, and each event is told which."""
    house.serve(rules=[hourly("d-mobile")])

    events = have(house, "one", "two", "three")

    row = house.delivery()
    assert (row["due_at"], row["reason"], row["gathers"]) == (AT_ELEVEN, Reason.DIGEST, True)
    assert inside(house, row["id"]) == [event["id"] for event in events]
    told = house.outcomes("event.routed")[-3:]
    assert [[one["delivery_id"] for one in each["deliveries"]] for each in told] == [
        [str(row["id"])]
    ] * 3


def test_each_step_and_each_rule_has_a_digest_of_its_own(house: House) -> None:
    """Two places are two deliveries, and another rule's events are another digest."""
    urgent = hourly("d-mobile", rule_id="urgent") | {"match": {"min_urgency": "urgent"}}
    house.serve(rules=[urgent, hourly("d-mobile", "d-mail")])
    have(house, "one", "two")
    have(house, "three", urgency="urgent")

    sizes = [len(inside(house, row["id"])) for row in house.deliveries()]
    assert sorted(sizes) == [1, 2, 2]


def test_a_digest_that_is_being_sent_is_closed_and_the_next_one_gets_what_comes(
    house: House,
) -> None:
    """Planned before the hour, committed after the claim: never lost, never in two (hazard 19)."""
    house.serve(rules=[hourly("d-mobile")])
    have(house, "one")
    first = house.delivery()["id"]
    ahead = Store(house.store.engine, ROOT, policy_version="2020-04", clock=lambda: AT_ELEVEN)
    with ahead.write() as tx:  # a worker whose clock is a little before that of intake
        assert len(claim(tx, [first], Claim("w", "p", 60)).claimed) == 1

    (late,) = have(house, "two")

    _, second = house.deliveries()
    assert second["due_at"] == AT_ELEVEN + timedelta(hours=1)
    assert inside(house, second["id"]) == [late["id"]]
    assert len(inside(house, first)) == 1


def test_a_digest_claims_all_its_events_and_records_each(house: House) -> None:
    """Each event's own record says that it went, when, and in which delivery."""
    house.serve(rules=[hourly("d-mobile")])
    events = have(house, "one", "two")
    house.clock.now = AT_ELEVEN

    (claimed,) = house.claim()

    assert [one.event_id for one in claimed.gathered] == [event["id"] for event in events]


def test_a_withdrawn_event_leaves_its_digest_and_the_rest_goes(house: House) -> None:
    """Its publisher took back one message, not the others of the hour."""
    house.serve(rules=[hourly("d-mobile")])
    one, two = have(house, "one", "two")

    house.tell(withdrawal(one))

    row = house.delivery()
    assert (row["status"], inside(house, row["id"])) == (S.PENDING, [two["id"]])
    (entry,) = house.entries(outcome="cancelled")
    assert (entry["event_id"], entry["delivery_id"]) == (one["id"], row["id"])
    assert len(house.outcomes("delivery.cancelled")) == 1


def withdrawal(event: dict[str, Any]) -> Sample:
    """Take an event back."""
    data = {"source": event["source"], "id": event["event_id"], "reason": "Wrong customer."}
    return envelope("event.withdrawn", data=data)


def test_a_digest_whose_events_were_all_withdrawn_is_cancelled(house: House) -> None:
    """An empty digest is not sent, and it is on record why."""
    house.serve(rules=[hourly("d-mobile")])
    events = have(house, "one", "two")

    house.tell(*(withdrawal(event) for event in events))

    assert house.standing() == [("d-mobile", "cancelled", "withdrawn")]
    assert {entry["event_id"] for entry in house.entries(outcome="cancelled")} == {
        event["id"] for event in events
    }
    house.clock.now = AT_ELEVEN
    assert house.claim() == []


def test_what_is_withdrawn_while_a_digest_fails_is_not_in_its_next_try(house: House) -> None:
    """Nothing of a withdrawn event goes out, whoever sends the rest again."""
    house.serve(rules=[hourly("d-mobile")])
    one, two = have(house, "one", "two")
    house.clock.now = AT_ELEVEN
    (claimed,) = house.claim()
    house.tell(withdrawal(one))
    refused = Result(
        claimed=claimed,
        verdict="deferred",
        to=S.PENDING,
        reason=Reason.PROVIDER_FAULT,
        due_at=house.clock.now,
    )
    with house.store.write() as tx:
        record(tx, [refused])

    (again,) = house.claim()

    assert [each.event_id for each in again.gathered] == [two["id"]]


def test_what_was_gathered_goes_out_as_planned_when_the_rules_change(house: House) -> None:
    """The customer wants their messages at once from now on; the hour's are on their way."""
    house.serve(rules=[hourly("d-mobile")])
    have(house, "one")

    house.tell(preferences("C-1042", catch_all("d-mail")))
    have(house, "two")

    assert house.standing() == [
        ("d-mobile", "pending", "digest"),
        ("d-mail", "pending", "planned"),
    ]


def test_an_event_whose_destination_is_gone_goes_with_the_others_to_the_next_step(
    house: House,
) -> None:
    """A digest to a mobile that was removed is the next step's digest, at the same time."""
    house.serve(rules=[hourly("d-mobile", "d-mail", mode="first")])
    events = have(house, "one", "two")

    house.tell(envelope("destination.removed", destination_id="d-mobile"))

    _, row = house.deliveries()
    assert (row["destination_id"], row["due_at"]) == ("d-mail", AT_ELEVEN)
    assert inside(house, row["id"]) == [event["id"] for event in events]


def test_each_event_tells_its_own_story(house: House) -> None:
    """Who asks about one event hears of the digest; and of the digest, all its events."""
    house.serve(rules=[hourly("d-mobile")])
    one, two = have(house, "one", "two")
    house.tell(withdrawal(one))
    delivery_id = house.delivery()["id"]

    with house.store.read() as tx:
        left, stayed = queries.stories(tx, [one["id"], two["id"]])
        whole = trace(tx, str(delivery_id))

    assert [(line.id, line.status, line.reason) for line in left.deliveries] == [
        (delivery_id, S.CANCELLED, Reason.WITHDRAWN)
    ]
    assert [(line.id, line.status, line.gathers) for line in stayed.deliveries] == [
        (delivery_id, S.PENDING, True)
    ]
    assert whole is not None
    assert {event.id for event in whole.events} == {one["id"], two["id"]}
    gathered = [step.facts["left_for"] for step in whole.steps if step.what == "gathered"]
    assert sorted(gathered, key=str) == [None, "withdrawn"]


@pytest.mark.parametrize("destination", ["d-mobile", "d-mail"])
def test_a_digest_goes_out_as_one_and_names_each_event(wired: Wired, destination: str) -> None:
    """From three messages to one text or email on the wire, and each is told what became of it."""
    house = wired.house
    house.serve(rules=[hourly(destination)])
    events = have(house, "Bring the keys.", "The van is late.", "Ring Ada.")
    due_at = house.delivery()["due_at"]
    house.clock.now = due_at
    channel = Channel.SMS if destination == "d-mobile" else Channel.EMAIL

    wired.send(channel)

    (taken,) = wired.taken(channel.value)
    assert "3 messages for you" in str(taken.body or taken.subject)
    if channel is Channel.SMS:
        words = ("Bring the keys.", "The van is late.", "Ring Ada.")
        assert all(each in str(taken.body) for each in words)
    accepted = house.entries(outcome="accepted")
    assert {entry["event_id"] for entry in accepted} == {event["id"] for event in events}
    assert {entry["delivery_id"] for entry in accepted} == {house.delivery()["id"]}
    told = house.rows(tables.outbox, name="delivery.accepted")
    assert {row["event_id"] for row in told} == {event["id"] for event in events}
    with house.store.read() as tx:
        sends = queries.sends_of_customer(tx, "C-1042")
    assert {line.event_id for line in sends if line.outcome == "accepted"} == {
        event["event_id"] for event in events
    }
