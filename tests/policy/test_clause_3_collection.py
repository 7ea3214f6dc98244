"""Clauses 3 to 6: collected on quotation, order, payment and registration, and nowhere else."""

import json
from typing import Any

import pytest

from contracts.vocabulary import Answer, ErrorCode
from store import tables
from store.customers.known import profile_of
from store.publishers import Publisher
from tests.building import House
from tests.factories import Sample, envelope

BILLING = Publisher("billing", ("invoice.*", "payment.*"), ("/billing/*",))
WEBSITE = Publisher("website", ("customer.enquired", "customer.ordered"), ("/website/*",))


def _profile(house: House, ref: str = "C-1042") -> dict[str, Any] | None:
    with house.store.read() as tx:
        return profile_of(tx, ref)


def _unknown(type_: str) -> Sample:
    """An event of a type that we do not know, by a name that somebody may well use."""
    return envelope("customer.enquired") | {"type": f"onward.{type_}.v1"}


def _is_quarantined(house: House, event: Sample) -> None:
    answer = house.hand_in_one(event)

    assert answer.answer is Answer.REJECTED
    assert [(one.path, one.code) for one in answer.problems] == [("type", ErrorCode.UNKNOWN_TYPE)]
    (kept,) = house.rows(tables.rejected_events)
    with house.store.read() as tx:
        body = tx.open(f"rejected_events.body:{kept['id']}", kept["body"])
    assert json.loads(body)["data"] == event["data"]
    assert len(house.outcomes("event.rejected")) == 1
    assert house.rows(tables.customers) == []


def test_clause_3_a_request_for_a_quotation_is_taken_in(house: House) -> None:
    """And what was told is on record for who asked."""
    house.tell(envelope("customer.enquired"))

    profile = _profile(house)
    assert profile is not None
    assert profile["prospect"]["email"] == "tom@harbourlane.example"


def test_clause_3_an_unknown_kind_of_request_is_kept_and_shown_and_answered(house: House) -> None:
    """A publisher's slip must not lose somebody's enquiry."""
    _is_quarantined(house, _unknown("quotation.requested"))


@pytest.mark.parametrize("stage", ["begun", "placed"])
def test_clause_4_an_order_is_taken_in_at_either_stage(house: House, stage: str) -> None:
    """Who has begun one may want help to end it."""
    house.tell(envelope("customer.ordered", stage=stage))

    profile = _profile(house)
    assert profile is not None
    assert profile["prospect"]["stage"] == stage


def test_clause_4_an_unknown_kind_of_order_is_kept_and_shown_and_answered(house: House) -> None:
    """As with a quotation."""
    _is_quarantined(house, _unknown("order.begun"))


def test_clause_5_what_became_of_a_payment_is_taken_in(house: House) -> None:
    """Both ways, each on record under billing's retention."""
    house.register()

    house.tell(envelope("payment.received"), envelope("payment.failed"))

    kept = {row["type"] for row in house.rows(tables.events, customer_ref="C-1042")}
    assert {"payment.received", "payment.failed"} <= kept


def test_clause_5_an_unknown_kind_of_payment_is_kept_and_shown_and_answered(house: House) -> None:
    """As with a quotation."""
    _is_quarantined(house, _unknown("payment.succeeded"))


def test_clause_6_a_registration_is_taken_in(house: House) -> None:
    """It makes the customer."""
    house.tell(envelope("customer.registered"))

    (row,) = house.rows(tables.customers)
    profile = _profile(house)
    assert row["ref"] == "C-1042"
    assert profile is not None
    assert profile["legal_name"] == "Harbour Lane Joinery Ltd"


def test_clause_6_an_unknown_kind_of_registration_is_kept_and_shown(house: House) -> None:
    """As with a quotation."""
    _is_quarantined(house, _unknown("registration.completed"))


@pytest.mark.parametrize(
    ("publisher", "source"),
    [(BILLING, "/billing/main"), (WEBSITE, "/website/main"), (WEBSITE, "/bought/list")],
    ids=["another system", "one that asks for quotations alone", "a source of its own making"],
)
def test_clause_6_nothing_is_collected_from_any_other_source(
    house: House, publisher: Publisher, source: str
) -> None:
    """Who may report registrations is said once, and a bought list is nobody's."""
    house.admit(publisher)

    answer = house.hand_in_one(envelope("customer.registered", source=source), publisher)

    assert answer.answer is Answer.REJECTED
    assert {one.code for one in answer.problems} == {ErrorCode.NOT_ALLOWED}
    assert house.rows(tables.customers) == []
    assert house.rows(tables.events) == []
