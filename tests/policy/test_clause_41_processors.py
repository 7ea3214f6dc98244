"""Clauses 30 and 41b: what is over here is over with each processor that holds a copy, too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.vocabulary import DeliveryStatus, Reason, Retention, RightsStatus
from store import outbox, tables
from store.deliveries.recording import Result, record
from store.rights import processors
from store.rights.processors import Asking, Held
from tests.building import House
from tests.factories import catch_all, envelope, valid
from tests.policy.desk import Office
from tests.policy.processing import RUNS, asked, confirm, sent_to
from workers.rights.forgetting import Forgetting
from workers.rights.retention import Retaining
from workers.telling import tell

ENDED = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIVE, SIX = ENDED.replace(year=2031), ENDED.replace(year=2032)


def _send(house: House, reference: str) -> None:
    for claimed in house.claim():
        sent = Result(
            claimed=claimed,
            verdict="accepted",
            to=DeliveryStatus.ACCEPTED,
            reason=Reason.PROVIDER_ACCEPTED,
            provider="provider",
            reference=reference,
        )
        with house.store.write() as tx:
            record(tx, [sent])


def _have_been_served(office: Office) -> None:
    """A former customer, of whom each part that others run for us has something."""
    house = office.house
    house.serve(rules=[catch_all("d-mail")])
    house.tell(envelope("call.message_taken"))
    _send(house, "SM-77")
    house.tell(envelope("payment.received"))
    house.clock.now = ENDED
    house.tell(envelope("service.terminated", terminated_at=ENDED.isoformat()))


def _retain(office: Office, at: datetime) -> None:
    office.house.clock.now = at
    retaining = Retaining(
        office.house.store, office.house.policies, lambda: office.files, RUNS, answer_days=14
    )
    while retaining.run():
        pass


def _names(office: Office) -> list[str]:
    return sorted(one.processor for one in asked(office.house))


def test_clause_41b_each_processor_is_asked_when_what_it_holds_is_over(office: Office) -> None:
    """Once: who sent and was told with the sends, who is paid with the bills, backups at last."""
    _have_been_served(office)

    _retain(office, FIVE - timedelta(seconds=1))
    early = _names(office)
    _retain(office, FIVE)
    at_five = _names(office)
    _retain(office, FIVE + timedelta(days=40))
    later = _names(office)
    _retain(office, SIX)

    assert early == []
    assert at_five == later == ["centre", "relay"]
    assert _names(office) == ["bank", "centre", "relay", "vaults"]


def test_clause_41b_a_processor_is_told_whom_and_by_which_names(office: Office) -> None:
    """Though nothing of that is left with us when it is told."""
    _have_been_served(office)
    _retain(office, FIVE)

    with office.house.store.write() as tx:
        outbox.give_positions(tx)
        told = [
            (one.subject, one.data)
            for one in tell(tx, outbox.unpublished(tx))
            if one.type == "onward.erasure.requested.v1" and isinstance(one.data, dict)
        ]

    assert office.house.rows(tables.deliveries) == []
    assert {(subject, data["processor"]) for subject, data in told} == {
        ("C-1042", "relay"),
        ("C-1042", "centre"),
    }
    (held,) = (data["held"] for _, data in told if data["processor"] == "relay")
    assert {(one["part"], *one["references"]) for one in held} == {("provider", "SM-77")}


def test_clause_41b_their_receipts_are_awaited_and_then_forgotten(office: Office) -> None:
    """Who does not answer shows as overdue; five years after the last word that goes too."""
    _have_been_served(office)
    _retain(office, FIVE)
    office.house.clock.advance(days=15)
    overdue = asked(office.house)
    forgetting = Forgetting(office.house.store, office.house.policies)

    for one in overdue:
        assert one.due_at < office.house.clock.now
        confirm(office.house, one.erasure_id, one.processor)
    forgetting.run()
    confirmed = asked(office.house, confirmed=True)
    office.house.clock.advance(days=5 * 366, seconds=1)
    forgetting.run()

    assert [one.processor for one in confirmed] == [one.processor for one in overdue]
    assert asked(office.house, confirmed=True) == []


def test_clause_41b_a_receipt_for_it_answers_no_request_of_theirs(office: Office) -> None:
    """Who asks to be erased afterwards is answered by us, and not by what was over anyway."""
    _have_been_served(office)
    _retain(office, FIVE)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))

    for one in asked(office.house):
        confirm(office.house, one.erasure_id, one.processor)

    (request,) = office.house.rows(tables.rights_requests)
    assert request["status"] is RightsStatus.OPEN


def test_clause_41b_what_comes_later_is_passed_on_anew(office: Office) -> None:
    """A payment that comes late lies with who takes payments as any before."""
    _have_been_served(office)
    _retain(office, SIX)
    before = _names(office)
    office.house.tell(envelope("payment.received"))

    _retain(office, SIX + timedelta(days=60))

    assert _names(office) == sorted([*before, "bank", "vaults"])


def test_clause_41b_what_was_said_goes_there_too_where_it_is_kept_for_less(
    office: Office,
) -> None:
    """The carriers hold the texts that we delete; when the sends go they are asked once more."""
    retention = office.house.policies.retention
    shorter = replace(retention, years={**retention.years, Retention.CONTENT: 1})
    office.house.policies = replace(office.house.policies, retention=shorter)
    _have_been_served(office)

    _retain(office, ENDED.replace(year=2027))
    first = _names(office)
    _retain(office, FIVE)

    assert first == ["centre", "relay"]
    assert _names(office) == ["centre", "centre", "relay", "relay"]


def test_clause_15_who_is_forgotten_is_forgotten_there_too(office: Office) -> None:
    """Who was invoiced and never served lies with the relay, the call-centre and the bank."""
    sent_to(office.house)
    office.house.tell(envelope("customer.enquired", subject="C-7"))

    _retain(office, office.house.clock.now + timedelta(days=7 * 366))

    found = {(one.customer_ref, one.processor) for one in asked(office.house)}
    assert found == {
        ("C-1042", "relay"),
        ("C-1042", "centre"),
        ("C-1042", "bank"),
        ("C-1042", "vaults"),
        ("C-7", "vaults"),
    }
    assert office.house.rows(tables.customers) == []


def test_clause_41b_every_send_is_named_however_many_there_were(office: Office) -> None:
    """A request carries a thousand names; five years of sends are more."""
    names = tuple(f"SM-{number}" for number in range(2_500))
    held = (Held("provider", names), Held("call-centre"))

    with office.house.store.write() as tx:
        processors.ask_for_all(tx, "C-1042", [Asking("relay", held)], 14)

    with office.house.store.read() as tx:
        ids = [one.erasure_id for one in processors.listed(tx)]
        found = processors.requested(tx, ids).values()
    assert len(found) == 3
    named = [name for one in found for each in one.held for name in each.named]
    assert sorted(named) == sorted(names)
    assert [each.part for one in found for each in one.held].count("call-centre") == 1
