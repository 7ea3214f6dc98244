"""Is an invoice reminded of while it is open and no longer, and is a choice to pay kept?"""

from typing import Any

import pytest

from contracts.vocabulary import DeliveryStatus, ErrorCode, EventStatus
from store import tables
from tests.building import House
from tests.factories import Sample, catch_all, envelope


def _overdue(**changes: Any) -> Sample:
    return envelope("invoice.overdue", **changes)


def _reminders(house: House) -> list[tuple[str, str]]:
    return [(r["status"].value, r["reason"].value) for r in house.deliveries()]


def _not_sent(house: House) -> list[str]:
    return [entry["reason"].value for entry in house.entries(outcome="not_sent")]


def test_an_invoice_goes_to_the_invoice_email_whatever_the_rules_say(house: House) -> None:
    """Nobody mutes what they owe; a rule only adds a notice elsewhere."""
    house.serve(rules=[catch_all(timing="none", steps=[])])

    house.tell(envelope("invoice.issued"), _overdue(), envelope("payment.failed"))

    assert [row["destination_id"] for row in house.deliveries()] == ["@invoice"] * 3


@pytest.mark.parametrize(
    ("ended_by", "reason"),
    [("payment.received", "paid"), ("invoice.cancelled", "invoice_cancelled")],
)
def test_a_reminder_that_is_still_unsent_is_called_off(
    house: House, ended_by: str, reason: str
) -> None:
    """Who has paid a minute ago must not be told to pay."""
    house.register()
    house.tell(_overdue())

    house.tell(envelope(ended_by))

    assert _reminders(house)[0] == ("cancelled", reason)


@pytest.mark.parametrize(
    ("ended_by", "reason"),
    [("payment.received", "paid"), ("invoice.cancelled", "invoice_cancelled")],
)
@pytest.mark.parametrize("together", [True, False])
def test_nobody_is_reminded_of_what_is_settled(
    house: House, ended_by: str, reason: str, *, together: bool
) -> None:
    """Billing's list of the overdue may be older than the payment; the record says why not."""
    house.register()
    events = (envelope(ended_by), _overdue())

    if together:
        house.tell_at_once(*events)
    else:
        house.tell(*events)

    reminded = house.event(events[1]["id"])["id"]
    assert house.deliveries(event_id=reminded) == []
    assert _not_sent(house) == [reason]


def test_a_reminder_in_a_workers_hands_is_not_sent_again_after_the_payment(house: House) -> None:
    """The relay said to come again later; by then it is paid."""
    house.register()
    house.tell(_overdue())
    (claimed,) = house.claim()
    house.tell(envelope("payment.received"))
    with house.store.write() as tx:
        tx.connection.execute(
            tables.deliveries.update().values(status=DeliveryStatus.PENDING, due_at=house.clock.now)
        )

    again = house.claim(claimed.delivery_id)

    assert again == []
    assert _reminders(house) == [("cancelled", "overtaken")]


def test_a_payment_for_another_invoice_ends_no_reminder(house: House) -> None:
    """Nor does another customer's, whatever the number on it."""
    house.register()
    house.register("C-2")
    house.tell(_overdue())

    house.tell(
        envelope("payment.received", invoice_number="INV-other"),
        envelope("payment.received", invoice_number=...),
        envelope("payment.received", subject="C-2"),
    )

    assert _reminders(house) == [("pending", "planned")]


def test_an_invoice_is_reminded_of_once_a_day(house: House) -> None:
    """By the customer's own day, however often billing's list is run; then again on the next."""
    house.register()
    house.tell(_overdue())
    house.clock.advance(hours=13, minutes=59)  # a minute to midnight
    house.tell(_overdue())
    before = len(house.deliveries())
    house.clock.advance(minutes=2)

    house.tell(_overdue())

    assert (before, len(house.deliveries())) == (1, 2)
    assert _not_sent(house) == ["reminded_today"]


def test_a_reminder_that_was_taken_back_does_not_count(house: House) -> None:
    """It reached nobody, so that another may."""
    house.register()
    first = _overdue()
    house.tell(first)
    taken_back = {"source": first["source"], "id": first["id"], "reason": "Wrong list."}
    house.tell(envelope("event.withdrawn", data=taken_back))

    house.tell(_overdue())

    assert [status for status, _ in _reminders(house)] == ["cancelled", "pending"]


def test_an_invoice_that_is_cancelled_before_it_left_is_not_sent(house: House) -> None:
    """That it is cancelled is told all the same: they may have heard of it otherwise."""
    house.register()
    issued = envelope("invoice.issued")
    house.tell(issued)

    house.tell(envelope("invoice.cancelled"))

    assert _reminders(house) == [("cancelled", "invoice_cancelled"), ("pending", "planned")]
    assert house.event(issued["id"])["status"] is EventStatus.OVERTAKEN


def test_a_subscription_that_would_be_asked_for_from_long_ago_is_refused(house: House) -> None:
    """Nobody is charged for a year at once by a slip; the answer names the field and the fix."""
    house.register()

    answer = house.hand_in_one(envelope("subscription.chosen", starts_on="2026-09-01"))

    (problem,) = answer.problems
    assert (problem.path, problem.code) == ("data.starts_on", ErrorCode.IMPOSSIBLE)
    assert "name the day" in problem.text


def test_the_end_of_a_subscription_that_nobody_chose_is_refused(house: House) -> None:
    """Silence would let billing believe that something ended."""
    house.register()

    answer = house.hand_in_one(envelope("subscription.ended"))

    assert [problem.path for problem in answer.problems] == ["data.subscription_id"]


def test_how_a_customer_pays_stands_nowhere_in_the_clear(house: House) -> None:
    """A provider's token pays."""
    house.register()
    house.tell(envelope("subscription.chosen"))

    (row,) = house.rows(tables.subscriptions)

    assert b"pm_9Kd1" not in b"".join(str(value).encode() for value in row.values())
