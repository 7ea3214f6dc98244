"""L1: who asks for a restriction is sent nothing; what is held is kept, and can be copied."""

import json
import zipfile
from datetime import timedelta

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason, Refusal, RightsStatus
from store import tables
from tests.building import BOTH
from tests.factories import catch_all, envelope, valid
from tests.policy.desk import OFFICER, Office
from workers.rights.restriction import Restricting
from workers.rights.retention import Retaining
from workers.upkeep.payments import request_payments
from workers.upkeep.post import ask_for_rounds, see_to_held


def _restricting(office: Office) -> Restricting:
    return Restricting(office.house.store, office.house.policies.lanes)


def test_clause_l1_nothing_is_sent_and_everything_is_kept(office: Office) -> None:
    """What comes meanwhile is taken in, and waits; a copy works as ever."""
    office.house.serve()
    office.house.tell(envelope("call.message_taken"))
    office.house.tell(
        envelope("rights.requested", data=valid("rights.requested", kind="restriction"))
    )

    assert _restricting(office).restrict("C-1042", OFFICER) is None
    office.house.tell(envelope("call.message_taken"), envelope("invoice.issued"))

    assert office.house.claim() == []
    waiting = office.house.deliveries()
    assert len(waiting) == 7
    assert {(row["status"], row["reason"]) for row in waiting} == {
        (DeliveryStatus.PENDING, Reason.RESTRICTED)
    }
    (request,) = office.house.rows(tables.rights_requests)
    assert request["status"] is RightsStatus.DONE
    to = office.folder / "copy.zip"
    assert office.copies.copy("C-1042", to, OFFICER) is not None
    with zipfile.ZipFile(to) as archive:
        assert len(json.loads(archive.read("records.json"))["deliveries"]) == 7


def test_clause_l1_once_it_is_lifted_what_waited_goes_out(office: Office) -> None:
    """Each once; a second lifting says that there was nothing to lift."""
    office.house.serve()
    restricting = _restricting(office)
    restricting.restrict("C-1042", OFFICER)
    office.house.tell(envelope("call.message_taken"))
    office.house.claim()

    assert restricting.restrict("C-1042", OFFICER) is Refusal.NO_CHANGE
    assert restricting.lift("C-1042", OFFICER) is None
    assert restricting.lift("C-1042", OFFICER) is Refusal.NO_CHANGE

    assert len(office.house.claim()) == 2
    verbs = [row["verb"].value for row in office.house.rows(tables.acts)]
    assert sorted(verbs) == ["restrict", "restrict", "unrestrict", "unrestrict"]


def _post(office: Office) -> None:
    """A customer whose post is sent on each Friday, with one item here already."""
    post = {"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"}
    office.house.serve(services=BOTH, rules=[catch_all("d-mail", post=post)])
    office.house.tell(envelope("post.received", item_id="before"))


def _doing(office: Office) -> dict[str, tuple[str, str]]:
    return {
        row["item_id"]: (row["do"].value, row["why"].value)
        for row in office.house.rows(tables.items)
    }


def _rounds(office: Office) -> None:
    house = office.house
    house.clock.advance(days=8)
    for _ in range(3):
        ask_for_rounds(house.store, house.readings, house.policies)


def test_clause_l1_their_post_is_kept_too_and_goes_on_afterwards(office: Office) -> None:
    """What was to go on Friday stays, what comes meanwhile is held; then both leave."""
    _post(office)
    restricting = _restricting(office)
    restricting.restrict("C-1042", OFFICER)
    office.house.tell(envelope("post.received", item_id="meanwhile"))

    _rounds(office)
    held, asked = _doing(office), office.house.outcomes("post.forward_requested")
    restricting.lift("C-1042", OFFICER)
    _rounds(office)

    assert held["meanwhile"] == ("hold", "restricted")
    assert asked == []
    assert {do for do, _ in _doing(office).values()} == {"forward"}
    told = office.house.outcomes("post.forward_requested")
    assert sorted(item for one in told for item in one["items"]) == ["before", "meanwhile"]


def test_clause_l1_nothing_that_is_held_is_shredded_or_asked_about(office: Office) -> None:
    """To destroy is to do something with it; its time runs on when they are heard again."""
    house = office.house
    post = {"do": "hold", "may_shred": True}
    house.serve(services=BOTH, rules=[catch_all("d-mail", post=post)])
    house.tell(envelope("post.received", item_id="held", contains=..., sender=...))
    _restricting(office).restrict("C-1042", OFFICER)

    house.clock.advance(days=400)
    see_to_held(house.store, house.readings, house.policies)

    (item,) = house.rows(tables.items)
    assert (item["do"].value, item["asked_at"]) == ("hold", None)


@pytest.mark.parametrize("who", ["former customer", "prospect"])
def test_clause_l1_what_is_held_is_not_destroyed_either(office: Office, who: str) -> None:
    """It is kept for them, for a claim it may be; once it is lifted, what is over goes."""
    house = office.house
    if who == "prospect":
        house.tell(envelope("customer.enquired"))
    else:
        house.serve()
        house.tell(envelope("service.terminated", terminated_at=house.clock.now.isoformat()))
    _restricting(office).restrict("C-1042", OFFICER)
    before = office.rows_of("C-1042")
    house.clock.advance(days=7 * 366)
    retaining = Retaining(house.store, house.policies, lambda: office.files)

    retaining.run()
    kept = office.rows_of("C-1042")
    _restricting(office).lift("C-1042", OFFICER)
    while retaining.run():
        pass

    assert kept == before
    assert "events" not in office.rows_of("C-1042")


def test_clause_l1_no_payment_is_asked_for_meanwhile(office: Office) -> None:
    """What fell due is asked for afterwards, each period by itself."""
    house = office.house
    house.serve()
    house.tell(envelope("subscription.chosen", starts_on="2026-12-01"))
    restricting = _restricting(office)
    restricting.restrict("C-1042", OFFICER)
    house.clock.advance(days=45)

    while request_payments(house.store):
        pass
    before = house.outcomes("payment.requested")
    restricting.lift("C-1042", OFFICER)
    while request_payments(house.store):
        pass

    assert before == []
    asked = [one["due_on"] for one in house.outcomes("payment.requested")]
    assert asked == ["2026-12-01", "2027-01-01"]


def test_clause_l1_a_caller_goes_back_to_the_agent_at_once(office: Office) -> None:
    """Nobody is dialled, and the caller is not left to wait for what may take weeks."""
    house = office.house
    house.serve()
    _restricting(office).restrict("C-1042", OFFICER)
    not_after = (house.clock.now + timedelta(seconds=60)).isoformat()

    house.tell(envelope("call.waiting", not_after=not_after))

    assert house.deliveries(channel=Channel.CALL) == []
    assert house.claim() == []
    assert [one["outcome"] for one in house.outcomes("call.forwarded")] == ["failed"]


def test_clause_l1_nobody_else_is_restricted(office: Office) -> None:
    """And somebody unknown is told apart."""
    office.house.serve()
    office.house.serve("C-7")
    _restricting(office).restrict("C-1042", OFFICER)
    office.house.tell(envelope("call.message_taken"), envelope("call.message_taken", subject="C-7"))

    assert {one.customer_ref for one in office.house.claim()} == {"C-7"}
    assert _restricting(office).restrict("C-9", OFFICER) is Refusal.UNKNOWN
