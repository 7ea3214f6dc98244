"""35, and Article 21: who objects is sent no offers any more, and is told what goes on and why."""

from typing import Any

from contracts.vocabulary import (
    DeliveryStatus,
    Opening,
    Reason,
    Refusal,
    RightsStatus,
    SuppressedBy,
)
from store import tables
from store.evidence import openings
from store.personal import REGISTER, Basis
from store.rights.requests import listed
from tests.building import House
from tests.factories import envelope, valid
from tests.policy.desk import OFFICER, Office
from workers.rights.holds import Holds
from workers.rights.objection import GOES_ON, STOPPED, Objecting, letter
from workers.upkeep.notices import plan_notices


def _objection() -> dict[str, Any]:
    return envelope("rights.requested", data=valid("rights.requested", kind="objection"))


def _offer(house: House) -> None:
    house.tell(envelope("offer.published"))
    while plan_notices(house.store, house.policies):
        pass


def _offers(house: House) -> list[tuple[DeliveryStatus, Reason]]:
    return [
        (r["status"], r["reason"]) for r in house.deliveries() if r["purpose"].value == "offers"
    ]


def test_clause_35_an_objection_stops_offers_before_anybody_has_read_it(office: Office) -> None:
    """What is on its way too: a queued offer is not sent."""
    office.house.serve()
    office.house.tell(envelope("consent.given"))
    _offer(office.house)
    assert _offers(office.house) == [(DeliveryStatus.PENDING, Reason.PLANNED)]

    office.house.tell(_objection())
    _offer(office.house)

    assert office.house.claim() == []
    assert _offers(office.house) == [(DeliveryStatus.SUPPRESSED, Reason.OPTED_OUT)]


def test_clause_35_it_outlives_erasure_and_an_old_list(office: Office) -> None:
    """Re-imported under another reference, with what they once agreed to, they get no offers."""
    office.house.register()
    office.house.tell(_objection())
    office.erasing.erase("C-1042", OFFICER)

    office.house.serve("C-7")  # the same addresses
    office.house.tell(envelope("consent.given", subject="C-7"))
    _offer(office.house)

    assert _offers(office.house) == []
    kept = office.house.rows(tables.suppressions)
    assert kept
    assert {row["lifted_at"] for row in kept} == {None}
    assert {row["set_by"] for row in kept} <= {SuppressedBy.OBJECTION, SuppressedBy.CONSENT}


def test_clause_35_who_agrees_again_later_is_sent_offers(office: Office) -> None:
    """It is their choice, and the last word of theirs counts."""
    office.house.serve()
    office.house.tell(_objection())
    office.house.clock.advance(seconds=60)
    office.house.tell(envelope("consent.given", at=office.house.clock.now.isoformat()))
    _offer(office.house)

    assert [one.destination_id for one in office.house.claim()] == ["@invoice"]


def test_clause_35_a_prospect_may_object_too(office: Office) -> None:
    """They have no destinations yet; where they wrote from is barred all the same."""
    office.house.tell(envelope("customer.enquired", subject="C-8"))
    office.house.tell(envelope("rights.requested", subject="C-8", data=_objection()["data"]))

    assert len(office.house.rows(tables.suppressions)) == 1


def test_clause_35_messages_and_invoices_go_on(office: Office) -> None:
    """They rest on the contract: no objection stops them."""
    office.house.serve()
    office.house.tell(_objection())
    Objecting(office.house.store).object("C-1042", OFFICER)

    office.house.tell(envelope("call.message_taken"), envelope("invoice.issued"))

    claimed = [one.destination_id for one in office.house.claim()]
    assert sorted(claimed) == ["@invoice", "d-mail", "d-mail", "d-mobile", "d-mobile"]


def test_clause_35_carried_out_it_is_answered_and_on_record(office: Office) -> None:
    """The answer says what stopped, what goes on, and on which ground."""
    office.house.serve()
    office.house.tell(_objection())

    done = Objecting(office.house.store).object("C-1042", OFFICER)

    assert done.refusal is None
    with office.house.store.read() as tx:
        (request,) = listed(tx, "C-1042", closed=True)
    assert request.status is RightsStatus.DONE
    assert request.answer == letter()
    assert "the law obliges us" in letter()
    (act,) = office.house.rows(tables.acts)
    assert act["verb"].value == "object"
    assert Objecting(office.house.store).object("C-9", OFFICER).refusal is Refusal.UNKNOWN


def test_clause_35_which_documents_they_fetch_is_recorded_no_more(office: Office) -> None:
    """What is on record of it goes; wrong addresses at a link stay, for they keep strangers out."""
    office.house.serve()
    _, mail = office.house.have_message()

    def ask() -> None:
        with office.house.store.write() as tx:
            for opening in (Opening.HANDED_OUT, Opening.WRONG_ADDRESS):
                openings.note(tx, "C-1042", mail, tx.now, opening)

    ask()
    done = Objecting(office.house.store).object("C-1042", OFFICER)
    ask()

    found = [row["opening"] for row in office.house.rows(tables.openings)]
    assert found == [Opening.WRONG_ADDRESS] * 2
    assert done.rows == 1


def test_clause_35_under_a_legal_hold_what_was_fetched_stays_until_it_is_lifted(
    office: Office,
) -> None:
    """A court's need outlasts their wish; from the objection on nothing is added to it."""
    office.house.serve()
    _, mail = office.house.have_message()
    holds = Holds(office.house.store)
    with office.house.store.write() as tx:
        openings.note(tx, "C-1042", mail, tx.now, Opening.HANDED_OUT)
    holds.hold("C-1042", OFFICER)

    done = Objecting(office.house.store).object("C-1042", OFFICER)
    held = len(office.house.rows(tables.openings))
    holds.lift("C-1042", OFFICER)

    assert (done.rows, held) == (0, 1)
    assert office.house.rows(tables.openings) == []


def test_clause_35_all_that_rests_on_our_interests_stops_or_goes_on_for_a_reason() -> None:
    """A new record on that ground fails here until somebody has thought of objections."""
    interests = {name for name, one in REGISTER.items() if one.basis is Basis.INTEREST}

    assert STOPPED.keys() | GOES_ON.keys() == interests
    assert STOPPED.keys() & GOES_ON.keys() == set()
