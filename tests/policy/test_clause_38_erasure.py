"""Clauses 38 and 39: who asks before their service has begun is gone; who asks later is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.topology import DEAD_QUEUE, intake_queues
from contracts.vocabulary import Answer, ErrorCode, Refusal, Retention, RightsStatus
from store import tables
from store.encryption import vault
from store.encryption.keys import owned_by_key
from store.encryption.vault import VaultKey
from store.engine import open_engine
from store.files import Files
from store.migrating import migrate
from store.personal import REGISTER
from store.publishers import Publisher
from store.rights import erasing, retaining
from store.rights import requests as rights
from tests.building import (
    House,
    SettableClock,
    bytes_of,
    open_house,
    open_test_store,
    place,
    preferences,
)
from tests.factories import catch_all, envelope, file, valid
from tests.intake.amqp import STRUCTURED, Desk, admit, rejections
from tests.ops.processes import running, settings
from tests.policy.desk import OFFICER, Office
from tests.policy.racing import enquire, race, started
from tests.waiting import eventually
from workers.rights.erasure import GROUNDS

CANARIES = ("Ada Quill", "Harbour Lane Joinery", "7700900123", "jo@harbourlane", "Quay Street")


def test_clause_38_every_table_is_erased_or_says_why_not() -> None:
    """A new table fails here until somebody has thought of erasure."""
    groups = (
        erasing.OF_CUSTOMER,
        erasing.OF_DELIVERIES,
        erasing.OF_EVENTS,
        erasing.OTHERWISE,
    )
    erased = [table.name for group in groups for table in group]

    assert len(erased) == len(set(erased))
    assert set(erased) | erasing.KEPT.keys() == REGISTER.keys()
    assert set(erased) & erasing.KEPT.keys() == set()


def test_clause_38_who_has_no_service_yet_is_gone(office: Office) -> None:
    """From every table; nothing can be opened, and the chain still holds."""
    enquire(office.house)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))
    office.house.hand_in(envelope("invoice.issued", invoice_number=...))  # rejected, and theirs
    office.house.tell(envelope("invoice.issued"))
    assert office.house.rows(tables.rejected_events)

    done = office.erasing.erase("C-1042", OFFICER)

    assert done.refusal is None
    assert done.rows > 10
    assert office.rows_of("C-1042").keys() <= {"ledger", "rights_requests"}
    assert all(row["personal"] is None for row in office.house.rows(tables.ledger))
    assert office.house.rows(tables.rejected_events) == []
    (request,) = office.house.rows(tables.rights_requests)
    assert request["status"] is RightsStatus.DONE
    assert all(row["wrapped"] is None for row in office.house.rows(tables.data_keys))
    with office.house.store.write() as tx:  # and no key of theirs is ever made again
        assert owned_by_key(tx.seal("C-1042", "customers.profile:C-1042", b"back")) is None


def test_clause_38_what_waited_for_them_goes_too(office: Office) -> None:
    """A message for somebody whom we did not know yet is sealed alone, and still theirs."""
    office.house.hand_in(envelope("call.message_taken", subject="C-1042"))
    office.house.tell(envelope("customer.enquired"))
    assert office.house.rows(tables.waits)

    office.erasing.erase("C-1042", OFFICER)

    assert office.house.rows(tables.waits) == []
    assert office.house.rows(tables.events) == []


@pytest.mark.parametrize("type_", ["call.message_taken", "customer.registered", "note.recorded"])
def test_clause_38_nothing_brings_them_back(office: Office, type_: str) -> None:
    """Their publisher may not know yet; nothing of what it sends is kept, not even as rejected."""
    enquire(office.house)
    office.erasing.erase("C-1042", OFFICER)

    answer = office.house.hand_in_one(envelope(type_))

    assert answer.answer is Answer.REJECTED
    assert [problem.code for problem in answer.problems] == [ErrorCode.ERASED]
    assert [row["body"] for row in office.house.rows(tables.rejected_events)] == [None]
    assert office.house.rows(tables.events) == []


def test_clause_38_what_is_being_sent_right_now_is_waited_for(office: Office) -> None:
    """A send that is under way ends on a record, which must not vanish under it."""
    enquire(office.house)
    office.house.tell(envelope("invoice.issued"))
    office.house.claim()

    done = office.erasing.erase("C-1042", OFFICER)

    assert done.refusal is Refusal.NOT_STOPPABLE
    assert office.house.rows(tables.customers)


def test_clause_38_a_second_time_says_that_they_are_erased(office: Office) -> None:
    """And somebody unknown is told apart from somebody erased."""
    enquire(office.house)
    office.erasing.erase("C-1042", OFFICER)

    assert office.erasing.erase("C-1042", OFFICER).refusal is Refusal.ERASED
    assert office.erasing.erase("C-9", OFFICER).refusal is Refusal.UNKNOWN


def test_clause_38_another_customer_loses_nothing(office: Office) -> None:
    """Not a row, and not a key."""
    enquire(office.house)
    enquire(office.house, "C-7")
    before = office.rows_of("C-7")

    office.erasing.erase("C-1042", OFFICER)

    assert office.rows_of("C-7") == before
    office.house.tell(started("C-7"))


def test_clause_38_erasing_and_starting_are_never_both_done(office: Office) -> None:
    """They hold one name: whichever is first, the other finds what it did."""
    refs = [f"C-{number}" for number in range(60)]
    for ref in refs:
        enquire(office.house, ref)

    found = race(office, refs)

    assert len(found) == 60
    assert [one for one in found if not one.fair] == []


def test_clause_38_neither_queues_nor_logs_nor_files_hold_them(
    postgresql_url: str, broker_url: str, tmp_path: Path
) -> None:
    """What came by the broker, good, bad and too early, and a document; then all of it is gone."""
    engine = open_engine(postgresql_url, 1)
    migrate(engine)
    engine.dispose()
    desk = Desk(broker_url)
    environment = settings(
        tmp_path, database_url=postgresql_url, broker_url=broker_url, log_level="debug"
    )
    document = f"%PDF-1.7 for {CANARIES[0]}".encode()
    kept = file(document)
    with open_test_store(postgresql_url) as store:
        house = House(store, SettableClock())
        files = Files((tmp_path / "data" / "blobs").as_uri(), store.root)
        files.put(kept["sha256"], document)
        admit(store, Publisher(desk.user, ("*",), ("*",)))
        told = (
            envelope("customer.enquired", name=CANARIES[0]),
            envelope("customer.registered"),
            place("C-1042", "d-mobile", "mobile", "07700 900123"),
            place("C-1042", "d-mail", "email", "jo@harbourlane.example"),
            envelope("invoice.issued", document=kept),
            envelope("call.message_taken", text=f"From {CANARIES[0]}"),  # waits for the service
            envelope("customer.corrected", data={"trading_name": 7, "legal_name": CANARIES[1]}),
        )
        with running(tmp_path, environment, "intake"):
            for one in told:
                desk.publish(one)
            desk.put(json.dumps(told[-1]).encode(), DEAD_QUEUE, "", content_type=STRUCTURED)
            eventually(lambda: len(rejections(store)) >= 2, "the bad ones are answered")
            eventually(lambda: len(house.rows(tables.events)) >= 6, "the others are on record")
            eventually(lambda: files.has(kept["sha256"]), "their document is kept")
            erased = subprocess.run(
                [
                    *(sys.executable, "-c", "from workers.cli import main; main()"),
                    *("rights", "erase", "C-1042", "--yes"),
                    *("--as", "kim", "--reason", "they asked for it"),
                ],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                check=True,
            )
            waiting = {queue: desk.ready(queue) for queue in (*intake_queues(), DEAD_QUEUE)}

        assert b"rows and 1 files are erased" in erased.stdout
        assert set(waiting.values()) == {0}
        assert house.rows(tables.events) == []
        assert house.rows(tables.rejected_events) == []
        assert all(row["wrapped"] is None for row in house.rows(tables.data_keys))
    desk.close()
    dumped = subprocess.run(
        ["pg_dump", "--data-only", postgresql_url.replace("+psycopg", "")],
        capture_output=True,
        check=True,
    ).stdout
    on_disk = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    said = dumped + on_disk + erased.stdout + erased.stderr
    assert b"intake" in on_disk  # the log is among it
    assert [canary for canary in CANARIES if canary.encode() in said] == []


def test_clause_39_what_serves_nothing_that_must_be_kept_goes(office: Office) -> None:
    """Of who is served: marketing, and each place that no rule names; what was sent stays."""
    house = office.house
    house.serve(rules=[catch_all("d-mobile")])
    house.tell(
        place("C-1042", "d-spare", "email", "spare@harbourlane.example"),
        envelope("consent.given"),
        envelope("call.message_taken"),
        envelope("rights.requested", data=valid("rights.requested", kind="erasure")),
    )
    sends, ledger = len(house.deliveries()), len(house.entries())

    office.erasing.erase("C-1042", OFFICER)

    assert house.rows(tables.consents) == []
    left = {row["destination_id"] for row in house.rows(tables.destinations)}
    assert left == {"d-mobile", "@invoice"}
    assert (len(house.deliveries()), len(house.entries())) == (sends, ledger)
    house.tell(envelope("call.message_taken", call_id="call-2"))
    assert {one.destination_id for one in house.claim()} == {"d-mobile"}


def test_clause_39_a_place_to_which_something_is_on_its_way_is_no_spare_one(
    office: Office,
) -> None:
    """It goes with the next wish, once that has arrived."""
    house = office.house
    house.serve(rules=[catch_all("d-mobile", "d-mail")])
    house.tell(envelope("call.message_taken"))
    house.claim()
    house.tell(preferences("C-1042", catch_all("d-mobile")))

    office.erasing.erase("C-1042", OFFICER)

    left = {row["destination_id"] for row in house.rows(tables.destinations)}
    assert left == {"d-mobile", "d-mail", "@invoice"}


def test_clause_39_the_answer_names_each_class_that_is_kept_and_its_ground(
    office: Office,
) -> None:
    """A refusal without a ground is none; it is kept with the request, and is in their copy."""
    house = office.house
    house.serve()
    house.tell(
        envelope("call.message_taken"),
        envelope("rights.requested", data=valid("rights.requested", kind="erasure")),
    )

    done = office.erasing.erase("C-1042", OFFICER)

    with house.store.read() as tx:
        (request,) = rights.listed(tx, "C-1042", closed=True)
    assert request.status is RightsStatus.REFUSED
    assert set(done.kept) == set(Retention) - {Retention.IDENTITY}
    assert "Information Commissioner" in str(request.answer)
    for retention in done.kept:
        assert f"{retention.value}: {GROUNDS[retention]}" in str(request.answer)


def test_clause_39_the_answer_names_identity_only_where_the_vault_holds_some(
    office: Office,
) -> None:
    """Who reads that we keep their passport must be able to believe it."""
    house = office.house
    house.serve()
    before = office.erasing.erase("C-1042", OFFICER).kept
    with house.store.write() as tx:
        vault.make(tx, VaultKey.new()[0].public)
    house.tell(envelope("identity.checked"))

    after = office.erasing.erase("C-1042", OFFICER).kept

    assert Retention.IDENTITY not in before
    assert Retention.IDENTITY in after


def test_clause_39_a_legal_hold_is_of_records_that_are_held_for_it(office: Office) -> None:
    """Of somebody else's claim: what it does not concern is erased as ever."""
    enquire(office.house)
    enquire(office.house, "C-7")
    with office.house.store.write() as tx:
        retaining.hold(tx, "C-7", "a claim before the county court")

    assert office.erasing.erase("C-1042", OFFICER).refusal is None
    assert office.erasing.erase("C-7", OFFICER).refusal is Refusal.LEGAL_HOLD


def test_clause_39_once_the_service_has_begun_what_must_be_kept_is(office: Office) -> None:
    """The answer names what is kept and on what ground; marketing and spare places go."""
    office.house.serve()
    office.house.tell(
        envelope("consent.given"),
        envelope("destination.removed", destination_id="d-mobile"),
        envelope("rights.requested", data=valid("rights.requested", kind="erasure")),
    )

    done = office.erasing.erase("C-1042", OFFICER)

    assert done.kept == tuple(each for each in Retention if each is not Retention.IDENTITY)
    assert office.house.rows(tables.consents) == []
    assert "d-mobile" not in {r["destination_id"] for r in office.house.rows(tables.destinations)}
    assert office.house.rows(tables.customers)
    (request,) = office.house.rows(tables.rights_requests)
    assert request["status"] is RightsStatus.REFUSED


def test_clause_l5_a_restored_backup_is_told_of_who_was_erased(office: Office) -> None:
    """The register stands outside the database: a backup from before knows nothing of it."""
    enquire(office.house)
    enquire(office.house, "C-7")
    office.erasing.erase("C-1042", OFFICER)
    with office.house.store.write() as tx:  # as if it had been restored from before
        for table in (tables.erasures, tables.data_keys):
            tx.connection.execute(table.delete())
    office.house.store.known_keys.clear()
    office.house.store.keys_by_id.clear()
    enquire(office.house)

    again = office.erasing.erase_again()

    assert again == ["C-1042"]
    assert office.rows_of("C-1042").keys() <= {"ledger", "rights_requests"}
    assert office.rows_of("C-7")
    assert office.house.hand_in_one(envelope("customer.enquired")).answer is Answer.REJECTED
    assert office.erasing.erase_again() == []


def test_clause_38_nothing_of_them_stands_on_the_disk(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """Neither in the database's files, nor in those of the register beside it."""
    with open_house(empty_sqlite_url) as house:
        office = Office(house, tmp_path)
        enquire(house)

        office.erasing.erase("C-1042", OFFICER)

    found = bytes_of(empty_sqlite_url) + office.everything_stored()
    assert found
    assert [canary for canary in CANARIES if canary.encode() in found] == []


def test_clause_38_a_legal_hold_stops_an_erasure(office: Office) -> None:
    """A court's need of their records outlasts their wish."""
    enquire(office.house)
    with office.house.store.write() as tx:
        retaining.hold(tx, "C-1042", "a claim before the county court")

    done = office.erasing.erase("C-1042", OFFICER)

    assert done.refusal is Refusal.LEGAL_HOLD
    assert office.house.rows(tables.customers)


def test_clause_l5_what_was_rejected_of_them_goes_again_too(office: Office) -> None:
    """A restored backup may hold nothing of theirs but what broke its contract."""
    enquire(office.house)
    office.erasing.erase("C-1042", OFFICER)
    with office.house.store.write() as tx:  # as if it had been restored from before
        tx.connection.execute(tables.erasures.delete())
    office.house.hand_in(envelope("invoice.issued", invoice_number=...))
    assert office.house.rows(tables.rejected_events)

    office.erasing.erase_again()

    assert office.house.rows(tables.rejected_events) == []


def test_clause_38_a_copy_that_an_officer_wrote_to_a_folder_goes_too(office: Office) -> None:
    """It lies there in plain, all of them: without its row nothing would sweep it."""
    enquire(office.house)
    copy = office.folder / "copy.zip"
    office.copies.copy("C-1042", copy, OFFICER, release_all=True)

    office.erasing.erase("C-1042", OFFICER)
    swept = office.transfers.sweep()

    assert swept == 1
    assert not copy.exists()
    assert "transfers" not in office.rows_of("C-1042")


def test_clause_38_nothing_of_them_is_kept_that_breaks_its_contract_either(
    office: Office,
) -> None:
    """It is rejected before anybody asks whose it is; its body would be all about them."""
    enquire(office.house)
    office.erasing.erase("C-1042", OFFICER)

    answer = office.house.hand_in_one(envelope("invoice.issued", invoice_number=...))

    assert answer.answer is Answer.REJECTED
    assert [row["body"] for row in office.house.rows(tables.rejected_events)] == [None]
