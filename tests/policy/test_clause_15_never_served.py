"""Clause 15: who ordered or registered, and was never served, is kept no longer than a prospect."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import insert

from contracts.vocabulary import Answer, Checked, RightsStatus
from store import tables
from store.rights import requests as rights
from tests.building import House
from tests.factories import envelope, file
from tests.policy.desk import OFFICER, Office
from tests.policy.racing import at_once, enquire, started
from workers.rights.holds import Holds
from workers.rights.retention import Retaining

SECOND = timedelta(seconds=1)
HEARD = datetime(2027, 1, 31, 12, tzinfo=UTC)
OVER = HEARD.replace(year=2028)


def _retain(office: Office, at: datetime | None = None) -> None:
    house = office.house
    house.clock.now = at or house.clock.now
    retaining = Retaining(house.store, house.policies, lambda: office.files)
    while retaining.run():
        pass


def _is_there(office: Office) -> bool:
    return bool(office.house.rows(tables.customers, ref="C-1042"))


def _be_checked(house: House) -> None:
    with house.store.write() as tx:
        row = {
            "id": tx.new_id(),
            "customer_ref": "C-1042",
            "individual_id": "person-1",
            "result": Checked.PASSED,
            "content": tx.seal(None, "identities.content:1", b"a passport"),
            "received_at": tx.now,
        }
        tx.connection.execute(insert(tables.identities).values(row))


def _close_requests(house: House) -> None:
    with house.store.write() as tx:
        for one in rights.listed(tx, "C-1042"):
            rights.close(tx, one, RightsStatus.DONE, "was sent")


@pytest.mark.parametrize("what", ["customer.ordered", "customer.registered"])
def test_clause_15_who_was_never_served_is_forgotten_in_time(office: Office, what: str) -> None:
    """A year after the last that was heard of them, not a second early; and they may come back."""
    house = office.house
    house.clock.now = HEARD - timedelta(days=60)
    house.tell(envelope(what))
    house.clock.now = HEARD
    house.tell(envelope("note.recorded", amends=...))

    _retain(office, OVER - SECOND)
    early = _is_there(office)
    _retain(office, OVER + SECOND)

    assert early
    assert office.rows_of("C-1042") == {}
    assert house.rows(tables.data_keys, owner="C-1042") == []
    house.tell(envelope(what))


def test_clause_15_who_is_served_is_forgotten_by_no_silence(office: Office) -> None:
    """Nor is who was served once: their time runs from the end."""
    house = office.house
    house.serve()
    _retain(office, house.clock.now + timedelta(days=3_000))
    served = _is_there(office)
    house.tell(envelope("service.terminated", terminated_at=house.clock.now.isoformat()))

    _retain(office, house.clock.now + timedelta(days=800))

    assert served
    assert "content" not in {row["retention"].value for row in house.rows(tables.destructions)}
    assert house.rows(tables.events, customer_ref="C-1042")


@pytest.mark.parametrize(
    ("kept", "until"),
    [("an invoice", HEARD.replace(year=2033)), ("a check", HEARD.replace(year=2032))],
)
def test_clause_15_what_the_law_has_kept_of_them_is_kept_for_its_time(
    office: Office, kept: str, until: datetime
) -> None:
    """Invoices are for six years and checks of identity for five, whoever was served."""
    house = office.house
    house.clock.now = HEARD
    document = b"%PDF-1.7 an invoice"
    office.files.put(file(document)["sha256"], document)
    house.tell(envelope("customer.registered", invoice_email=..., contact=...))
    if kept == "an invoice":
        house.tell(envelope("invoice.issued", document=file(document)))
    else:
        _be_checked(house)
    house.clock.now = HEARD

    _retain(office, until - SECOND)
    early = _is_there(office)
    _retain(office, until + 2 * SECOND)

    assert early
    assert office.rows_of("C-1042").keys() <= {"ledger"}
    assert house.rows(tables.identities) == []


@pytest.mark.parametrize("what", ["a request", "a hold"])
def test_clause_15_nobody_is_forgotten_while_something_of_theirs_is_open(
    office: Office, what: str
) -> None:
    """Once it is not, they are; an answer is a sign of life, from which the year runs anew."""
    house, holds = office.house, Holds(office.house.store)
    house.clock.now = HEARD
    house.register()
    if what == "a hold":
        holds.hold("C-1042", OFFICER)
    else:
        house.tell(envelope("rights.requested"))

    _retain(office, OVER + timedelta(days=400))
    during = _is_there(office)
    holds.lift("C-1042", OFFICER)
    _close_requests(house)
    _retain(office)
    answered = _is_there(office)
    _retain(office, house.clock.now + timedelta(days=367))

    assert during
    assert answered is (what == "a request")
    assert not _is_there(office)


def test_clause_15_what_they_asked_and_were_told_can_be_listed_afterwards(office: Office) -> None:
    """Their words went with the key; that they asked is kept as for anybody who was erased."""
    house = office.house
    house.register()
    house.tell(envelope("rights.requested"))
    _close_requests(house)

    _retain(office, house.clock.now + timedelta(days=800))

    with house.store.read() as tx:
        (left,) = rights.listed(tx, "C-1042", closed=True)
    assert (left.detail, left.answer) == (None, None)
    assert not _is_there(office)


def test_clause_15_forgetting_and_starting_are_never_both_done(office: Office) -> None:
    """They hold one name: whichever is first, the other finds what it did."""
    house = office.house
    retaining = Retaining(house.store, house.policies, lambda: office.files)
    unfair = []
    for ref in (f"C-{number}" for number in range(20)):
        enquire(house, ref)
        house.clock.advance(days=400)

        _, answered = at_once(retaining.run, partial(house.hand_in_one, started(ref)))

        is_served = answered.answer is Answer.ACCEPTED
        if is_served is not bool(house.rows(tables.customers, ref=ref)):
            unfair.append(ref)

    assert unfair == []
