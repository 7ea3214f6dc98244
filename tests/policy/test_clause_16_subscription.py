"""Clauses 16 and 17: who chose repeat payments is charged so, once a period, and nobody else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.vocabulary import Answer, Role
from store import outbox, tables
from store.outbox import to_role
from tests.building import House
from tests.factories import Sample, envelope
from workers.upkeep.payments import request_payments

DUE_AT = datetime(2026, 12, 1, tzinfo=UTC)


def _chosen(**changes: Any) -> Sample:
    return envelope("subscription.chosen", **changes)


def _asked(house: House, at: datetime) -> list[dict[str, Any]]:
    """What billing has been asked for by a time, with the method that is to be used."""
    house.clock.now = max(at, house.clock.now)
    while request_payments(house.store):
        pass
    house.outcomes("payment.requested")  # gives them their place in the order of telling
    with house.store.read() as tx:
        told = outbox.after(tx, [to_role(Role.BILLING)], 0, 100)
    asked = [one for one in told if one.name == "payment.requested"]
    return [dict(one.facts) | dict(one.content or {}) for one in asked]


def test_clause_16_a_subscription_is_kept_with_the_method_that_was_chosen(house: House) -> None:
    """Sealed: the token pays. What billing is asked later names the very same method."""
    house.register()

    house.tell(_chosen(method_label="card ending 4242", provider_token="pm_first"))

    (row,) = house.rows(tables.subscriptions)
    with house.store.read() as tx:
        kept = tx.open("subscriptions.content:C-1042/sub-1", row["content"])
    assert b"card ending 4242" in kept
    assert b"pm_first" in kept


def test_clause_16_who_chose_none_is_never_charged_again(house: House) -> None:
    """They pay each invoice; a payment of theirs is no wish for another."""
    house.register("C-pays")
    house.register("C-chose")
    house.tell(
        envelope("invoice.issued", subject="C-pays"),
        envelope("payment.received", subject="C-pays"),
        envelope("payment.failed", subject="C-pays"),
        _chosen(subject="C-chose"),
    )

    asked = _asked(house, DUE_AT + timedelta(days=400))

    assert asked
    assert {row["customer_ref"] for row in house.rows(tables.payment_requests)} == {"C-chose"}


def test_clause_17_a_choice_that_is_told_ten_times_is_charged_once(house: House) -> None:
    """By a publisher that was not answered, and by upkeep that was killed and begun again."""
    house.register()
    chosen = _chosen()
    house.tell(chosen)
    again = [house.hand_in_one(chosen).answer for _ in range(9)]

    first = _asked(house, DUE_AT)
    house.hand_in_one(chosen)
    later = [_asked(house, DUE_AT + timedelta(hours=n)) for n in range(10)]

    assert set(again) == {Answer.DUPLICATE}
    assert [one["due_on"] for one in first] == ["2026-12-01"]
    assert all(each == first for each in later)


@pytest.mark.parametrize(("seconds", "count"), [(-1, 0), (0, 1)])
def test_clause_17_nothing_is_charged_a_second_before_it_is_due(
    house: House, seconds: int, count: int
) -> None:
    """And it is, as soon as it is."""
    house.register()
    house.tell(_chosen())

    assert len(_asked(house, DUE_AT + timedelta(seconds=seconds))) == count


def test_clause_17_another_method_is_used_once_it_is_chosen(house: House) -> None:
    """For what was not asked for yet; the card that was given up is not charged again."""
    house.register()
    house.tell(_chosen(method_label="card ending 4242", provider_token="pm_first"))
    _asked(house, DUE_AT)

    house.tell(_chosen(method_label="direct debit", provider_token="pm_second"))
    asked = _asked(house, DUE_AT + timedelta(days=62))

    assert [(one["due_on"], one["method_label"], one["provider_token"]) for one in asked] == [
        ("2026-12-01", "card ending 4242", "pm_first"),
        ("2027-01-01", "direct debit", "pm_second"),
        ("2027-02-01", "direct debit", "pm_second"),
    ]


def test_clause_17_one_period_is_charged_once_however_often_the_method_changes(
    house: House,
) -> None:
    """On its day as well."""
    house.register()
    house.tell(_chosen())
    _asked(house, DUE_AT)

    for number in range(5):
        house.tell(_chosen(provider_token=f"pm_{number}"))

    assert len(_asked(house, DUE_AT + timedelta(hours=20))) == 1
