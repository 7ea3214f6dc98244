"""Is each period's payment asked for once, on its day or after, and never before?"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from contracts.vocabulary import Repeats, Role
from store import outbox, tables
from store.outbox import to_role
from store.types import SealedBytes
from tests.building import House
from tests.factories import Sample, envelope
from workers.routing.repeats import due_day, due_from, period
from workers.telling import tell
from workers.upkeep.payments import request_payments


def _chosen(**changes: Any) -> Sample:
    return envelope("subscription.chosen", **changes)


def _due_days(house: House) -> list[str]:
    while request_payments(house.store):
        pass
    return [row["due_on"] for row in house.outcomes("payment.requested")]


def _at(house: House, text: str) -> None:
    house.clock.now = datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_payment_is_asked_for_on_its_day_and_not_before(house: House) -> None:
    """Not a second early, by the customer's clock."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-11-30T23:59:59")
    before = _due_days(house)
    _at(house, "2026-12-01T00:00:00")

    after = _due_days(house)
    again = _due_days(house)

    assert (before, after, again) == ([], ["2026-12-01"], ["2026-12-01"])


@pytest.mark.parametrize(
    ("zone", "due_at"),
    [
        ("Pacific/Auckland", "2026-11-30T11:00:00"),
        ("America/New_York", "2026-12-01T05:00:00"),
    ],
)
def test_the_day_begins_by_the_customers_clock(house: House, zone: str, due_at: str) -> None:
    """Wherever they are."""
    house.register(time_zone=zone)
    house.tell(_chosen())
    _at(house, due_at)
    house.clock.advance(seconds=-1)
    before = _due_days(house)
    house.clock.advance(seconds=1)

    assert (before, _due_days(house)) == ([], ["2026-12-01"])


def test_billing_is_told_all_that_it_takes_and_nobody_else_is(house: House) -> None:
    """The method that the customer chose is for whoever takes the payment, and sealed till then."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-12-01T06:00:00")
    _due_days(house)

    (row,) = house.rows(tables.outbox, name="payment.requested")
    with house.store.read() as tx:
        (outcome,) = outbox.after(tx, [to_role(Role.BILLING)], 0, 10)
        (envelope_,) = tell(tx, [outcome])
        others = [
            one
            for role in Role
            if role is not Role.BILLING
            for one in outbox.after(tx, [to_role(role)], 0, 10)
            if one.name == "payment.requested"
        ]

    assert others == []
    assert row["audience"] == "role:billing"
    assert "pm_9Kd1" not in row["facts"]
    told = dict(envelope_.data)  # type: ignore[call-overload]
    assert told.pop("request_id")
    assert told == {
        "subscription_id": "sub-1",
        "period": "2026-12-01/2026-12-31",
        "due_on": "2026-12-01",
        "amount": "120.00",
        "currency": "GBP",
        "method_label": "card ending 4242",
        "provider_token": "pm_9Kd1",
    }


def test_what_was_missed_is_asked_for_period_by_period(house: House) -> None:
    """Nothing ran here for two months; each payment is still one of its own."""
    house.register()
    house.tell(_chosen())
    _at(house, "2027-02-15T08:00:00")

    assert _due_days(house) == ["2026-12-01", "2027-01-01", "2027-02-01"]


def test_a_crash_before_the_commit_asks_for_nothing_twice(house: House) -> None:
    """Asked for and noted are one transaction."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-12-01T06:00:00")

    def dies(_: object) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        request_payments(house.store.under(dies))

    assert _due_days(house) == ["2026-12-01"]


def test_a_clock_that_is_set_back_asks_for_nothing_again(house: House) -> None:
    """A server's clock is mended by an operator; the customer pays once."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-12-01T00:30:00")
    first = _due_days(house)
    _at(house, "2026-11-30T22:00:00")
    set_back = _due_days(house)
    _at(house, "2026-12-01T00:30:00")

    assert first == set_back == _due_days(house)


def test_another_choice_is_used_from_the_next_payment_on(house: House) -> None:
    """And what was asked for stays asked for: the same day is not charged on both cards."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-12-01T06:00:00")
    _due_days(house)

    house.tell(_chosen(method_label="card ending 1111", provider_token="pm_new"))
    same_day = _due_days(house)
    _at(house, "2027-01-01T06:00:00")
    _due_days(house)

    assert same_day == ["2026-12-01"]
    with house.store.read() as tx:
        told = outbox.after(tx, [to_role(Role.BILLING)], 0, 10)
    methods = [(one.content or {})["method_label"] for one in told]
    assert methods == ["card ending 4242", "card ending 1111"]


@pytest.mark.parametrize(
    ("ended_on", "expected"),
    [
        ("2027-01-01", ["2026-12-01"]),  # no further payment on the day of the end
        ("2027-01-02", ["2026-12-01", "2027-01-01"]),
        ("2026-12-01", []),
    ],
)
def test_nothing_is_asked_for_from_the_end_on(
    house: House, ended_on: str, expected: list[str]
) -> None:
    """Who has left is not charged."""
    house.register()
    house.tell(_chosen(), envelope("subscription.ended", ended_on=ended_on))
    _at(house, "2027-03-15T06:00:00")

    assert _due_days(house) == expected


def test_an_end_that_is_put_off_makes_payments_due_again(house: House) -> None:
    """They stay for two months more after all."""
    house.register()
    house.tell(_chosen(), envelope("subscription.ended", ended_on="2026-12-15"))
    _at(house, "2026-12-10T06:00:00")
    _due_days(house)

    house.tell(envelope("subscription.ended", ended_on="2027-01-15"))
    _at(house, "2027-03-10T06:00:00")

    assert _due_days(house) == ["2026-12-01", "2027-01-01"]


def test_who_comes_back_is_not_asked_for_the_time_between(house: House) -> None:
    """The same subscription, chosen again after an end."""
    house.register()
    house.tell(_chosen(), envelope("subscription.ended", ended_on="2026-12-15"))
    _at(house, "2026-12-20T06:00:00")
    _due_days(house)
    _at(house, "2027-03-10T06:00:00")

    house.tell(_chosen())
    before = _due_days(house)
    _at(house, "2027-04-01T06:00:00")

    assert before == ["2026-12-01"]
    assert _due_days(house) == ["2026-12-01", "2027-04-01"]


def test_a_choice_that_its_publisher_took_back_is_never_asked_for(house: House) -> None:
    """Taken for the wrong customer."""
    house.register()
    chosen = _chosen()
    house.tell(chosen)
    taken_back = {"source": chosen["source"], "id": chosen["id"], "reason": "Wrong customer."}
    house.tell(envelope("event.withdrawn", data=taken_back))
    _at(house, "2027-01-01T06:00:00")

    assert _due_days(house) == []


def test_one_that_cannot_be_read_keeps_no_other_waiting(house: House) -> None:
    """One broken row is not everybody's arrears."""
    house.register("C-1")
    house.register("C-2")
    house.tell(_chosen(subject="C-1"), _chosen(subject="C-2"))
    s = tables.subscriptions
    with house.store.write() as tx:
        broken = update(s).where(s.c.customer_ref == "C-1")
        tx.connection.execute(broken.values(content=SealedBytes(b"\x02" + b"x" * 100)))
    _at(house, "2026-12-01T06:00:00")

    request_payments(house.store)

    asked = house.rows(tables.payment_requests)
    assert [row["customer_ref"] for row in asked] == ["C-2"]


@pytest.mark.parametrize(
    ("starts_on", "repeats", "expected"),
    [
        ("2026-01-31", "monthly", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2028-01-31", "monthly", ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]),
        ("2026-11-30", "monthly", ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28"]),
        ("2026-11-30", "quarterly", ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]),
        ("2026-12-01", "quarterly", ["2026-12-01", "2027-03-01", "2027-06-01", "2027-09-01"]),
        ("2028-02-29", "yearly", ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"]),
        ("2024-02-29", "yearly", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
    ],
)
def test_ends_of_months_are_settled_from_the_first_day(
    starts_on: str, repeats: str, expected: list[str]
) -> None:
    """From 31 January by way of February to 31 March: a short month shortens no other."""
    first, each = date.fromisoformat(starts_on), Repeats(repeats)

    assert [due_day(first, each, n).isoformat() for n in range(4)] == expected


@pytest.mark.parametrize("repeats", list(Repeats))
def test_periods_leave_no_day_out_and_none_in_two(repeats: Repeats) -> None:
    """Whatever the first day."""
    for first in (date(2027, 1, 31), date(2028, 2, 29), date(2026, 8, 30), date(2026, 12, 1)):
        days = [due_day(first, repeats, n) for n in range(30)]

        for due_on, following in pairwise(days):
            begins, ends = period(first, repeats, due_on).split("/")
            assert date.fromisoformat(begins) == due_on
            assert date.fromisoformat(ends) + timedelta(days=1) == following
            assert due_from(first, repeats, due_on) == due_on
            assert due_from(first, repeats, due_on + timedelta(days=1)) == following


def test_the_store_itself_lets_no_period_be_asked_for_twice(house: House) -> None:
    """Whatever a later version of the code forgets."""
    house.register()
    house.tell(_chosen())
    _at(house, "2026-12-01T06:00:00")
    _due_days(house)
    (asked,) = house.rows(tables.payment_requests)

    with pytest.raises(IntegrityError), house.store.write() as tx:
        tx.connection.execute(insert(tables.payment_requests), asked | {"request_id": "another"})
