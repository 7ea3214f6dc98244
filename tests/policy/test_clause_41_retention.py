"""Clauses 15, 40 and 41: kept for its time, and never less; then destroyed, and certified."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Update, select, update

from contracts.vocabulary import DeliveryStatus, Retention, RightsStatus
from store import tables
from store.record.sealing import seal_next, verify
from store.rights import prospects, retaining
from store.rights import requests as rights
from store.rights.came_later import Looked, reopen_some
from store.rights.prospects import Quiet
from store.rights.retaining import Over
from tests.building import BOTH
from tests.factories import catch_all, envelope, file
from tests.policy.desk import OFFICER, Office
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.retention import Retaining

ENDED = datetime(2026, 12, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _serve(office: Office) -> None:
    post = {"do": "forward", "postal_destination": "d-postal"}
    office.house.serve(services=BOTH, rules=[catch_all("d-mobile", "d-mail", post=post)])
    office.house.tell(
        envelope("call.message_taken"),
        envelope("post.received"),
        envelope("invoice.issued"),
        envelope("subscription.chosen"),
        envelope("note.recorded", amends=...),
        envelope("correspondence.recorded"),
        envelope("customer.corrected", data={"trading_name": "HLJ", "told_us_by": "email"}),
    )


def _end(office: Office, at: datetime = ENDED) -> None:
    office.house.clock.now = at
    office.house.tell(envelope("service.terminated", terminated_at=at.isoformat()))
    with office.house.store.write() as tx:
        while seal_next(tx):
            pass


def _retain(office: Office, at: datetime) -> None:
    office.house.clock.now = at
    sweeper = Retaining(office.house.store, office.house.policies, lambda: office.files)
    while sweeper.run():
        pass


def _destroyed(office: Office) -> set[str]:
    return {row["retention"].value for row in office.house.rows(tables.destructions)}


def _openable(office: Office) -> set[str]:
    return {
        row["retention"].value
        for row in office.house.rows(tables.data_keys, owner="C-1042")
        if row["wrapped"] is not None
    }


def test_clause_41a_nothing_is_destroyed_a_second_early(office: Office) -> None:
    """Five years to the second, by the calendar."""
    _serve(office)
    _end(office)
    before = office.rows_of("C-1042")

    _retain(office, ENDED.replace(year=2031) - SECOND)

    assert _destroyed(office) == set()
    assert office.rows_of("C-1042") == before


def test_clause_41b_then_it_is_and_invoices_stay_for_a_sixth_year(office: Office) -> None:
    """Each class has its certificate; the chain of what was sent still verifies."""
    _serve(office)
    _end(office)

    _retain(office, ENDED.replace(year=2031))

    assert _destroyed(office) == {"identity", "content", "sends", "contact"}
    assert _openable(office) == {"billing"}
    left = {row["type"] for row in office.house.rows(tables.events, customer_ref="C-1042")}
    assert left
    assert all(one.startswith(("invoice.", "payment.", "subscription.")) for one in left)
    assert office.house.rows(tables.deliveries) == []
    only_new = ("notes", "correspondence", "earlier_values", "supplier_disclosures")
    assert [name for name in only_new if office.house.rows(tables.metadata.tables[name])] == []
    assert all(row["personal"] is None for row in office.house.rows(tables.ledger))
    assert verify(office.house.store).broken is None

    _retain(office, ENDED.replace(year=2032))

    assert _destroyed(office) == {"identity", "content", "sends", "contact", "billing"}
    assert office.rows_of("C-1042").keys() == {"ledger", "destructions"}
    (customer,) = office.house.rows(tables.customers)
    assert (customer["ref"], customer["terminated_at"]) == ("C-1042", ENDED)


def test_clause_41b_a_certificate_says_what_and_when(office: Office) -> None:
    """How many rows, of which class, when its time began and when it went."""
    _serve(office)
    _end(office)

    _retain(office, ENDED.replace(year=2031))

    with office.house.store.read() as tx:
        found = {row["retention"]: row for row in retaining.certificates(tx, "C-1042")}
    content = found[Retention.CONTENT]
    assert content["rows"] >= 3
    assert (content["ended_at"], content["destroyed_at"]) == (ENDED, ENDED.replace(year=2031))


def test_clause_41b_a_legal_hold_outlives_it(office: Office) -> None:
    """Until it is lifted nothing goes, however old."""
    _serve(office)
    _end(office)
    with office.house.store.write() as tx:
        retaining.hold(tx, "C-1042", "a claim before the county court")

    _retain(office, ENDED.replace(year=2040))
    held = _destroyed(office)
    with office.house.store.write() as tx:
        assert retaining.lift(tx, "C-1042") == 1
    _retain(office, ENDED.replace(year=2040))

    assert held == set()
    assert _destroyed(office) == {"identity", "content", "sends", "contact", "billing"}


def test_clause_41b_of_29_february_the_time_ends_on_1_march(office: Office) -> None:
    """There is no such day five years on; a day early would be early."""
    ended = datetime(2028, 2, 29, 12, tzinfo=UTC)
    _serve(office)
    _end(office, ended)

    _retain(office, datetime(2033, 3, 1, 12, tzinfo=UTC) - SECOND)
    before = _destroyed(office)
    _retain(office, datetime(2033, 3, 1, 12, tzinfo=UTC))

    assert before == set()
    assert "content" in _destroyed(office)


def test_clause_41a_who_is_still_served_keeps_everything(office: Office) -> None:
    """However long they have been with us."""
    _serve(office)

    _retain(office, ENDED.replace(year=2050))

    assert _destroyed(office) == set()


def test_clause_40_what_was_queued_at_the_end_is_cancelled_and_recorded(office: Office) -> None:
    """From its commit on nothing more is claimed, but for the final account."""
    _serve(office)

    _end(office)

    claimed = office.house.claim()
    assert {one.purpose.value for one in claimed} <= {"invoice", "payment", "rights"}
    ended = [row for row in office.house.deliveries() if row["purpose"].value == "messages"]
    assert {row["status"] for row in ended} == {DeliveryStatus.CANCELLED}


def test_clause_15_who_only_enquired_is_forgotten_in_time(office: Office) -> None:
    """A year after they were last heard of; and they may come back."""
    office.house.clock.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    office.house.tell(envelope("customer.enquired"))
    office.house.clock.now = datetime(2027, 1, 31, 12, tzinfo=UTC)
    office.house.tell(envelope("customer.enquired"))

    _retain(office, datetime(2028, 1, 31, 12, tzinfo=UTC) - 2 * SECOND)
    still = office.house.rows(tables.customers)
    _retain(office, datetime(2028, 1, 31, 12, 0, 5, tzinfo=UTC))

    assert still
    assert office.house.rows(tables.customers) == []
    assert office.rows_of("C-1042") == {}
    office.house.tell(envelope("customer.enquired"))


def test_a_class_of_many_rows_goes_in_parts(office: Office) -> None:
    """No transaction that intake would have to wait for."""
    _serve(office)
    office.house.tell_at_once(*(envelope("call.message_taken") for _ in range(30)))
    _end(office)
    one = Over("C-1042", Retention.SENDS, ENDED)
    with office.house.store.write() as tx:
        assert retaining.begin(tx, one)

    rounds: list[Any] = []
    while not rounds or not rounds[-1].done:
        with office.house.store.write() as tx:
            rounds.append(retaining.destroy_some(tx, one, 10))

    assert len(rounds) > 5
    assert all(each.rows <= 12 for each in rounds[:-1])


def test_what_a_part_could_not_see_yet_is_gone_when_the_class_is(office: Office) -> None:
    """An entry that commits late stands before where the next part begins."""
    _serve(office)
    office.house.tell_at_once(*(envelope("call.message_taken") for _ in range(10)))
    _end(office)
    one = Over("C-1042", Retention.SENDS, ENDED)
    late, *_ = office.house.entries()
    with office.house.store.write() as tx:
        tx.connection.execute(_first(late).values(personal=None))
        assert retaining.begin(tx, one)
        some = retaining.destroy_some(tx, one, 5)
        tx.connection.execute(_first(late).values(personal=late["personal"]))

    while not some.done:
        with office.house.store.write() as tx:
            some = retaining.destroy_some(tx, one, 5, some.upto)

    assert [row for row in office.house.entries() if row["personal"] is not None] == []


def _first(row: Any) -> Update:
    return update(tables.ledger).where(tables.ledger.c.id == row["id"])


def _certificate(office: Office, retention: Retention = Retention.CONTENT) -> Any:
    with office.house.store.read() as tx:
        return {row["retention"]: row for row in retaining.certificates(tx, "C-1042")}[retention]


def test_clause_41b_what_comes_after_the_certificate_goes_too(office: Office) -> None:
    """Some weeks after it was dealt with; the certificate is written anew, and counts it."""
    _serve(office)
    _end(office)
    at = ENDED.replace(year=2033)
    _retain(office, at)
    before = _certificate(office)
    office.house.clock.now = at + timedelta(days=1)
    office.house.tell(
        envelope("note.recorded", note_id="late", amends=...), envelope("correspondence.recorded")
    )

    _retain(office, at + timedelta(days=2))
    early = office.house.rows(tables.notes)
    _retain(office, at + timedelta(days=32))

    assert early
    assert office.rows_of("C-1042").keys() == {"ledger", "destructions"}
    after = _certificate(office)
    assert after["rows"] >= before["rows"] + 4
    assert after["destroyed_at"] == at + timedelta(days=32)
    assert all(row["personal"] is None for row in office.house.rows(tables.ledger))


def test_clause_41b_a_request_that_comes_later_is_answered_first(office: Office) -> None:
    """Who asks what we still hold must be told; a month later that they asked goes too."""
    _serve(office)
    _end(office)
    at = ENDED.replace(year=2033)
    _retain(office, at)
    office.house.tell(envelope("rights.requested"))

    _retain(office, at + timedelta(days=60))
    (request,) = office.house.rows(tables.rights_requests)
    with office.house.store.write() as tx:
        (one,) = rights.listed(tx, "C-1042")
        rights.close(tx, one, RightsStatus.DONE, "all was destroyed")
    _retain(office, at + timedelta(days=91))

    assert request["closed_at"] is None
    assert office.house.rows(tables.rights_requests) == []


def test_clause_41b_who_was_served_again_keeps_what_is_new_for_its_own_time(
    office: Office,
) -> None:
    """A certificate is of one ending; the next has a time, and a certificate, of its own."""
    _serve(office)
    _end(office)
    _retain(office, ENDED.replace(year=2033))
    again = ENDED.replace(year=2034)
    with office.house.store.write() as tx:
        tx.connection.execute(update(tables.customers).values(terminated_at=None))
    office.house.clock.now = again - timedelta(days=60)
    office.house.tell(envelope("correspondence.recorded"))
    _end(office, again)

    _retain(office, again.replace(year=2039) - SECOND)
    kept = office.house.rows(tables.correspondence)
    _retain(office, again.replace(year=2039))

    assert kept
    assert office.house.rows(tables.correspondence) == []
    assert _certificate(office)["ended_at"] == again


def test_certificates_are_looked_through_some_at_a_time(office: Office) -> None:
    """A company has many former customers: no turn goes through all of them."""
    for ref in ("C-1", "C-2", "C-3"):
        office.house.serve(ref)
    office.house.clock.now = ENDED
    for ref in ("C-1", "C-2", "C-3"):
        office.house.tell(
            envelope("service.terminated", subject=ref, terminated_at=ENDED.isoformat())
        )
    _retain(office, ENDED.replace(year=2033))
    office.house.tell(envelope("correspondence.recorded", subject="C-3"))
    later = ENDED.replace(year=2034)

    with office.house.store.write() as tx:
        first = reopen_some(tx, None, later, 2)
        second = reopen_some(tx, first.upto, later, 2)

    assert (first, second) == (Looked(0, "C-2"), Looked(1, None))


@pytest.mark.parametrize("years", [1, 3])
def test_how_long_content_is_kept_is_the_owners_setting(office: Office, years: int) -> None:
    """Message texts and scans may go earlier than the record of what was sent."""
    _serve(office)
    _end(office)
    retention = office.house.policies.retention
    kept = replace(retention, years={**retention.years, Retention.CONTENT: years})
    office.house.policies = replace(office.house.policies, retention=kept)

    _retain(office, ENDED.replace(year=ENDED.year + years))

    assert _destroyed(office) == {"content"}
    with office.house.store.write() as tx:  # what still comes is kept under keys of its own
        tx.connection.execute(update(tables.customers).values(terminated_at=None))
    office.house.tell(envelope("call.message_taken"))


def test_clause_41b_the_documents_of_invoices_go_with_them(office: Office) -> None:
    """And not a year before: a file goes when the last event that refers to it does."""
    content = b"%PDF-1.7 an invoice"
    kept = file(content)
    office.files.put(kept["sha256"], content)
    _serve(office)
    office.house.tell(envelope("invoice.issued", invoice_number="F-2", document=kept))
    _end(office)

    _retain(office, ENDED.replace(year=2031))
    after_five = office.files.has(kept["sha256"])
    _retain(office, ENDED.replace(year=2032))

    assert after_five
    assert not office.files.has(kept["sha256"])


@pytest.mark.parametrize("meanwhile", ["served again", "held"])
def test_clause_41b_what_changed_since_they_were_looked_for_counts(
    office: Office, meanwhile: str
) -> None:
    """No key is destroyed of who came back, or of whom a court needs, a moment ago."""
    _serve(office)
    _end(office)
    office.house.clock.now = ENDED.replace(year=2031)
    with office.house.store.write() as tx:
        if meanwhile == "held":
            retaining.hold(tx, "C-1042", "a claim")
        else:
            tx.connection.execute(update(tables.customers).values(terminated_at=None))

    with office.house.store.read() as tx:
        over = retaining.is_over(tx, Over("C-1042", Retention.CONTENT, ENDED))
    _retain(office, ENDED.replace(year=2031))

    assert not over
    assert "content" in _openable(office)


def test_a_certificate_counts_what_went_in_earlier_turns(office: Office) -> None:
    """And is none until all has gone."""
    _serve(office)
    _end(office)
    one = Over("C-1042", Retention.SENDS, ENDED)
    with office.house.store.write() as tx:
        assert retaining.begin(tx, one)

    rows, done = 0, False
    while not done:
        with office.house.store.write() as tx:
            assert retaining.certificates(tx) == []
            some = retaining.destroy_some(tx, one, 5)
        rows, done = rows + some.rows, some.done

    with office.house.store.read() as tx:
        (certificate,) = retaining.certificates(tx)
    assert certificate["rows"] == rows > 5


@pytest.mark.parametrize("meanwhile", ["nothing", "heard of again", "held"])
def test_clause_15_what_changed_since_a_prospect_was_looked_for_counts(
    office: Office, meanwhile: str
) -> None:
    """Who writes again at that very moment, or whom a court needs, is not forgotten."""
    office.house.tell(envelope("customer.enquired"))
    quiet = Quiet(office.house.clock.now, {})
    office.house.clock.advance(seconds=60)
    with office.house.store.read() as tx:
        assert [one.customer_ref for one in prospects.forgotten(tx, quiet, 5)] == ["C-1042"]
    if meanwhile == "held":
        Holds(office.house.store).hold("C-1042", OFFICER)
    elif meanwhile == "heard of again":
        office.house.tell(envelope("customer.enquired"))

    with office.house.store.read() as tx:
        forgotten = prospects.is_forgotten(tx, "C-1042", quiet)

    assert forgotten is (meanwhile == "nothing")


def test_clause_41b_a_rejected_event_that_waits_for_nobody_is_forgotten(office: Office) -> None:
    """Whose it is may be known to nobody, so that no end of a service would ever take it along."""
    broken = [envelope("invoice.issued", invoice_number=...) for _ in range(2)]
    office.house.hand_in(*broken)
    with office.house.store.write() as tx:
        first = select(tables.rejected_events.c.id).limit(1)
        this = tables.rejected_events.c.id == first.scalar_subquery()
        tx.connection.execute(update(tables.rejected_events).where(this).values(closed_at=tx.now))
    forgetting = Forgetting(office.house.store, office.house.policies)

    office.house.clock.advance(days=5 * 365)
    early = forgetting.run()
    office.house.clock.advance(days=6)
    later = forgetting.run()

    assert (early, later) == (0, 1)
    assert [row["closed_at"] for row in office.house.rows(tables.rejected_events)] == [None]
