"""Clause 15: who only enquired is kept for a time, and sent nothing of a service, and no offer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.vocabulary import Answer, DeliveryStatus, Reason
from store import tables
from store.deliveries.recording import Result, record
from store.files import Files
from tests.building import House
from tests.dispatch.sending import Sending
from tests.factories import envelope
from tests.policy.desk import Office
from workers.rights.retention import Retaining
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


def _forget(house: House, files: Files, at: datetime) -> bool:
    """Destroy what is over at an instant; say whether the prospect is forgotten."""
    house.clock.now = at
    Retaining(house.store, house.policies, lambda: files).run()
    return house.rows(tables.customers) == []


def test_clause_15_their_months_are_counted_as_the_office_counts_them(office: Office) -> None:
    """Heard of half an hour into July: until half an hour into January, and no day less."""
    house, files = office.house, office.files
    retention = replace(house.policies.retention, prospect_months=6)
    house.policies = replace(house.policies, retention=retention)
    house.clock.now = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)  # 1 July by the clocks of London
    house.tell(envelope("customer.enquired"))
    over = datetime(2028, 1, 1, 0, 30, tzinfo=UTC)

    early = _forget(house, files, over - timedelta(seconds=5))
    later = _forget(house, files, over + timedelta(seconds=5))

    assert (early, later) == (False, True)


def test_clause_15_nobody_is_forgotten_while_something_is_being_sent_to_them(
    office: Office,
) -> None:
    """The send ends on a record, which must not vanish under it; then they are."""
    house, files = office.house, office.files
    house.register()
    house.tell(envelope("invoice.issued"))
    (claimed,) = house.claim()

    during = _forget(house, files, house.clock.now + timedelta(days=7 * 366))
    with house.store.write() as tx:
        record(
            tx,
            [
                Result(
                    claimed=claimed,
                    verdict="accepted",
                    to=DeliveryStatus.ACCEPTED,
                    reason=Reason.PROVIDER_ACCEPTED,
                )
            ],
        )
    afterwards = _forget(house, files, house.clock.now)

    assert (during, afterwards) == (False, True)


def test_clause_15_from_registration_on_they_are_served_as_any_customer(house: House) -> None:
    """A prospect is no class of customers: it is what somebody is until they are one."""
    house.tell(envelope("customer.enquired"))

    house.serve()
    house.tell(envelope("call.message_taken"))

    assert {row["status"] for row in house.deliveries()} == {DeliveryStatus.PENDING}
    assert len(house.claim()) == 2
