"""Clause 41b and L1: nothing of who is under a legal hold, or restricted, is forgotten."""

from pathlib import Path

import pytest
from sqlalchemy import update

from contracts.vocabulary import Channel
from store import tables
from store.rights.affected import Wrong
from store.rights.disclosures import Asked
from tests.dispatch.sending import Sending
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.restriction import Restricting

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
