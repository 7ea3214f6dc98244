"""Clause L6: a complaint about privacy is received, acknowledged in time, answered and closed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import ComplaintStatus, Refusal, Verb
from store import tables
from store.audit import By
from store.rights import complaints
from store.rights.complaints import Complaint
from store.rights.copying import everything
from tests.building import START
from tests.policy.desk import OFFICER, Office, texts
from workers.rights.complaints import STEPS, Came

SAYS = "Ada Quill, on the telephone: my number was read out to a stranger"
ANSWER = By("privacy", "we have spoken with the agent, and are sorry")


def _open(office: Office, **came: Any) -> UUID:
    made = office.complaints.open(Came(SAYS, "phone", **came), OFFICER)
    assert isinstance(made, UUID)
    return made


def _one(office: Office, complaint_id: UUID) -> Complaint:
    with office.house.store.write() as tx:
        found = complaints.find(tx, complaint_id)
    assert found is not None
    return found


def _bring_to(office: Office, status: ComplaintStatus) -> UUID:
    made = _open(office)
    if status is not ComplaintStatus.OPEN:
        office.complaints.acknowledge(made, OFFICER)
    if status is ComplaintStatus.CLOSED:
        office.complaints.close(made, ANSWER)
    assert _one(office, made).status is status
    return made


@pytest.mark.parametrize(
    ("status", "verb", "refusal", "then"),
    [
        ("open", "acknowledge", None, "acknowledged"),
        ("open", "close", Refusal.NOT_ACKNOWLEDGED, "open"),
        ("acknowledged", "acknowledge", Refusal.NO_CHANGE, "acknowledged"),
        ("acknowledged", "close", None, "closed"),
        ("closed", "acknowledge", Refusal.CLOSED, "closed"),
        ("closed", "close", Refusal.CLOSED, "closed"),
    ],
)
def test_clause_l6_each_step_leads_where_it_may(
    office: Office, status: str, verb: str, refusal: Refusal | None, then: str
) -> None:
    """Nobody is answered who was not told that their complaint came, and nobody twice."""
    made = _bring_to(office, ComplaintStatus(status))
    step = office.complaints.acknowledge if verb == "acknowledge" else office.complaints.close

    answered = step(made, ANSWER)

    assert answered is refusal
    assert _one(office, made).status is ComplaintStatus(then)


def test_clause_l6_every_step_from_every_status_is_decided() -> None:
    """A new status fails here until somebody has said what may be done with it."""
    verbs = (Verb.ACKNOWLEDGE_COMPLAINT, Verb.CLOSE_COMPLAINT)

    assert STEPS.keys() == {(status, verb) for status in ComplaintStatus for verb in verbs}


@pytest.mark.parametrize(
    ("received", "until"),
    [
        (datetime(2026, 11, 20, 10, tzinfo=UTC), date(2026, 12, 20)),
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), date(2026, 8, 1)),  # 2 July, at the office
        (START + timedelta(days=1), date(2026, 12, 20)),  # not from the future
    ],
)
def test_clause_l6_it_is_acknowledged_within_30_days(
    office: Office, received: datetime, until: date
) -> None:
    """Counted from the day on which it came, by the office's calendar."""
    made = _open(office, received_at=received)

    assert _one(office, made).acknowledge_by == until


def test_clause_l6_it_keeps_what_was_said_and_what_was_answered_and_when(office: Office) -> None:
    """Sealed, each."""
    made = _open(office)
    office.house.clock.advance(days=3)
    office.complaints.acknowledge(made, OFFICER)
    office.house.clock.advance(days=4)
    office.complaints.close(made, ANSWER)

    one = _one(office, made)

    assert (one.detail, one.answer) == (SAYS, ANSWER.reason)
    assert (one.acknowledged_at, one.closed_at) == (
        START + timedelta(days=3),
        START + timedelta(days=7),
    )
    (row,) = office.house.rows(tables.complaints)
    assert b"Quill" not in row["detail"]
    assert b"sorry" not in row["answer"]


def test_clause_l6_it_stands_in_its_customers_copy(office: Office) -> None:
    """With what was said, and what they were answered; another's is not in it."""
    office.house.serve()
    office.house.serve("C-7")
    made = _open(office, customer="C-1042")
    office.complaints.acknowledge(made, OFFICER)
    office.complaints.close(made, ANSWER)

    with office.house.store.read() as tx:
        theirs, others = (dict(everything(tx, ref)) for ref in ("C-1042", "C-7"))

    assert SAYS in texts(theirs["complaints"])
    assert ANSWER.reason in texts(theirs["complaints"])
    assert others["complaints"] == []


def test_clause_l6_who_complains_need_not_be_a_customer(office: Office) -> None:
    """A caller may; a reference that nobody knows is a mistake, and is said."""
    made = _open(office)

    assert _one(office, made).customer_ref is None
    came = Came(SAYS, "phone", "C-9")
    assert office.complaints.open(came, OFFICER) is Refusal.UNKNOWN
    assert office.complaints.close(UUID(int=0), OFFICER) is Refusal.UNKNOWN


def test_clause_l6_one_of_nobodys_is_forgotten_years_after_it_was_closed(office: Office) -> None:
    """A customer's goes with their records; who is no customer has none that it could go with."""
    office.house.serve()
    for ref in ("C-1042", None):
        made = _open(office, customer=ref)
        office.complaints.acknowledge(made, OFFICER)
        office.complaints.close(made, ANSWER)
    _open(office)

    with office.house.store.write() as tx:
        assert complaints.forget(tx, START) == 0
        assert complaints.forget(tx, START + timedelta(seconds=1)) == 1

    assert [row["customer_ref"] for row in office.house.rows(tables.complaints)] == ["C-1042", None]


def test_clause_l6_one_that_is_not_acknowledged_is_shown_in_time(office: Office) -> None:
    """A week before its last day, and from the day after as overdue; then it is their turn."""
    made = _open(office)
    shown = []
    for days in (20, 7, 3, 1):
        office.house.clock.advance(days=days)
        shown.append(office.clocks)
    office.complaints.acknowledge(made, ANSWER)

    soon, overdue = {"clock/complaint/soon/-": 1}, {"clock/complaint/overdue/-": 1}
    assert shown == [{}, soon, soon, overdue]
    assert office.clocks == {}
