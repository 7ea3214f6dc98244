"""12: emails to and fro are kept once each, in threads, and linked to what they are about."""

import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import Answer, Channel, Contradiction, Direction
from store import tables
from store.office import correspondence
from store.office.correspondence import Letter
from store.publishers import Publisher
from store.reading.attention import attention
from tests.building import EVERYTHING, House
from tests.factories import Sample, envelope
from tests.policy.desk import OFFICER, Office


def _email(message_id: str, answers: str | None = None, **changes: Any) -> Sample:
    reply = {"in_reply_to": f"<{answers}@example.com>" if answers else ...}
    named = {"message_id": f"<{message_id}@example.com>"}
    return envelope("correspondence.recorded", **{**named, **reply, **changes})


def _read(house: House) -> list[Letter]:
    with house.store.read() as tx:
        return correspondence.of_customer(tx, "C-1042", 100)


def test_clause_12_an_email_is_kept_with_its_hash_and_its_files(office: Office) -> None:
    """Linked to its customer, and to what came with it."""
    office.house.serve()

    office.house.tell(_email("one"))

    (kept,) = _read(office.house)
    assert kept.told is not None
    assert kept.direction is Direction.IN
    assert kept.told["from"] == "tom@harbourlane.example"
    assert len(kept.told["content_sha256"]) == 64
    (use,) = office.house.rows(tables.file_uses)
    assert use["sha256"] == kept.told["attachments"][0]["sha256"]


def test_clause_12_the_same_message_id_twice_is_one_record(office: Office) -> None:
    """From the same publisher or another, with the brackets or without."""
    office.house.serve()
    other = office.house.admit(Publisher("mail-archive", ("*",), ("*",)))
    first = office.house.hand_in_one(_email("one"), EVERYTHING)

    again = office.house.hand_in_one(_email("one"), other)

    assert (first.answer, again.answer) == (Answer.ACCEPTED, Answer.ACCEPTED)
    assert len(_read(office.house)) == 1
    assert office.house.rows(tables.contradictions) == []


def test_clause_12_in_one_batch_too(office: Office) -> None:
    """Two archives may tell of an email at the same moment."""
    office.house.serve()

    office.house.tell_at_once(_email("one"), _email("one"))

    assert len(_read(office.house)) == 1


def test_clause_12_what_differs_under_one_message_id_is_kept_and_raised(office: Office) -> None:
    """Which is right is for a person to find out; neither is lost."""
    office.house.serve()
    office.house.tell(_email("one", text="Please note our new number."))

    office.house.tell(_email("one", text="Please forget our number."))

    texts = [one.told["text"] for one in _read(office.house) if one.told]
    assert sorted(texts) == ["Please forget our number.", "Please note our new number."]
    (raised,) = office.house.rows(tables.contradictions)
    assert (raised["what"], raised["item_id"]) == (Contradiction.OTHER_CONTENT, None)
    with office.house.store.read() as tx:
        assert [group.cause for group in attention(tx)] == ["contradicted/other_content"]


def test_clause_12_two_customers_may_have_the_same_email(office: Office) -> None:
    """One email to two of them is on both files."""
    office.house.serve()
    office.house.serve("C-7")

    office.house.tell(_email("one"), _email("one", subject="C-7"))

    assert len(office.house.rows(tables.correspondence)) == 2
    assert office.house.rows(tables.contradictions) == []


def test_clause_12_a_thread_is_what_answers_what_in_whatever_order_it_came(
    office: Office,
) -> None:
    """An answer may be told of before its question, and one in between never at all."""
    office.house.serve()
    office.house.tell(
        _email("three", "two", at="2026-11-20T12:00:00Z"),
        _email("apart", at="2026-11-20T09:30:00Z"),
        _email("one", at="2026-11-20T10:00:00Z"),
        _email("two", "one", at="2026-11-20T11:00:00Z", direction="out"),
        _email("five", "four", at="2026-11-20T08:00:00Z"),
        _email("six", "four", at="2026-11-20T08:30:00Z"),
    )

    found = _read(office.house)

    names = [str(one.told["message_id"])[1:-13] for one in found if one.told]
    assert names == ["one", "two", "three", "apart", "five", "six"]
    threads = [one.thread for one in found]
    assert threads[0] == threads[1] == threads[2] == found[0].id
    assert threads[4] == threads[5]
    assert len(set(threads)) == 3


def test_clause_12_an_answer_to_an_email_of_ours_names_that_send(office: Office) -> None:
    """What the customer is writing about stands on the ledger."""
    office.house.serve()
    office.house.have_message()
    sent = office.house.delivery(channel=Channel.EMAIL)

    office.house.tell(
        _email("answer", in_reply_to=f"<{sent['id']}@mail.example.com>"),
        _email("about-nothing", in_reply_to=f"<{office.house.store.ids.new()}@mail.example.com>"),
    )

    links = {one.told["message_id"]: one.delivery_id for one in _read(office.house) if one.told}
    assert links == {"<answer@example.com>": sent["id"], "<about-nothing@example.com>": None}


def test_clause_12_the_copy_has_every_email_and_names_nobody_else_unseen(office: Office) -> None:
    """Who else wrote or was written to is withheld until somebody has looked."""
    office.house.serve()
    office.house.tell(_email("one"))
    (kept,) = _read(office.house)
    hidden, shown = office.folder / "hidden.zip", office.folder / "shown.zip"

    office.copies.copy("C-1042", hidden, OFFICER)
    office.copies.copy("C-1042", shown, OFFICER, [str(kept.id)])

    (before,), (after,) = _copied(hidden), _copied(shown)
    assert before["content"]["subject"] == "Our new mobile"
    assert "harbourlane" not in json.dumps(before)
    assert after["content"]["from"] == "tom@harbourlane.example"


def _copied(archive: Any) -> list[dict[str, Any]]:
    with zipfile.ZipFile(archive) as read:
        rows: list[dict[str, Any]] = json.loads(read.read("records.json"))["correspondence"]
        return rows


def test_clause_12_the_database_refuses_to_change_an_email(office: Office) -> None:
    """What was written is what was written."""
    office.house.serve()
    office.house.tell(_email("one"))

    with pytest.raises(DBAPIError, match="only new rows"), office.house.store.write() as tx:
        tx.connection.execute(update(tables.correspondence).values(variant=2))

    assert len(_read(office.house)) == 1
