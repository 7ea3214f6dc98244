"""Clause 7: a quotation or an order takes five fields, a wish and the way they came; no more."""

from typing import Any

import pytest

from contracts.events.customers import Enquired, Ordered
from contracts.vocabulary import Answer, ErrorCode
from store import tables
from store.customers.known import profile_of
from tests.building import House
from tests.factories import envelope

FORMS = ("customer.enquired", "customer.ordered")
FIVE = {"name", "address", "phone", "email", "service_type"}


def test_clause_7_the_form_has_the_five_fields_the_way_and_what_they_prefer() -> None:
    """A sixth would be collected on no ground that the policy gives."""
    assert Enquired.model_fields.keys() == FIVE | {"via", "preferences_note"}
    assert Ordered.model_fields.keys() - Enquired.model_fields.keys() == {"stage", "order_id"}


@pytest.mark.parametrize("type_", FORMS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_of_birth", "1980-02-29"),
        ("gender", "f"),
        ("card_number", "4111111111111111"),
        ("company_number", "01234567"),
        ("marketing", True),
    ],
)
def test_clause_7_any_other_field_is_refused_and_nothing_of_it_is_kept(
    house: House, type_: str, field: str, value: Any
) -> None:
    """The answer names the field."""
    answer = house.hand_in_one(envelope(type_, **{field: value}))

    assert answer.answer is Answer.REJECTED
    assert (f"data.{field}", ErrorCode.UNKNOWN_FIELD) in [
        (one.path, one.code) for one in answer.problems
    ]
    assert house.rows(tables.customers) == []


@pytest.mark.parametrize("type_", FORMS)
def test_clause_7_the_web_and_the_telephone_make_the_same_record(house: House, type_: str) -> None:
    """But for the way they came: nobody is asked for more by telephone."""
    house.tell_at_once(
        envelope(type_, subject="C-web", via="web"), envelope(type_, subject="C-phone", via="phone")
    )

    with house.store.read() as tx:
        web, phone = (dict((profile_of(tx, ref) or {})["prospect"]) for ref in ("C-web", "C-phone"))
    assert (web.pop("via"), phone.pop("via")) == ("web", "phone")
    assert web == phone
    of_their_own = {"ref", "profile"}
    first, second = (
        {name: value for name, value in row.items() if name not in of_their_own}
        for row in house.rows(tables.customers)
    )
    assert first == second


@pytest.mark.parametrize("via", ["email", "post", "list"])
def test_clause_7_there_is_no_third_way(house: House, via: str) -> None:
    """The policy names the web site and the telephone."""
    answer = house.hand_in_one(envelope("customer.enquired", via=via))

    assert [one.path for one in answer.problems] == ["data.via"]
