"""L1: who asks for a restriction is sent nothing; what is held is kept, and can be copied."""

import json
import zipfile

from contracts.vocabulary import DeliveryStatus, Reason, Refusal, RightsStatus
from store import tables
from tests.factories import envelope, valid
from tests.policy.desk import OFFICER, Office
from workers.rights.restriction import Restricting


def _restricting(office: Office) -> Restricting:
    return Restricting(office.house.store)


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


def test_clause_l1_nobody_else_is_restricted(office: Office) -> None:
    """And somebody unknown is told apart."""
    office.house.serve()
    office.house.serve("C-7")
    _restricting(office).restrict("C-1042", OFFICER)
    office.house.tell(envelope("call.message_taken"), envelope("call.message_taken", subject="C-7"))

    assert {one.customer_ref for one in office.house.claim()} == {"C-7"}
    assert _restricting(office).restrict("C-9", OFFICER) is Refusal.UNKNOWN
