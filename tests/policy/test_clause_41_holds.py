"""Clause 41b and L1: nothing goes of who is under a legal hold, restricted, or unanswered."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from contracts.vocabulary import Channel, Retention, RightsStatus
from store import tables
from store.rights import requests as rights
from store.rights import retaining
from store.rights.affected import Wrong
from store.rights.disclosures import Asked
from tests.dispatch.sending import Sending
from tests.factories import catch_all, envelope, valid
from tests.policy.desk import OFFICER, Office
from workers.rights.complaints import Came
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.restriction import Restricting
from workers.rights.retention import Retaining

CASES = (tables.disclosures, tables.incidents, tables.rejected_events)


def _have_cases(sending: Sending, office: Office, ref: str) -> None:
    """A disclosure, an incident, a rejected event of theirs, all closed."""
    house = sending.house
    house.serve(ref, rules=[catch_all("d-mail")])
    call = envelope("call.message_taken", subject=ref)
    house.tell(call)
    sending.deliver(
        Channel.EMAIL,
        [row["id"] for row in house.deliveries(event_id=house.event(call["id"])["id"])],
    )
    ground = "Data Protection Act 2018, Schedule 2, paragraph 2"
    office.disclosing.open(Asked("a constabulary", "AC/1", ground, ("ledger",)), [ref], OFFICER)
    office.incidents.open("a wrong address", Wrong(customer=ref), None, OFFICER)
    house.hand_in(envelope("invoice.issued", subject=ref, invoice_number=...))
    with house.store.write() as tx:
        for table in CASES:
            tx.connection.execute(update(table).values(closed_at=tx.now))


@pytest.mark.parametrize("why", ["held", "restricted"])
def test_clause_41b_their_closed_cases_are_not_forgotten(
    sending: Sending, tmp_path: Path, why: str
) -> None:
    """Until that is lifted; those of others are, in their time."""
    office = Office(sending.house, tmp_path)
    for ref in ("C-1042", "C-7"):
        _have_cases(sending, office, ref)
    holds, restricting = (
        Holds(office.house.store),
        Restricting(office.house.store, office.house.policies.lanes),
    )
    alone, free = (
        (holds.hold, holds.lift) if why == "held" else (restricting.restrict, restricting.lift)
    )
    alone("C-1042", OFFICER)
    office.house.clock.advance(days=6 * 366)
    forgetting = Forgetting(office.house.store, office.house.policies)

    forgetting.run()
    kept = [len(office.house.rows(table)) for table in CASES]
    free("C-1042", OFFICER)
    forgetting.run()

    assert kept == [1, 1, 1]
    assert [len(office.house.rows(table)) for table in CASES] == [0, 0, 0]


def _retain(office: Office) -> None:
    retaining = Retaining(office.house.store, office.house.policies, lambda: office.files)
    while retaining.run():
        pass


def _end(office: Office) -> None:
    """Let a service end whose records are over by now."""
    house = office.house
    house.serve()
    house.tell(
        envelope("call.message_taken"),
        envelope("service.terminated", terminated_at=house.clock.now.isoformat()),
    )
    house.clock.advance(days=6 * 366)


@pytest.mark.parametrize("kind", ["access", "portability", "correction", "erasure"])
def test_clause_41b_nothing_is_destroyed_before_their_request_is_answered(
    office: Office, kind: str
) -> None:
    """A copy can be made of what is there alone; once they have it, what is over goes."""
    _end(office)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind=kind)))
    before = office.rows_of("C-1042")

    _retain(office)
    during = office.rows_of("C-1042")
    with office.house.store.write() as tx:
        (one,) = rights.listed(tx, "C-1042")
        rights.close(tx, one, RightsStatus.DONE, "was sent")
    _retain(office)

    assert during == before
    assert office.rows_of("C-1042").keys() == {"ledger", "destructions"}


def test_clause_41b_nothing_is_destroyed_before_their_complaint_is_answered(
    office: Office,
) -> None:
    """What it is about may be in any of it, and the complaint itself would go with the sends."""
    _end(office)
    made = office.complaints.open(Came("too many calls", "phone", "C-1042"), OFFICER)
    assert isinstance(made, UUID)
    before = office.rows_of("C-1042")

    _retain(office)
    during = office.rows_of("C-1042")
    office.complaints.acknowledge(made, OFFICER)
    office.complaints.close(made, OFFICER)
    _retain(office)

    assert during == before
    assert office.rows_of("C-1042").keys() == {"ledger", "destructions"}


def test_clause_41b_a_request_that_comes_in_between_stops_what_is_left(office: Office) -> None:
    """Some classes are gone by then, and their certificates say so; the rest can be copied."""
    _end(office)
    with office.house.store.write() as tx:
        (over, *_) = retaining.over(tx, Retention.SENDS, tx.now, 1)
        retaining.begin(tx, over)
    office.house.tell(envelope("rights.requested"))
    before = office.rows_of("C-1042")

    _retain(office)

    assert office.rows_of("C-1042") == before
