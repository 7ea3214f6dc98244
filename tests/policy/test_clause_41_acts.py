"""Clauses 38 and 41b: what operators did, and why, goes with the records of whom it concerned."""

from uuid import UUID

from contracts.vocabulary import Review
from store import tables
from store.audit import By, last_acts
from store.rights.disclosures import Asked
from tests.factories import envelope
from tests.policy.desk import OFFICER, Office
from tests.policy.racing import enquire
from workers.operations import Operations
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.retention import Retaining

WHY = By("kim", "Ada Quill rang us")


def _cancel_all(office: Office) -> None:
    """Cancel all that waits, of every customer at once."""
    ids = [UUID(str(row["id"])) for row in office.house.deliveries()]
    Operations(office.house.store, office.house.policies.lanes).cancel(ids, WHY)


def _end(office: Office, ref: str = "C-1042") -> None:
    at = office.house.clock.now.isoformat()
    office.house.tell(envelope("service.terminated", subject=ref, terminated_at=at))


def _retain(office: Office) -> None:
    sweeper = Retaining(office.house.store, office.house.policies, lambda: office.files)
    while sweeper.run():
        pass


def _reasons(office: Office) -> list[str | None]:
    with office.house.store.read() as tx:
        return [act.reason for act in last_acts(tx, 50)]


def test_clause_41b_what_was_done_to_a_customer_goes_with_their_sends(office: Office) -> None:
    """Why, what it was done to, what was decided, and that a hold once stood."""
    office.house.serve()
    office.house.tell(envelope("call.message_taken"))
    _cancel_all(office)
    holds = Holds(office.house.store)
    holds.hold("C-1042", WHY)
    holds.lift("C-1042", WHY)
    office.reviewing.decide("C-1042", [], Review.RELEASED, WHY)
    _end(office)
    names = (tables.acts, tables.act_targets, tables.decisions, tables.legal_holds)
    before = [len(office.house.rows(table)) for table in names]

    office.house.clock.advance(days=5 * 366)
    _retain(office)

    assert all(before)
    assert [office.house.rows(table) for table in names] == [[], [], [], []]


def test_clause_41b_an_act_on_several_customers_goes_with_the_last_of_them(office: Office) -> None:
    """What it did to the first goes at once; who is served yet has theirs on record."""
    for ref in ("C-1042", "C-7"):
        office.house.serve(ref)
        office.house.tell(envelope("call.message_taken", subject=ref))
    _cancel_all(office)
    _end(office)
    office.house.clock.advance(days=6 * 366)
    _retain(office)
    left = {row["customer_ref"] for row in office.house.rows(tables.act_targets)}
    reasons = _reasons(office)
    _end(office, "C-7")
    office.house.clock.advance(days=6 * 366)

    _retain(office)

    assert left == {"C-7"}
    assert reasons == [WHY.reason]
    assert office.house.rows(tables.acts) == []


def test_clause_41b_what_concerns_nobody_goes_as_long_after_as_sends_are_kept(
    office: Office,
) -> None:
    """That a provider was paused; what was done to who is served yet stays."""
    office.house.serve()
    office.house.tell(envelope("call.message_taken"))
    _cancel_all(office)
    operations = Operations(office.house.store, office.house.policies.lanes)
    operations.pause("sandbox", WHY)
    forgetting = Forgetting(office.house.store, office.house.policies)
    office.house.clock.advance(days=5 * 365)
    early = forgetting.run()
    office.house.clock.advance(days=6)

    assert (early, forgetting.run()) == (0, 1)
    assert [row["verb"].value for row in office.house.rows(tables.acts)] == ["cancel"]


def test_clause_41b_what_was_done_about_a_disclosure_stays_while_it_does(office: Office) -> None:
    """Who approved it counts until it is closed, however long that takes."""
    office.house.serve()
    ground = "Data Protection Act 2018, Schedule 2, paragraph 2"
    asked = Asked("a constabulary", "AC/1", ground, ("ledger",))
    made = office.disclosing.open(asked, ["C-1042"], OFFICER).disclosure_id
    assert made is not None
    office.disclosing.approve(made, WHY)
    office.house.clock.advance(days=6 * 366)

    Forgetting(office.house.store, office.house.policies).run()

    assert len(office.house.rows(tables.acts)) == 2
    assert len(office.house.rows(tables.decisions)) == 1


def test_clause_38_why_something_was_done_is_erased_with_whom_it_was_about(office: Office) -> None:
    """Also where it was done to others in one go, and its words lie under no key of theirs."""
    enquire(office.house)
    enquire(office.house, "C-7")
    office.house.tell(
        envelope("invoice.issued"), envelope("invoice.issued", subject="C-7", invoice_number="F-7")
    )
    _cancel_all(office)
    Holds(office.house.store).lift("C-1042", WHY)  # none stands: refused, and on record too

    office.erasing.erase("C-1042", WHY)

    assert _reasons(office) == [None, None, None]
    assert "act_targets" not in office.rows_of("C-1042")
    office.house.clock.advance(days=6 * 366)
    Forgetting(office.house.store, office.house.policies).run()
    verbs = [row["verb"].value for row in office.house.rows(tables.acts)]
    assert verbs == ["cancel"]  # on record for the other, who is a customer yet
