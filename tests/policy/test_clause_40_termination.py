"""Clause 40: from the end of the services on, nothing of theirs is used but for what winds up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.vocabulary import Channel, DeliveryStatus, Purpose
from store import tables
from tests.building import BOTH, House
from tests.dispatch.sending import Sending
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office
from workers.upkeep.notices import plan_notices
from workers.upkeep.payments import request_payments

ENDED = datetime(2026, 12, 10, 9, tzinfo=UTC)
WINDING_UP = {Purpose.INVOICE, Purpose.PAYMENT, Purpose.RIGHTS}


def _serve(house: House, post: dict[str, Any] | None = None) -> None:
    forward = {"do": "forward", "postal_destination": "d-postal"}
    rules = [catch_all("d-mobile", "d-mail", post=post or forward)]
    house.serve(services=BOTH, rules=rules)
    house.tell(envelope("consent.given"))


def _end(house: House, at: datetime) -> None:
    house.tell(envelope("service.terminated", terminated_at=at.isoformat()))


def test_clause_40_of_a_backlog_nothing_is_delivered_after_the_end(sending: Sending) -> None:
    """Messages, scans, offers and a notice wait as it comes; each is on record as cancelled."""
    house = sending.house
    _serve(house)
    for number in range(20):
        house.tell(envelope("call.message_taken", call_id=f"call-{number}"))
    house.tell(
        envelope("post.received", item_id="item-7"),
        envelope("offer.published", services=..., valid_until=...),
        envelope("policy.changed"),
    )
    while plan_notices(house.store, house.policies):
        pass
    backlog = len(house.deliveries())
    assert backlog > 40

    _end(house, house.clock.now)
    for channel in (Channel.SMS, Channel.EMAIL, Channel.CALL):
        sending.deliver(channel)

    assert sending.accepted() == []
    assert {(row["status"], row["reason"].value) for row in house.deliveries()} == {
        (DeliveryStatus.CANCELLED, "service_terminated")
    }
    entries = house.entries(outcome="cancelled")
    assert len({entry["delivery_id"] for entry in entries}) == backlog


def test_clause_40_what_comes_after_the_end_is_not_sent_and_on_record(sending: Sending) -> None:
    """The call-centre may not know yet: its message reaches nobody, and that is known."""
    house = sending.house
    _serve(house)
    _end(house, house.clock.now)

    house.tell(
        envelope("call.message_taken"),
        envelope("call.waiting", not_after=(house.clock.now + timedelta(seconds=60)).isoformat()),
    )

    assert house.deliveries() == []
    reasons = {entry["reason"].value for entry in house.entries(outcome="not_sent")}
    assert reasons == {"service_terminated"}


def test_clause_40_the_final_account_still_goes(sending: Sending) -> None:
    """Who has left may owe, and must hear of it."""
    house = sending.house
    _serve(house)
    _end(house, house.clock.now)

    house.tell(envelope("invoice.overdue"), envelope("payment.failed"))
    claimed = house.claim()

    assert len(claimed) == 2
    assert {one.purpose for one in claimed} <= WINDING_UP


def test_clause_40_later_post_is_held_and_nobody_is_told_of_it(house: House) -> None:
    """Whatever the rules said; what becomes of it is the office's to decide, and is on record."""
    _serve(house)
    _end(house, house.clock.now)

    house.tell(envelope("post.received", item_id="late"))

    (item,) = house.rows(tables.items, item_id="late")
    assert (item["do"].value, item["why"].value) == ("hold", "service_terminated")
    assert house.deliveries() == []
    assert house.outcomes("post.forward_requested") == []
    house.tell(envelope("item.instructed", subject=None, items=["late"], do="return"))
    (item,) = house.rows(tables.items, item_id="late")
    assert item["do"].value == "return"


def test_clause_40_no_repeat_payment_is_asked_for_from_the_end_on(house: House) -> None:
    """What was due before is; nobody pays for a month in which they are not served."""
    _serve(house)
    house.tell(envelope("subscription.chosen", starts_on="2026-12-01"))
    house.clock.now = ENDED

    _end(house, ENDED)
    house.clock.now = ENDED + timedelta(days=120)
    while request_payments(house.store):
        pass

    assert [one["due_on"] for one in house.outcomes("payment.requested")] == ["2026-12-01"]


def test_clause_40_an_end_that_is_put_off_makes_payments_due_until_then(house: House) -> None:
    """They stay for another month after all."""
    _serve(house)
    house.tell(envelope("subscription.chosen", starts_on="2026-12-01"))
    house.clock.now = ENDED
    _end(house, ENDED)
    house.clock.now = ENDED + timedelta(days=30)
    while request_payments(house.store):
        pass

    _end(house, ENDED + timedelta(days=31))
    house.clock.now = ENDED + timedelta(days=90)
    while request_payments(house.store):
        pass

    asked = [one["due_on"] for one in house.outcomes("payment.requested")]
    assert asked == ["2026-12-01", "2027-01-01"]


def test_clause_40_who_comes_back_chooses_anew_and_pays_from_then_on(house: House) -> None:
    """The time between is nobody's debt."""
    _serve(house)
    house.tell(envelope("subscription.chosen", starts_on="2026-12-01"))
    house.clock.now = ENDED
    _end(house, ENDED)
    while request_payments(house.store):
        pass
    house.clock.now = ENDED + timedelta(days=60)  # 8 February

    house.tell(envelope("subscription.chosen", starts_on="2027-02-08"))
    house.tell(
        envelope("service.started", services=[*BOTH], started_at=house.clock.now.isoformat())
    )
    house.clock.now = ENDED + timedelta(days=95)
    while request_payments(house.store):
        pass

    assert [one["due_on"] for one in house.outcomes("payment.requested")] == [
        "2026-12-01",
        "2027-02-08",
        "2027-03-08",
    ]


def test_clause_40_an_end_that_is_yet_to_come_stops_nothing_before_it(sending: Sending) -> None:
    """To the second: they are served until then, and not a moment longer."""
    house = sending.house
    _serve(house)
    ends = house.clock.now + timedelta(hours=2)
    _end(house, ends)
    house.tell(envelope("call.message_taken"))
    before = house.claim()
    house.tell(envelope("call.message_taken", call_id="call-2"))

    house.clock.now = ends
    after = house.claim()

    assert len(before) == 2
    assert after == []


def test_clause_40_a_copy_is_still_theirs(office: Office) -> None:
    """Access is among what the end does not end."""
    _serve(office.house)
    office.house.tell(envelope("call.message_taken"))
    _end(office.house, office.house.clock.now)

    assert office.copies.copy("C-1042", office.folder / "copy.zip", OFFICER) is not None
