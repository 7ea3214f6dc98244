"""Clause 36: a copy of all our records, before, during and after the service, and in time."""

import json
import zipfile
from datetime import date
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Answer, Refusal, Review, RightsStatus
from store import tables
from store.audit import By
from store.personal import REGISTER
from store.rights import requests as rights
from store.rights.copying import NOT_COPIED, SOURCES
from tests.building import BOTH
from tests.factories import catch_all, envelope, valid
from tests.policy.desk import OFFICER, Office, copied, texts
from workers.operations import Operations
from workers.rights.clock import (
    due_on,
    month_after,
    months_after,
    next_working_day,
    target_on,
    years_after,
)
from workers.rights.copies import WITHHELD, Copied
from workers.rights.holds import Holds
from workers.rights.private_files import private_file

CANARY = "kept for the copy"


def _none(_: date) -> bool:
    return False


def _copy(office: Office, ref: str = "C-1042", **how: Any) -> tuple[Copied, dict[str, bytes]]:
    to = office.folder / f"copy-{len(list(office.folder.glob('copy-*')))}.zip"
    found = office.copies.copy(ref, to, OFFICER, **how)
    assert found is not None
    with zipfile.ZipFile(to) as archive:
        return found, {name: archive.read(name) for name in archive.namelist()}


def _served(office: Office) -> None:
    """A customer with something in every corner."""
    post = {"do": "forward", "postal_destination": "d-postal"}
    rules = [catch_all("d-mobile", "d-mail", post=post)]
    office.house.serve(services=BOTH, rules=rules)
    office.house.tell(
        envelope("number.assigned"),
        envelope("consent.given"),
        envelope("call.message_taken", text=CANARY),
        envelope("post.received"),
        envelope("invoice.issued"),
        envelope("note.recorded", amends=...),
        envelope("correspondence.recorded"),
        envelope("rights.requested"),
        envelope("subscription.chosen"),
    )
    office.house.claim()


def test_clause_36a_a_prospect_gets_all_that_they_told_us(office: Office) -> None:
    """Before any service: an enquiry alone is a record too."""
    office.house.tell(envelope("customer.enquired"))

    _, members = _copy(office)

    told = texts(json.loads(members["records.json"]))
    for value in texts(valid("customer.enquired")).split():
        assert value in told


def test_clause_36b_a_customer_gets_everything_and_can_read_it(office: Office) -> None:
    """Rules in every version, sends, notes, letters, requests: as JSON, CSV and a page."""
    _served(office)

    found, members = _copy(office, release_all=True)

    records = json.loads(members["records.json"])
    told = texts(records)
    for value in (CANARY, "+447700900123", "jo@harbourlane.example", "Ada Quill"):
        assert value in told, value
        assert value in members["read-me-first.html"].decode(), value
    filled = {name for name, rows in records.items() if rows}
    assert filled >= {
        "customers",
        "numbers",
        "destinations",
        "rule_sets",
        "consents",
        "events",
        "deliveries",
        "items",
        "custody",
        "subscriptions",
        "rights_requests",
        "outbox",
    }
    assert {f"csv/{name}.csv" for name in filled} <= members.keys()
    assert found.rows["events"] == len(office.house.rows(tables.events, customer_ref="C-1042"))


def test_clause_36b_a_copy_says_why_each_record_is_held_and_where_to_complain(
    office: Office,
) -> None:
    """Article 15(1) asks for purposes, recipients, periods and remedies beside the records."""
    _served(office)

    _, members = _copy(office)

    why = json.loads(members["manifest.json"])["why"]
    page = unescape(members["read-me-first.html"].decode())
    filled = {name for name, rows in json.loads(members["records.json"]).items() if rows}
    assert why.keys() == filled
    for told in why.values():
        assert all(told.values())
        assert told["purpose"] in page
        assert told["kept"] in page
    assert "call-centre" in why["customers"]["given_to"]
    assert "Information Commissioner" in page


def test_clause_36b_every_table_is_copied_or_says_why_not() -> None:
    """A new table fails here until somebody has thought of the copy."""
    copied = {source.table.name for source in SOURCES}

    assert copied | NOT_COPIED.keys() == REGISTER.keys()
    assert copied & NOT_COPIED.keys() == set()


def test_clause_36b_the_manifest_has_every_digest(office: Office) -> None:
    """So that nobody can say later that something else was in it."""
    _served(office)

    _, members = _copy(office)

    manifest = json.loads(members.pop("manifest.json"))
    assert manifest["files"] == {n: sha256(body).hexdigest() for n, body in members.items()}
    assert manifest["not_copied"] == dict(NOT_COPIED)


def test_clause_36d_other_persons_are_left_out_until_they_were_looked_at(office: Office) -> None:
    """A caller has rights as well; the message itself is the customer's."""
    _served(office)

    found, members = _copy(office)
    told = texts(json.loads(members["records.json"])["events"])
    released, after = _copy(office, released=found.withheld)

    assert found.withheld
    assert "Ada Quill" not in told
    assert WITHHELD in told
    assert CANARY in told
    assert released.withheld == ()
    assert "Ada Quill" in texts(json.loads(after["records.json"])["events"])


def test_clause_36b_what_was_reported_of_them_wrongly_is_in_it_once_looked_at(
    office: Office,
) -> None:
    """It is held until it is mended; and what broke its form may name anybody in any field."""
    office.house.serve()
    office.house.serve("C-7")
    wrong = valid("call.message_taken", text=CANARY) | {"caler": {"name": "Ada Quill"}}
    office.house.hand_in_one(envelope("call.message_taken", data=wrong))
    office.house.hand_in_one(envelope("note.recorded", data={"text": "Zoe"}, subject="C-7"))

    found, members = _copy(office)
    kept_back = json.loads(members["records.json"])["rejected_events"]
    office.reviewing.decide("C-1042", found.undecided, Review.REDACTED, OFFICER)
    _, members = _copy(office)
    redacted = json.loads(members["records.json"])["rejected_events"]
    released, members = _copy(office, released=found.undecided)
    told = texts(json.loads(members["records.json"])["rejected_events"])

    assert len(found.undecided) == 1
    assert [row["body"] for row in kept_back] == [WITHHELD]
    assert [row["body"] for row in redacted] == [WITHHELD]
    assert released.withheld == ()
    assert CANARY in told
    assert "Ada Quill" in told
    assert "Zoe" not in told


def test_clause_36d_a_spreadsheet_computes_nothing_of_it(office: Office) -> None:
    """A caller who leaves a formula must not have it run on the customer's machine."""
    office.house.serve()
    office.house.tell(envelope("note.recorded", text="=HYPERLINK(1)", amends=...))
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", detail="=1+1")))

    _, members = _copy(office)

    assert b"'=1+1" in members["csv/rights_requests.csv"]


def test_clause_l2_what_they_gave_us_goes_to_another_provider(office: Office) -> None:
    """Portability: their own particulars, places, rules and consents, for machines."""
    _served(office)

    _, members = _copy(office, provided_alone=True)

    records = json.loads(members["records.json"])
    assert records.keys() == {"customers", "destinations", "rule_sets", "consents"}
    assert records["rule_sets"][0]["content"]["rules"][0]["rule_id"] == "everything"


def test_a_copy_is_on_record_and_nobody_is_no_copy(office: Office, tmp_path: Path) -> None:
    """Who made one, for whom and why; and no file of nothing."""
    office.house.serve()

    _copy(office)
    nobody = office.copies.copy("C-9", tmp_path / "nobody.zip", OFFICER)

    assert nobody is None
    assert not (tmp_path / "nobody.zip").exists()
    assert [row["verb"].value for row in office.house.rows(tables.acts)] == ["copy"]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-20", "2026-12-21"),  # the 20th is a Sunday
        ("2027-01-31", "2027-03-01"),  # 28 February is a Sunday
        ("2028-01-31", "2028-02-29"),  # a leap year
        ("2026-03-31", "2026-04-30"),
        ("2026-11-25", "2026-12-29"),  # Christmas, Boxing Day (Saturday, so Monday instead)
        ("2026-12-01", "2027-01-04"),  # New Year's Day, then a weekend
        ("2026-12-31", "2027-02-01"),  # the 31st is a Sunday
    ],
)
def test_clause_36d_a_request_is_due_on_the_corresponding_date(
    office: Office, received: str, due: str
) -> None:
    """Else on the month's last day, else on the next working day."""
    holiday = office.house.policies.lanes.is_bank_holiday

    assert due_on(date.fromisoformat(received), 0, holiday) == date.fromisoformat(due)


def test_the_clocks_parts() -> None:
    """Month ends, leap days and weekends, each by itself."""
    assert month_after(date(2026, 12, 15)) == date(2027, 1, 15)
    assert months_after(date(2027, 1, 31), 12) == date(2028, 1, 31)
    assert months_after(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert years_after(date(2024, 2, 29), 5) == date(2029, 3, 1)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert next_working_day(date(2026, 11, 21), _none) == date(2026, 11, 23)
    assert target_on(date(2026, 11, 20), 3) == date(2026, 12, 21)


def test_clause_36d_the_clock_stands_still_while_they_are_asked(office: Office) -> None:
    """And runs on with the days added, however often."""
    office.house.serve()
    received = valid("rights.requested", kind="access", received_at="2026-11-20T10:00:00Z")
    office.house.tell(envelope("rights.requested", data=received))

    def request() -> rights.Request:
        with office.house.store.read() as tx:
            (one,) = rights.listed(tx, closed=True)
        return one

    assert request().due_on == date(2026, 12, 21)
    assert office.requests.stop_clock(request(), OFFICER) is None
    assert office.requests.stop_clock(request(), OFFICER) is Refusal.NOT_WAITING
    office.house.clock.advance(days=9)
    assert office.requests.run_clock(request(), OFFICER) is None
    again = request()
    assert (again.status, again.stopped_days) == (RightsStatus.OPEN, 9)
    assert again.due_on == date(2026, 12, 29)  # the 20th and nine days
    assert office.requests.close(request(), RightsStatus.DONE, OFFICER) is None
    assert office.requests.close(request(), RightsStatus.DONE, OFFICER) is Refusal.CLOSED
    assert request().answer == OFFICER.reason


def test_clause_45_what_was_said_by_telephone_runs_by_the_same_clock(office: Office) -> None:
    """However it came, and however late we entered it."""
    office.house.serve()
    for via in ("phone", "email", "in_person"):
        told = valid(
            "rights.requested", request_id=via, via=via, received_at="2026-11-02T16:30:00Z"
        )
        office.house.tell(envelope("rights.requested", data=told))

    rows = office.house.rows(tables.rights_requests)

    assert {row["due_on"] for row in rows} == {date(2026, 12, 2)}


def test_a_copy_is_for_its_officers_eyes_and_never_half_there(office: Office) -> None:
    """Nobody else on the machine may read it, and one that failed leaves nothing."""
    office.house.serve()
    to = office.folder / "copy.zip"
    office.copies.copy("C-1042", to, OFFICER)

    assert to.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        office.copies.copy("C-1042", to, OFFICER)
    with pytest.raises(ZeroDivisionError), private_file(office.folder / "other.zip"):
        raise ZeroDivisionError
    assert not (office.folder / "other.zip").exists()


def test_clause_36b_what_operators_did_to_their_sends_is_in_it(office: Office) -> None:
    """An act is about a delivery, and its words are theirs to read."""
    office.house.serve()
    office.house.serve("C-7")
    office.house.tell(envelope("call.message_taken"), envelope("call.message_taken", subject="C-7"))
    operations = Operations(office.house.store, office.house.policies.lanes)
    for ref, why in (("C-1042", "they rang us"), ("C-7", "somebody else")):
        ids = [row["id"] for row in office.house.deliveries(customer_ref=ref)]
        operations.cancel(ids, By("ops", why))

    _, members = _copy(office)

    reasons = [act["reason"] for act in json.loads(members["records.json"])["acts"]]
    assert reasons == ["they rang us"]


def test_clause_36b_why_records_are_held_for_a_court_is_in_no_copy(office: Office) -> None:
    """The act that holds them gives the reason too: who is sued would read what is planned."""
    office.house.tell(envelope("customer.enquired", subject="C-1042"))
    holds = Holds(office.house.store)
    holds.hold("C-1042", By("kim", "we mean to sue over the boathouse"))
    holds.lift("C-1042", By("kim", "the boathouse is settled"))

    found = copied(office, "C-1042")

    assert "boathouse" not in texts(found)


def test_clause_36d_a_request_told_of_twice_is_one_and_its_first_clock_stands(
    office: Office,
) -> None:
    """A publisher that sends it again under another event's id would put the answer off."""
    office.house.serve()
    office.house.serve("C-7")
    first = valid("rights.requested", received_at="2026-11-02T10:00:00Z")
    again = valid("rights.requested", received_at="2026-11-03T10:00:00Z")
    office.house.tell(envelope("rights.requested", data=first))

    answer = office.house.hand_in_one(envelope("rights.requested", data=again))
    office.house.tell_at_once(
        *(envelope("rights.requested", data=again, subject="C-7") for _ in range(2))
    )

    assert answer.answer is Answer.ACCEPTED
    requests = office.house.rows(tables.rights_requests)
    assert sorted((row["customer_ref"], row["received_at"].day) for row in requests) == [
        ("C-1042", 2),
        ("C-7", 3),
    ]


def test_clause_36d_an_id_that_asked_for_something_else_is_refused(office: Office) -> None:
    """Taken for the first, an erasure would be answered by a copy."""
    office.house.serve()
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="access")))

    erasure = envelope("rights.requested", data=valid("rights.requested", kind="erasure"))
    answer = office.house.hand_in_one(erasure)

    assert answer.answer is Answer.REJECTED
    assert [one.path for one in answer.problems] == ["data.request_id"]
    assert len(office.house.rows(tables.rights_requests)) == 1


def test_clause_36d_a_request_from_the_future_was_received_now(office: Office) -> None:
    """Else a publisher whose clock is wrong by years would put the answer off by years."""
    office.house.tell(envelope("customer.enquired", subject="C-1042"))
    late = office.house.clock.now.replace(year=office.house.clock.now.year + 2)
    data = valid("rights.requested", received_at=late.isoformat())

    office.house.tell(envelope("rights.requested", data=data))

    (request,) = office.house.rows(tables.rights_requests)
    assert request["received_at"] <= office.house.clock.now
    assert (request["due_on"] - office.house.clock.now.date()).days <= 35


def test_clause_36d_a_request_is_shown_before_its_last_day_and_after(office: Office) -> None:
    """Not while its clock is stopped: then it is their turn, and no day passes."""
    office.house.serve()
    office.house.tell(envelope("rights.requested"))
    with office.house.store.write() as tx:
        (request,) = rights.listed(tx)
    clock = office.house.clock
    days = (request.due_on - clock.now.date()).days
    shown = []
    for passed in (days - 8, 2, 6, 1):
        clock.advance(days=passed)
        shown.append(office.clocks)
    assert office.requests.stop_clock(request, OFFICER) is None

    soon, overdue = {"clock/request/soon/access": 1}, {"clock/request/overdue/access": 1}
    assert shown == [{}, soon, soon, overdue]
    assert office.clocks == {}
