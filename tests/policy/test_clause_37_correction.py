"""37: a correction is a new version, and what is said to be wrong is not used until settled."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import ContestedField, DeliveryStatus, Reason, Refusal, Settlement
from store import tables
from store.deliveries import ending, holding
from store.deliveries.claiming import Claim, claim
from store.rights.contests import let_go_settled, listed
from store.rights.requests import listed as requests
from tests.building import House, place, verified, waits_for_a_lock
from tests.factories import catch_all, envelope, valid
from tests.policy.desk import OFFICER, Office, copied
from tests.waiting import eventually
from workers.operations import Operations
from workers.rights.contesting import Contesting

NEW = "+447700900456"


def _contesting(office: Office) -> Contesting:
    return Contesting(office.house.store, office.house.readings, office.house.policies.lanes)


def _corrected(**fields: Any) -> dict[str, Any]:
    return envelope("customer.corrected", data={**fields, "told_us_by": "phone"})


def test_clause_37_queued_sends_follow_the_new_value_and_past_ones_stay(office: Office) -> None:
    """What went to the old number did go there."""
    office.house.serve()
    first, *_ = office.house.have_message()
    office.house.claim(first)
    queued = [row for row in office.house.have_message() if _to_mobile(office.house, row)]
    before = office.house.entries()

    office.house.tell(place("C-1042", "d-mobile", "mobile", NEW), verified("C-1042", "d-mobile"))

    assert [one.destination for one in office.house.claim(*queued)] == [NEW]
    assert office.house.entries()[: len(before)] == before


def _to_mobile(house: House, delivery_id: Any) -> bool:
    return bool(house.delivery(id=delivery_id)["destination_id"] == "d-mobile")


def test_clause_37_the_old_value_is_kept_and_stands_in_the_copy(office: Office) -> None:
    """Of a destination and of a name; each version, with when it was replaced."""
    office.house.serve(legal_name="Old Name Ltd")
    office.house.tell(
        place("C-1042", "d-mobile", "mobile", NEW),
        _corrected(legal_name="New Name Ltd"),
        _corrected(legal_name="Newer Name Ltd"),
    )

    copy = copied(office, "C-1042")

    earlier = {(row["destination_id"], row["version"]): row for row in copy["earlier_values"]}
    assert earlier["d-mobile", 1]["content"]["value"] == "+447700900123"
    assert earlier["d-mobile", 1]["content"]["verified_at"] is not None
    assert earlier["@profile", 1]["content"]["legal_name"] == "Old Name Ltd"
    assert earlier["@profile", 2]["content"]["legal_name"] == "New Name Ltd"
    assert copy["customers"][0]["profile"]["legal_name"] == "Newer Name Ltd"


def test_clause_37_a_correction_that_changes_nothing_adds_no_version(office: Office) -> None:
    """History is what happened."""
    office.house.serve(legal_name="Old Name Ltd")

    office.house.tell(_corrected(legal_name="Old Name Ltd"))

    assert office.house.rows(tables.earlier_values, destination_id="@profile") == []


def test_clause_37_what_is_contested_is_held_and_not_lost(office: Office) -> None:
    """It does not even expire: to settle it may take a month."""
    office.house.serve()
    assert _contesting(office).contest("C-1042", "d-mobile", None, OFFICER) is None

    mobile, mail = office.house.have_message()
    claimed = office.house.claim()
    office.house.clock.advance(days=20)
    with office.house.store.write() as tx:
        late = ending.past_deadline(tx, tx.now, 100)
        late += holding.park_long_held(tx, 86_400, 100)

    assert [one.delivery_id for one in claimed] == [mail]
    row = office.house.delivery(id=mobile)
    assert (row["status"], row["reason"]) == (
        DeliveryStatus.PENDING,
        Reason.DESTINATION_CONTESTED,
    )
    assert late == []


def test_clause_37_what_a_claim_holds_while_it_is_settled_goes_out(server_house: House) -> None:
    """The claim has not seen the settlement yet, nor that the claim."""
    house = server_house
    house.serve(rules=[catch_all("d-mail")])
    contesting = Contesting(house.store, house.readings, house.policies.lanes)
    contesting.contest("C-1042", "d-mail", None, OFFICER)
    (mail,) = house.have_message()
    settling = threading.Thread(target=contesting.settle, args=("C-1042", "d-mail", OFFICER))

    with house.store.write() as tx:
        claim(tx, [mail], Claim("w-1", "provider", 60))
        settling.start()
        eventually(lambda: waits_for_a_lock(house) or not settling.is_alive(), "both at once")
    settling.join()

    assert [one.delivery_id for one in house.claim()] == [mail]


def test_clause_37_what_a_claim_held_too_late_goes_out_by_upkeep(office: Office) -> None:
    """It may have looked just before, and locked just after; nothing is stuck for it."""
    office.house.serve(rules=[catch_all("d-mail")])
    _contesting(office).contest("C-1042", "d-mail", None, OFFICER)
    (mail,) = office.house.have_message()
    office.house.claim()
    with office.house.store.write() as tx:
        tx.connection.execute(tables.destinations.update().values(contested_at=None))

    with office.house.store.write() as tx:
        due = let_go_settled(tx, office.house.policies.lanes, 100)

    assert [one.delivery_id for one in due] == [mail]
    assert [one.delivery_id for one in office.house.claim()] == [mail]


def test_clause_37_an_operator_cannot_release_what_is_contested(office: Office) -> None:
    """Settling it does, with a word on how."""
    office.house.serve()
    _contesting(office).contest("C-1042", "d-mobile", None, OFFICER)
    mobile, _ = office.house.have_message()
    office.house.claim()
    operations = Operations(office.house.store, office.house.policies.lanes)

    by_id = operations.release([mobile], OFFICER)
    by_customer = operations.release([], OFFICER, customer_ref="C-1042")

    assert [one.refusal for one in by_id.refused] == [Refusal.DESTINATION_CONTESTED]
    assert (by_customer.done, by_customer.refused) == ((), ())
    assert office.house.delivery(id=mobile)["reason"] is Reason.DESTINATION_CONTESTED


def test_clause_37_once_settled_what_was_held_goes_out_in_time(office: Office) -> None:
    """Its deadline is counted anew, and it goes once."""
    office.house.serve()
    contesting = _contesting(office)
    contesting.contest("C-1042", "d-mobile", None, OFFICER)
    mobile, _ = office.house.have_message()
    office.house.claim()
    office.house.clock.advance(days=20)

    refusals = [contesting.settle("C-1042", "d-mobile", OFFICER) for _ in range(2)]

    assert refusals == [None, Refusal.NO_CHANGE]
    assert office.house.delivery(id=mobile)["deadline_at"] > office.house.clock.now
    assert [one.delivery_id for one in office.house.claim()] == [mobile]
    with office.house.store.read() as tx:
        (contest,) = listed(tx, "C-1042", settled=True)
    assert contest.settled_as is Settlement.STANDS


@pytest.mark.parametrize("again", [True, False])
def test_clause_37_a_corrected_destination_is_contested_no_more(
    office: Office, *, again: bool
) -> None:
    """What was held goes to the new value once that is verified, and not before."""
    office.house.serve()
    _contesting(office).contest("C-1042", "d-mobile", None, OFFICER)
    mobile, _ = office.house.have_message()
    office.house.claim()
    if again:  # verifying the contested value does not settle it
        office.house.tell(verified("C-1042", "d-mobile"))
        assert office.house.claim() == []

    office.house.tell(place("C-1042", "d-mobile", "mobile", NEW))
    unverified = office.house.claim()
    office.house.tell(verified("C-1042", "d-mobile"))

    assert unverified == []
    assert [(one.delivery_id, one.destination) for one in office.house.claim()] == [(mobile, NEW)]
    (contest,) = office.house.rows(tables.contests)
    assert contest["settled_as"] is Settlement.CORRECTED


def test_clause_37_a_rule_that_escalates_goes_to_its_next_step(office: Office) -> None:
    """What is urgent reaches them another way that they chose, and meanwhile."""
    steps = [{"destination": "d-mobile", "wait": "PT10M"}, {"destination": "d-mail"}]
    office.house.serve(rules=[catch_all(mode="escalate", steps=steps)])
    _contesting(office).contest("C-1042", "d-mobile", None, OFFICER)
    office.house.have_message()
    first = office.house.claim()

    office.house.clock.advance(minutes=11)
    office.house.go_on()

    assert first == []
    assert [one.destination_id for one in office.house.claim()] == ["d-mail"]


def test_clause_37_a_removed_destination_is_contested_no_more(office: Office) -> None:
    """What was held for it is cancelled, on record."""
    office.house.serve()
    _contesting(office).contest("C-1042", "d-mobile", None, OFFICER)
    mobile, _ = office.house.have_message()
    office.house.claim()

    office.house.tell(envelope("destination.removed", destination_id="d-mobile"))

    assert office.house.status(mobile) is DeliveryStatus.CANCELLED
    (contest,) = office.house.rows(tables.contests)
    assert contest["settled_as"] is Settlement.REMOVED


def test_clause_37_an_invoice_waits_while_its_address_is_contested(office: Office) -> None:
    """And goes to the corrected one, which needs no verification."""
    office.house.serve()
    _contesting(office).contest("C-1042", "@invoice", None, OFFICER)
    office.house.tell(envelope("invoice.issued"))
    before = {one.destination_id for one in office.house.claim()}

    office.house.tell(_corrected(invoice_email="books@example.com"))

    assert before == {"d-mobile", "d-mail"}  # the rule's own notices of it
    assert [one.destination for one in office.house.claim()] == ["books@example.com"]


def test_clause_37_another_correction_does_not_settle_what_is_contested(office: Office) -> None:
    """A new telephone number says nothing about the address that invoices go to."""
    office.house.serve(contact={"name": "Tom Ash", "email": "tom@example.com"}, invoice_email=...)
    _contesting(office).contest("C-1042", "@invoice", None, OFFICER)

    office.house.tell(_corrected(contact={"name": "Ida Ash", "email": "tom@example.com"}))

    (contest,) = office.house.rows(tables.contests)
    assert contest["settled_at"] is None
    assert office.house.rows(tables.earlier_values, destination_id="@invoice") == []


def test_clause_37_suppliers_are_told_of_a_contested_name_only_once_it_is_settled(
    office: Office,
) -> None:
    """Passing on what is said to be wrong would be using it."""
    office.house.tell(envelope("customer.registered"))
    contesting = _contesting(office)
    contesting.contest("C-1042", ContestedField.TRADING_NAME, None, OFFICER)

    office.house.tell(_corrected(contact={"name": "Ida Ash"}))
    during = len(office.house.rows(tables.supplier_disclosures))
    contesting.settle("C-1042", ContestedField.TRADING_NAME, OFFICER)

    assert during == 1
    assert [
        row["name"] for row in office.house.rows(tables.outbox) if "supplier" in row["name"]
    ] == [
        "supplier.told",
        "supplier.corrected",
    ]


def test_clause_37_a_contest_is_part_of_its_request_and_on_record(office: Office) -> None:
    """Who asked, who acted, and that nobody may contest what is not there."""
    office.house.serve()
    told = valid("rights.requested", kind="correction")
    office.house.tell(envelope("rights.requested", data=told))
    with office.house.store.read() as tx:
        (request,) = requests(tx, "C-1042")

    refusals = [
        _contesting(office).contest(ref, what, request, OFFICER)
        for ref, what in [
            ("C-1042", "d-mobile"),
            ("C-1042", "d-mobile"),
            ("C-1042", "d-nowhere"),
            ("C-9", "d-mobile"),
        ]
    ]

    assert refusals == [None, Refusal.NO_CHANGE, Refusal.UNKNOWN, Refusal.UNKNOWN]
    (contest,) = office.house.rows(tables.contests)
    assert contest["rights_request_id"] == request.id
    verbs = [row["verb"].value for row in office.house.rows(tables.acts)]
    assert verbs == ["contest"] * 4
    assert contest["since"] - office.house.clock.now < timedelta(seconds=1)
