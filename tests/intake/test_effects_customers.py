"""Is a customer on record as its events say, and do others hear what they may?"""

import json

import pytest

from contracts.vocabulary import Answer, DeliveryStatus, ErrorCode
from store import tables
from store.customers.known import profile_of
from tests.building import POST, House, place
from tests.factories import catch_all, envelope
from workers.upkeep.notices import plan_notices

NUMBER = "+441632960200"


def _supplier(house: House) -> list[dict[str, object]]:
    with house.store.read() as tx:
        return [
            {
                "audience": row["audience"],
                **json.loads(tx.open(f"outbox.content:{row['id']}", row["content"])),
            }
            for row in house.rows(tables.outbox)
            if row["name"].startswith("supplier.")
        ]


def test_a_prospect_becomes_a_customer_and_keeps_what_was_told(house: House) -> None:
    """One person, one record, from the first question on."""
    house.tell(
        envelope("customer.enquired", name="Tom Ash", preferences_note="Mornings only."),
        envelope("customer.ordered", name="Tom Ash", preferences_note=...),
    )

    house.tell(envelope("customer.registered"))

    (customer,) = house.rows(tables.customers)
    assert customer["registered_at"] is not None
    with house.store.read() as tx:
        profile = profile_of(tx, "C-1042")
    assert profile is not None
    assert profile["legal_name"] == "Harbour Lane Joinery Ltd"
    assert profile["prospect"]["preferences_note"] == "Mornings only."


def test_a_customer_is_registered_once(house: House) -> None:
    """A second registration would overwrite the first in silence; a correction says what it is."""
    house.register()

    answer = house.hand_in_one(envelope("customer.registered"))

    assert {(p.path, p.code) for p in answer.problems} == {("subject", ErrorCode.IMPOSSIBLE)}


def test_the_call_centre_is_told_the_name_and_business_name_and_nothing_more(
    house: House,
) -> None:
    """The policy names these two, and no other."""
    house.tell(envelope("customer.registered"))
    house.tell(envelope("customer.corrected", data={"trading_name": "HLJ", "told_us_by": "email"}))

    told = _supplier(house)

    assert told == [
        {
            "name": "Tom Ash",
            "audience": "role:call-centre",
            "business_name": "Harbour Lane Joinery",
        },
        {"name": "Tom Ash", "audience": "role:call-centre", "business_name": "HLJ"},
    ]


def test_the_call_centre_is_not_told_of_a_customer_who_has_only_post(house: House) -> None:
    """Nobody will ring for them."""
    house.tell(envelope("customer.registered", services=[*POST]))

    assert _supplier(house) == []


def test_a_correction_changes_only_what_it_names(house: House) -> None:
    """An absent field is not an empty one."""
    house.tell(envelope("customer.registered"))
    new = {"legal_name": "Harbour Lane Joiners Ltd", "told_us_by": "phone"}

    house.tell(envelope("customer.corrected", data=new))

    with house.store.read() as tx:
        profile = profile_of(tx, "C-1042")
    assert profile is not None
    assert profile["legal_name"] == "Harbour Lane Joiners Ltd"
    assert profile["contact"]["email"] == "tom@harbourlane.example"
    (customer,) = house.rows(tables.customers)
    assert customer["time_zone"] == "Europe/London"


def test_a_corrected_name_is_found_on_post_and_the_old_one_no_more(house: House) -> None:
    """Letters come under the name that the company bears now."""
    house.serve(services=POST, legal_name="Old Name Ltd")
    new = {"legal_name": "New Name Ltd", "trading_name": "New Name", "told_us_by": "phone"}
    house.tell(envelope("customer.corrected", data=new))

    found = house.hand_in(
        envelope("post.received", subject=None, item_id="item-1", addressee="New Name"),
        envelope("post.received", subject=None, item_id="item-2", addressee="Old Name"),
    )

    assert [a.answer for a in found.answers] == [Answer.ACCEPTED, Answer.WAITING]


def test_an_invoice_goes_to_the_address_that_the_customer_last_specified(house: House) -> None:
    """Specified by the customer, so it needs no verification; another value is no other place."""
    house.serve(contact={"name": "Tom Ash", "email": "tom@example.com"}, invoice_email=...)
    house.tell(envelope("invoice.issued"))
    new = {"invoice_email": "books@example.com", "told_us_by": "email"}
    house.tell(envelope("customer.corrected", data=new))

    claimed = {c.destination_id: c.destination for c in house.claim()}

    assert claimed["@invoice"] == "books@example.com"


def test_a_number_belongs_to_one_customer_at_a_time(house: House) -> None:
    """A slip at the desk must not turn one customer's calls over to another."""
    house.register("C-1")
    house.register("C-2")
    house.tell(envelope("number.assigned", subject="C-1", number=NUMBER))

    taken = house.hand_in(
        envelope("number.assigned", subject="C-2", number=NUMBER),
        envelope("number.released", subject="C-2", number=NUMBER),
        envelope("number.assigned", subject="C-1", number="01632 960200"),
    )

    assert [a.answer for a in taken.answers] == [
        Answer.REJECTED,
        Answer.REJECTED,
        Answer.ACCEPTED,
    ]
    assert [row["customer_ref"] for row in house.rows(tables.numbers)] == ["C-1"]


def test_calls_to_a_number_of_ours_are_never_sent_round_in_a_circle(house: House) -> None:
    """A call forwarded to the number that it came by would ring us again, and again."""
    house.register("C-1")
    house.register("C-2")
    house.tell(
        envelope("number.assigned", subject="C-1", number=NUMBER),
        place("C-2", "d-desk", "voice", "01632 960201"),
    )

    taken = house.hand_in(
        place("C-2", "d-voice", "voice", NUMBER),
        envelope("number.assigned", subject="C-1", number="01632 960201"),
    )

    assert [{(p.path, p.code) for p in a.problems} for a in taken.answers] == [
        {("data.value", ErrorCode.INVALID)},
        {("data.number", ErrorCode.IMPOSSIBLE)},
    ]


def test_a_service_that_was_not_ordered_does_not_start(house: House) -> None:
    """It would be neither paid for nor wanted."""
    house.register()

    answer = house.hand_in_one(envelope("service.started", services=[*POST]))

    assert {p.path for p in answer.problems} == {"data.services"}


def test_termination_cancels_what_is_unsent_on_record_and_spares_the_final_account(
    house: House,
) -> None:
    """A former customer gets nothing but the invoice that is still due."""
    messages = {**catch_all("d-mobile", "d-mail"), "match": {"events": ["call.message_taken"]}}
    calls = {**catch_all(rule_id="calls"), "match": {"events": ["call.waiting"]}}
    house.serve(rules=[messages, calls])
    house.tell(envelope("invoice.issued"))
    house.have_message()

    house.tell(envelope("service.terminated", terminated_at="2026-11-20T09:59:00Z"))

    assert house.standing() == [
        ("@invoice", "pending", "planned"),
        ("d-mobile", "cancelled", "service_terminated"),
        ("d-mail", "cancelled", "service_terminated"),
    ]
    assert [e["reason"].value for e in house.entries()] == ["service_terminated"] * 2
    assert [c.destination_id for c in house.claim()] == ["@invoice"]


def test_an_end_that_is_yet_to_come_cancels_nothing_before_it(house: House) -> None:
    """Notice is given weeks ahead; until then the customer is served."""
    house.serve()
    mobile, mail = house.have_message()
    house.tell(envelope("service.terminated", terminated_at="2026-11-20T18:00:00Z"))

    now = house.claim(mobile)
    house.clock.advance(hours=9)
    after = house.claim(mail)

    assert ([c.delivery_id for c in now], after) == ([mobile], [])
    assert house.status(mail) is DeliveryStatus.CANCELLED


def test_a_customer_who_comes_back_is_served_again(house: House) -> None:
    """Started again, the end is past."""
    house.serve()
    house.tell(envelope("service.terminated", terminated_at="2026-11-20T09:00:00Z"))
    house.tell(envelope("service.started", services=["phone_answering"]))

    house.have_message()

    assert len(house.claim()) == 2


@pytest.mark.parametrize("withdrawn", [True, False])
def test_an_offer_goes_only_to_who_agreed_and_still_does_when_it_is_claimed(
    house: House, *, withdrawn: bool
) -> None:
    """Consent is asked for when it is sent, not only when it was planned."""
    house.serve()
    house.tell(envelope("consent.given"))
    house.tell(envelope("offer.published"))
    while plan_notices(house.store, house.policies):
        pass
    if withdrawn:
        house.tell(envelope("consent.withdrawn", at="2026-11-20T10:00:00Z"))

    claimed = house.claim()

    expected = ("suppressed", "opted_out") if withdrawn else ("sending", "planned")
    (row,) = house.deliveries()
    assert (row["status"].value, row["reason"].value) == expected
    assert len(claimed) == (0 if withdrawn else 1)


def test_what_a_customer_is_known_by_changes_with_the_record(house: House) -> None:
    """A process that keeps its reading of a customer must not plan by yesterday's."""
    house.serve()
    house.have_message()

    house.tell(
        place("C-1042", "d-mail", "email", "new@example.com"),
        envelope("customer.corrected", data={"locale": "cy-GB", "told_us_by": "phone"}),
    )

    with house.store.read() as tx:
        customer = house.readings.load(tx, ["C-1042"])["C-1042"]
    assert customer.locale == "cy-GB"
    assert customer.destinations["d-mail"].version == 2
