"""Clause 15: who only enquired is kept for a time, and sent nothing of a service, and no offer."""

from contracts.vocabulary import Answer, DeliveryStatus
from store import tables
from tests.building import House
from tests.dispatch.sending import Sending
from tests.factories import envelope
from workers.upkeep.notices import plan_newcomers, plan_notices


def _notices(house: House) -> None:
    while plan_notices(house.store, house.policies):
        pass
    plan_newcomers(house.store, house.policies)


def test_clause_15_nothing_is_sent_to_who_only_enquired_or_ordered(sending: Sending) -> None:
    """No offer, no notice; and no invoice, for they have bought nothing yet."""
    house = sending.house
    house.tell(
        envelope("customer.enquired", subject="C-1"),
        envelope("customer.ordered", subject="C-2"),
        envelope("offer.published", services=..., valid_until=...),
        envelope("policy.changed"),
    )
    house.hand_in(envelope("consent.given", subject="C-1"))  # waits until they are a customer

    _notices(house)

    assert house.deliveries() == []
    assert sending.accepted() == []


def test_clause_15_what_comes_for_them_of_a_service_waits(house: House) -> None:
    """A caller's message for somebody who is no customer yet goes nowhere that was not agreed."""
    house.tell(envelope("customer.enquired"))

    for type_ in ("call.message_taken", "post.received"):
        assert house.hand_in_one(envelope(type_)).answer is Answer.WAITING

    assert house.deliveries() == []


def test_clause_15_what_they_prefer_is_kept_beside_their_details(house: House) -> None:
    """And replaced by what they tell us later."""
    house.tell(envelope("customer.enquired", preferences_note="Rings only in the mornings."))
    house.tell(envelope("customer.enquired", preferences_note="By email, please."))

    (row,) = house.rows(tables.customers)
    with house.store.read() as tx:
        profile = tx.open("customers.profile:C-1042", row["profile"])
    assert b"By email, please." in profile
    assert row["registered_at"] is None


def test_clause_15_from_registration_on_they_are_served_as_any_customer(house: House) -> None:
    """A prospect is no class of customers: it is what somebody is until they are one."""
    house.tell(envelope("customer.enquired"))

    house.serve()
    house.tell(envelope("call.message_taken"))

    assert {row["status"] for row in house.deliveries()} == {DeliveryStatus.PENDING}
    assert len(house.claim()) == 2
