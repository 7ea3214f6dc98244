"""Can an operator say whom a customer's texts come from, on record and without showing it about?"""

import pytest

from contracts.senders import Sender
from contracts.vocabulary import Refusal, Target, Verb
from store import audit, tables
from store.audit import By
from store.customers.senders import own_senders
from tests.building import House
from workers.operations import Operations

KIM = By("kim", "Their people know that name.")
NAME, NUMBER = Sender("HarbourLane"), Sender("+447700900200")


@pytest.fixture
def operations(house: House) -> Operations:
    """Give the verbs, and a customer to do them to."""
    house.serve()
    return Operations(house.store, house.policies.lanes)


def _senders(house: House) -> list[tuple[str, str]]:
    with house.store.read() as tx:
        return [(one.customer_ref, one.sender) for one in own_senders(tx, 10)]


def test_a_sender_is_set_changed_and_taken_back(house: House, operations: Operations) -> None:
    """Each from the next claim on."""
    operations.set_sender("C-1042", NAME, KIM)
    first = _senders(house)
    operations.set_sender("C-1042", NUMBER, KIM)
    second = _senders(house)
    operations.clear_sender("C-1042", KIM)

    assert first == [("C-1042", "HarbourLane")]
    assert second == [("C-1042", "+447700900200")]
    assert _senders(house) == []


def test_the_audit_says_who_and_why_and_not_which(house: House, operations: Operations) -> None:
    """A name may be a person's: it stands sealed with the customer alone."""
    operations.set_sender("C-1042", NAME, KIM)

    with house.store.read() as tx:
        (act,) = audit.last_acts(tx, 10)
    (target,) = act.targets
    assert (act.actor, act.verb, act.reason) == ("kim", Verb.SET_SENDER, KIM.reason)
    assert (target.kind, target.target, target.detail) == (Target.SENDER, "C-1042", "a name")
    (row,) = house.rows(tables.customers)
    assert b"HarbourLane" not in bytes(row["sms_sender"])


def test_what_changes_nothing_is_refused(house: House, operations: Operations) -> None:
    """And so is what concerns nobody."""
    operations.set_sender("C-1042", NAME, KIM)

    same = operations.set_sender("C-1042", NAME, KIM)
    nobody = operations.set_sender("C-9", NAME, KIM)
    operations.clear_sender("C-1042", KIM)
    none = operations.clear_sender("C-1042", KIM)

    assert [one.refused[0].refusal for one in (same, nobody, none)] == [
        Refusal.NO_CHANGE,
        Refusal.UNKNOWN,
        Refusal.NO_CHANGE,
    ]
    assert _senders(house) == []


def test_a_reading_of_the_customer_is_renewed(house: House, operations: Operations) -> None:
    """Processes keep readings for as long as the revision stands."""
    before = house.rows(tables.customers)[0]["revision"]

    operations.set_sender("C-1042", NAME, KIM)

    assert house.rows(tables.customers)[0]["revision"] == before + 1
