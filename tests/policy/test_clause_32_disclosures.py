"""Clause 32: an authority is given what two people approved, and not a field more."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import DisclosureStatus, Gone, Purpose, Refusal, Verb
from store import tables
from store.audit import By, last_acts
from store.record.ledger import open_where
from store.record.sealing import seal_next, verify
from store.rights import disclosures
from store.rights.copying import SOURCES, everything
from store.rights.disclosures import Asked, Disclosure
from tests.building import BOTH, START
from tests.factories import catch_all, envelope
from tests.policy.desk import Office, texts
from workers.rights.disclosures import OUTCOME, Exported
from workers.rights.scope import NEVER, STANDING, WHEN, ScopeError

KIM, ROBIN, SAM, ALEX = (By(name, "as the law permits") for name in ("kim", "robin", "sam", "alex"))
CANARY, OTHERS_CANARY = "the lease of the boathouse", "nobody asked about this"
AUTHORITY, REFERENCE = "Avon Constabulary, DC Marsh", "AC/2026/0117"


def _asked(*records: str, **more: Any) -> Asked:
    ground = "Data Protection Act 2018, Schedule 2, paragraph 2"
    return Asked(AUTHORITY, REFERENCE, ground, records or ("ledger",), **more)


def _serve(office: Office) -> None:
    post = {"do": "forward", "postal_destination": "d-postal"}
    for ref in ("C-1042", "C-7"):
        rules = [catch_all("d-mobile", "d-mail", post=post)]
        office.house.serve(ref, services=BOTH, rules=rules)
    office.house.tell(
        envelope("call.message_taken", text=CANARY),
        envelope("invoice.issued"),
        envelope("note.recorded", amends=...),
        envelope("call.message_taken", subject="C-7", text=OTHERS_CANARY),
    )


def _open(office: Office, asked: Asked, *subjects: str) -> UUID:
    done = office.disclosing.open(asked, subjects or ["C-1042"], KIM)
    assert done.disclosure_id is not None
    return done.disclosure_id


def _approved(office: Office, asked: Asked, *subjects: str) -> UUID:
    made = _open(office, asked, *subjects)
    assert office.disclosing.approve(made, ROBIN) is None
    assert office.disclosing.approve(made, SAM) is None
    return made


def _one(office: Office, disclosure_id: UUID) -> Disclosure:
    with office.house.store.write() as tx:
        found = disclosures.find(tx, disclosure_id)
    assert found is not None
    return found


def _export(office: Office, made: UUID, name: str = "given.zip") -> tuple[Exported, dict[str, Any]]:
    to = office.folder / name
    done = office.disclosing.export(made, to, KIM)
    if done.refusal is not None:
        assert not to.exists()
        return done, {}
    with zipfile.ZipFile(to) as archive:
        return done, {one: archive.read(one) for one in archive.namelist()}


def _records(members: dict[str, Any], person: int = 1) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(members[f"person-{person}/records.json"])
    return found


def test_clause_32_nothing_is_exported_until_two_others_have_approved(office: Office) -> None:
    """Not by none, not by one, not by who opened it, and not by the same person twice."""
    _serve(office)
    made = _open(office, _asked())
    disclosing = office.disclosing

    answers = [
        _export(office, made)[0].refusal,
        disclosing.approve(made, KIM),
        disclosing.approve(made, By(" Kim ", "as the law permits")),
        disclosing.approve(made, ROBIN),
        disclosing.approve(made, By("ROBIN", "as the law permits")),
        _export(office, made)[0].refusal,
        disclosing.approve(made, SAM),
        _export(office, made)[0].refusal,
    ]

    assert answers == [
        Refusal.NOT_APPROVED,
        Refusal.OPENED_IT,
        Refusal.OPENED_IT,
        None,
        Refusal.APPROVED_IT,
        Refusal.NOT_APPROVED,
        None,
        None,
    ]
    assert _one(office, made).status is DisclosureStatus.EXPORTED
    refused = [row["answer"] for row in office.house.rows(tables.act_targets)]
    assert sorted(set(refused)) == ["approved_it", "done", "not_approved", "opened_it"]


def test_clause_32_two_names_from_one_account_are_one_person(office: Office) -> None:
    """A name is anybody's to give; the account that opened or approved it does so once."""
    _serve(office)
    made = _open(office, _asked())
    disclosing = office.disclosing

    answers = [
        disclosing.approve(made, By(name, "as the law permits", account))
        for name, account in (
            ("robin", "kim"),
            ("robin", "r.ashdown"),
            ("sam", "r.ashdown"),
            ("sam", "s.pell"),
        )
    ]

    assert answers == [Refusal.SAME_ACCOUNT, None, Refusal.SAME_ACCOUNT, None]
    accounts = {row["actor"]: row["account"] for row in office.house.rows(tables.acts)}
    assert accounts == {"kim": "kim", "robin": "r.ashdown", "sam": "s.pell"}


def test_clause_32_nothing_compels_and_a_refusal_is_on_record(office: Office) -> None:
    """One who refuses is enough, approvals before it or not; and it is for good."""
    _serve(office)
    made = _open(office, _asked())
    office.disclosing.approve(made, ROBIN)

    assert office.disclosing.refuse(made, By("sam", "no ground is named")) is None

    assert office.disclosing.approve(made, ALEX) is Refusal.CLOSED
    assert _export(office, made)[0].refusal is Refusal.CLOSED
    assert _one(office, made).status is DisclosureStatus.REFUSED
    assert office.house.entries(outcome=OUTCOME) == []
    with office.house.store.read() as tx:
        (act,) = (one for one in last_acts(tx, 20) if one.verb.value == "refuse_disclosure")
    assert (act.actor, act.reason) == ("sam", "no ground is named")


def test_clause_32_what_is_out_of_scope_is_absent(office: Office) -> None:
    """Neither another's records, nor another table, nor another field, nor another type."""
    _serve(office)
    asked = _asked("events:received_at,content.data.text", event_types=("call.message_taken",))

    done, members = _export(office, _approved(office, asked))

    assert _records(members).keys() == {"events"}
    (row,) = _records(members)["events"]
    assert row.keys() == {"received_at", "content.data.text"}
    assert row["content.data.text"] == CANARY
    said = " ".join(body.decode("utf-8-sig") for body in members.values())
    for absent in (OTHERS_CANARY, "Ada Quill", "+447700900123", "jo@harbourlane", "INV-"):
        assert absent not in said, absent
    assert done.records == 1


def test_clause_32_what_is_out_of_the_period_is_absent(office: Office) -> None:
    """From its first instant on, and not at its last."""
    _serve(office)
    office.house.clock.now = START + timedelta(days=10)
    office.house.tell(envelope("call.message_taken", text="within the period"))
    office.house.clock.now = START + timedelta(days=20)
    office.house.tell(envelope("call.message_taken", text="at its end"))
    since, until = START + timedelta(days=10), START + timedelta(days=20)
    asked = _asked("events:content.data.text", since=since, until=until)

    _, members = _export(office, _approved(office, asked))

    assert [row["content.data.text"] for row in _records(members)["events"]] == [
        "within the period"
    ]


def test_clause_32_what_is_recorded_after_it_was_opened_is_in_no_export(office: Office) -> None:
    """Nobody has approved that; and each export is on record by a digest of its own."""
    _serve(office)
    office.house.clock.advance(minutes=1)
    made = _approved(office, _asked("events:content.data.text", "customers"))
    office.house.clock.advance(days=1)
    first, _ = _export(office, made)

    office.house.tell(
        envelope("call.message_taken", text=OTHERS_CANARY),
        envelope("customer.corrected", trading_name="Boathouse Stays"),
    )
    second, members = _export(office, made, "again.zip")

    assert CANARY in texts(_records(members)["events"])
    assert OTHERS_CANARY not in texts(_records(members)["events"])
    assert first.sha256 != second.sha256
    with office.house.store.write() as tx:
        entries = [open_where(tx, row) for row in office.house.entries(outcome=OUTCOME)]
        acts = [one for one in last_acts(tx, 20) if one.verb is Verb.EXPORT_DISCLOSURE]
    digests = {first.sha256, second.sha256}
    assert {one.content_digest for one in entries} == digests
    assert {each.detail for act in acts for each in act.targets} == digests
    assert _one(office, made).sha256 == second.sha256


def test_clause_32_each_persons_records_are_apart(office: Office) -> None:
    """Two people in one request are two folders, and nobody beside them is in either."""
    _serve(office)
    asked = _asked("events:content.data.text", event_types=("call.message_taken",))

    _, members = _export(office, _approved(office, asked, "C-1042", "C-7"))

    said = {n: texts(_records(members, n)) for n in (1, 2)}
    cover = json.loads(members["cover.json"])
    assert cover["about"] == {"person-1": "C-1042", "person-2": "C-7"}
    assert said == {1: CANARY, 2: OTHERS_CANARY}
    assert (cover["authority"], cover["reference"]) == (AUTHORITY, REFERENCE)


def test_clause_32_who_was_given_what_is_chained_into_the_ledger(office: Office) -> None:
    """The authority, its reference and the digest, sealed for each person, and provable."""
    _serve(office)
    made = _approved(office, _asked(), "C-1042", "C-7")

    done, _ = _export(office, made)

    entries = office.house.entries(outcome=OUTCOME)
    assert {row["customer_ref"] for row in entries} == {"C-1042", "C-7"}
    assert {(row["purpose"], row["event_id"]) for row in entries} == {(Purpose.DISCLOSURE, made)}
    with office.house.store.write() as tx:
        opened = [open_where(tx, row) for row in entries]
        seal_next(tx)
    for one in opened:
        assert one.destination == f"{AUTHORITY}; {REFERENCE}"
        assert one.content_digest == done.sha256 == _one(office, made).sha256
    assert verify(office.house.store).broken is None


def test_clause_32_what_was_asked_lies_sealed(office: Office) -> None:
    """That somebody is asked about is as personal as anything that we hold."""
    _serve(office)
    made = _open(office, _asked())

    (row,) = office.house.rows(tables.disclosures, id=made)

    assert AUTHORITY.encode() not in row["content"]
    assert _one(office, made).asked == _asked(until=_one(office, made).opened_at)


def _copied(office: Office, ref: str = "C-1042") -> dict[str, list[dict[str, Any]]]:
    with office.house.store.read() as tx:
        return dict(everything(tx, ref))


def test_clause_32_its_subjects_copy_tells_of_none_that_was_not_handed_over(office: Office) -> None:
    """Who asks for a copy meanwhile would be warned that an authority looks at them."""
    _serve(office)
    refused = _open(office, _asked())
    _open(office, _asked())
    _approved(office, _asked())
    office.disclosing.refuse(refused, ROBIN)

    assert REFERENCE not in texts(_copied(office))


def test_clause_32_its_subjects_copy_tells_of_it_unless_that_is_decided_otherwise(
    office: Office,
) -> None:
    """By default they learn of it; hidden, no table of their copy gives it away; and back again."""
    _serve(office)
    made = _approved(office, _asked())
    _export(office, made)
    assert REFERENCE in texts(_copied(office)["disclosures"])
    assert REFERENCE in texts(_copied(office)["ledger"])

    assert office.disclosing.hide(made, By("robin", "it would warn the suspect")) is None
    hidden = texts(_copied(office))
    assert office.disclosing.hide(made, ROBIN) is Refusal.NO_CHANGE
    assert office.disclosing.show(made, ROBIN) is None

    for telling in (REFERENCE, AUTHORITY, str(made), OUTCOME, "warn the suspect"):
        assert telling not in hidden, telling
    assert REFERENCE in texts(_copied(office)["disclosures"])
    decided = [row["decided"].value for row in office.house.rows(tables.decisions)]
    assert {"approved", "hidden", "shown"} == set(decided)


def test_clause_32_one_that_was_disclosed_earlier_is_no_record_to_disclose(office: Office) -> None:
    """One authority is not told of another."""
    _serve(office)
    _export(office, _approved(office, _asked()), "first.zip")

    _, members = _export(office, _approved(office, _asked("ledger")), "second.zip")

    assert OUTCOME not in texts(_records(members))
    assert REFERENCE not in texts(_records(members))


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ((), "name what is in scope"),
        (("shoes",), "shoes is none that can be disclosed"),
        (("disclosures",), "disclosures is none that can be disclosed"),
        (("events:shoe_size",), "events has no field shoe_size"),
    ],
)
def test_clause_32_a_scope_that_means_nothing_is_refused(
    office: Office, records: tuple[str, ...], says: str
) -> None:
    """Before anybody approves it; it names what there is."""
    _serve(office)

    with pytest.raises(ScopeError, match=says):
        office.disclosing.open(Asked(AUTHORITY, REFERENCE, "-", records), ["C-1042"], KIM)

    assert office.house.rows(tables.disclosures) == []


def test_clause_32_nobody_unknown_is_disclosed(office: Office) -> None:
    """A wrong reference is said, and opens nothing."""
    _serve(office)

    done = office.disclosing.open(_asked(), ["C-1042", "C-9"], KIM)

    assert (done.disclosure_id, done.unknown) == (None, ("C-9",))


def test_clause_32_every_table_has_a_time_or_stands_as_it_is() -> None:
    """A new table fails here until somebody has said when its records are of."""
    tables_copied = {source.table.name: source.table for source in SOURCES}

    assert WHEN.keys() | STANDING | NEVER == tables_copied.keys()
    assert not (WHEN.keys() & STANDING) | (WHEN.keys() & NEVER) | (STANDING & NEVER)
    assert [n for n, column in WHEN.items() if column not in tables_copied[n].c] == []


def test_clause_32_the_file_that_was_handed_over_goes_in_time(office: Office) -> None:
    """It is a temporary copy like any other, and what of it stays is its digest."""
    _serve(office)
    _export(office, _approved(office, _asked()))
    office.house.clock.advance(hours=72)

    assert office.transfers.sweep() == 1

    assert not (office.folder / "given.zip").exists()
    assert [row["gone"] for row in office.house.rows(tables.transfers)] == [Gone.EXPIRED]


def test_clause_32_a_file_that_is_there_already_leaves_nothing_on_record(
    office: Office, tmp_path: Path
) -> None:
    """Nothing was handed over, so nothing says that it was."""
    _serve(office)
    made = _approved(office, _asked())
    (tmp_path / "given.zip").write_bytes(b"somebody's")

    with pytest.raises(FileExistsError):
        office.disclosing.export(made, tmp_path / "given.zip", KIM)

    assert office.house.entries(outcome=OUTCOME) == []
    assert _one(office, made).status is DisclosureStatus.APPROVED


def test_clause_32_it_is_forgotten_years_after_it_was_closed(office: Office) -> None:
    """Kept as long as sends are, and no longer."""
    _serve(office)
    made = _approved(office, _asked())
    _export(office, made)
    _open(office, _asked())

    with office.house.store.write() as tx:
        early = disclosures.forget(tx, START)
        late = disclosures.forget(tx, datetime(2032, 1, 1, tzinfo=UTC))

    assert (early, late) == (0, 1)
    assert len(office.house.rows(tables.disclosures)) == 1
    assert len(office.house.rows(tables.disclosure_subjects)) == 1
