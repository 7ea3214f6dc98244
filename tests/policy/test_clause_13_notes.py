"""13: notes of what was said by telephone or in person are kept, and never written over."""

from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import Answer, ErrorCode, Role
from store import tables
from store.office import notes
from store.publishers import Publisher
from store.reading.attention import FOLLOW_UP, attention
from tests.building import House
from tests.factories import Sample, envelope
from tests.policy.desk import OFFICER, Office
from workers.intake.submission import BY_HAND


def _note(note_id: str = "note-1", **changes: Any) -> Sample:
    """A note that amends nothing, unless it is said."""
    return envelope("note.recorded", **{"note_id": note_id, "amends": ..., **changes})


def _read(house: House, ref: str = "C-1042") -> list[tuple[str, int, str | None]]:
    with house.store.read() as tx:
        return [
            (one.note_id, one.version, one.said.text if one.said else None)
            for one in notes.of_customer(tx, ref, 100)
        ]


def test_clause_13_a_note_is_a_record_of_its_own(office: Office) -> None:
    """Who said it, how and when stand with it."""
    office.house.serve()

    office.house.tell(_note(text="Ring the mobile first."))

    with office.house.store.read() as tx:
        (note,) = notes.of_customer(tx, "C-1042", 10)
    assert note.said is not None
    assert (note.said.author, note.said.channel.value, note.version) == ("Kim", "phone", 1)
    assert note.said.text == "Ring the mobile first."


@pytest.mark.parametrize("missing", ["author", "channel", "at", "text"])
def test_clause_13_author_and_channel_are_required(office: Office, missing: str) -> None:
    """A note that nobody answers for is worth nothing."""
    office.house.serve()

    changes: dict[str, Any] = {missing: ...}
    answer = office.house.hand_in_one(_note(**changes))

    assert [(p.path, p.code) for p in answer.problems] == [(f"data.{missing}", ErrorCode.MISSING)]
    assert office.house.rows(tables.notes) == []


@pytest.mark.parametrize("own_id", ["note-1", "note-2"])
def test_clause_13_an_amendment_is_the_next_version_and_the_first_stays(
    office: Office, own_id: str
) -> None:
    """Whether it bears the note's own id again, or one of its own."""
    office.house.serve()
    office.house.tell(_note(text="Ring the mobile."))

    office.house.tell(_note(own_id, text="Ring the landline.", amends="note-1"))
    office.house.tell(_note("note-3", text="Ring nobody.", amends=own_id))

    assert _read(office.house) == [
        ("note-3", 3, "Ring nobody."),
        (own_id, 2, "Ring the landline."),
        ("note-1", 1, "Ring the mobile."),
    ]


def test_clause_13_the_same_id_with_other_words_is_a_conflict(office: Office) -> None:
    """Else the second would be lost, or the first."""
    office.house.serve()
    office.house.tell(_note(text="Ring the mobile."))

    answer = office.house.hand_in_one(_note(text="Ring the landline."))

    assert answer.answer is Answer.REJECTED
    assert [(p.path, p.code) for p in answer.problems] == [
        ("data.note_id", ErrorCode.CONFLICTING_DUPLICATE)
    ]
    assert _read(office.house) == [("note-1", 1, "Ring the mobile.")]
    assert office.house.outcomes("event.rejected")


def test_clause_13_the_same_note_told_again_is_one_note(office: Office) -> None:
    """A publisher that is not sure whether it was heard asks again, under a new event."""
    office.house.serve()
    office.house.tell(_note(), _note("note-2", text="New.", amends="note-1"))

    office.house.tell(_note(), _note("note-2", text="New.", amends="note-1"))

    assert len(office.house.rows(tables.notes)) == 2


def test_clause_13_an_amendment_waits_for_the_note_that_it_amends(office: Office) -> None:
    """Events come in any order; none is lost for it."""
    office.house.serve()

    early = office.house.hand_in_one(_note("note-2", text="Second.", amends="note-1"))
    office.house.tell(_note(text="First."))

    assert (early.answer, early.waits_for) == (Answer.WAITING, "note")
    assert _read(office.house) == [("note-2", 2, "Second."), ("note-1", 1, "First.")]
    (waited,) = office.house.outcomes("event.waiting")
    assert waited["waits_for"] == "note"


def test_clause_13_a_note_of_another_customer_is_not_amended(office: Office) -> None:
    """It would put one customer's words into another's file."""
    office.house.serve()
    office.house.serve("C-7")
    office.house.tell(_note())

    amending = office.house.hand_in_one(_note("note-2", subject="C-7", amends="note-1"))
    same_id = office.house.hand_in_one(_note(subject="C-7", text="Other words."))

    assert [p.path for p in amending.problems] == ["data.amends"]
    assert [p.path for p in same_id.problems] == ["data.note_id"]
    assert _read(office.house, "C-7") == []


def test_clause_13_two_publishers_may_give_their_notes_the_same_id(office: Office) -> None:
    """Ids are their publisher's own."""
    office.house.serve()
    desk = office.house.admit(Publisher("desk", ("*",), ("*",), (), tuple(Role)))
    office.house.tell(_note(text="By telephone."))

    answer = office.house.hand_in_one(_note(text="At the desk.", channel="in_person"), desk)

    assert answer.answer is Answer.ACCEPTED
    assert len(office.house.rows(tables.notes)) == 2


def test_clause_13_the_database_refuses_to_change_or_delete_a_note(office: Office) -> None:
    """Not only our code: a slip in it must not be able to."""
    office.house.serve()
    office.house.tell(_note())

    with pytest.raises(DBAPIError, match="only new rows"), office.house.store.write() as tx:
        tx.connection.execute(update(tables.notes).values(version=2))
    if office.house.store.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="only new rows"), office.house.store.write() as tx:
            tx.connection.execute(delete(tables.notes))

    assert len(office.house.rows(tables.notes)) == 1


def test_clause_13_erasure_and_retention_still_destroy_notes(office: Office) -> None:
    """What may not be changed must not therefore stay for ever."""
    office.house.register()
    office.house.tell(_note())

    done = office.erasing.erase("C-1042", OFFICER)

    assert done.refusal is None
    assert office.house.rows(tables.notes) == []


def _due(house: House) -> list[tuple[str, int]]:
    with house.store.read() as tx:
        return [(g.cause, g.count) for g in attention(tx) if g.kind == FOLLOW_UP]


def test_clause_13_a_follow_up_needs_somebody_once_it_is_due_and_until_it_is_done(
    office: Office,
) -> None:
    """Done is what the next version says, by promising none."""
    office.house.serve()
    office.house.tell(_note(follow_up_by="2026-11-23T09:00:00Z"))
    before = _due(office.house)
    office.house.clock.advance(days=4)

    due = _due(office.house)
    office.house.tell(_note("note-2", amends="note-1", follow_up_by=..., text="Rung."))

    assert (before, due, _due(office.house)) == ([], [("follow_up/phone", 1)], [])
    with office.house.store.read() as tx:
        assert notes.to_follow_up(tx, 10) == []


def test_clause_13_an_operator_may_amend_a_publishers_note_by_hand(office: Office) -> None:
    """Who did what was promised says so, whichever system had promised it."""
    office.house.serve()
    office.house.tell(_note(text="Ring back."))

    done = _note("note-9", amends="note-1", text="Rung.")
    answer = office.house.hand_in_one(done, publisher=BY_HAND)

    assert answer.answer is Answer.ACCEPTED
    assert _read(office.house) == [("note-9", 2, "Rung."), ("note-1", 1, "Ring back.")]
