"""Can an officer see to what people say is wrong, and read a customer's file, by command?"""

from typing import Any

from contracts.vocabulary import Reason
from store import tables
from tests.factories import envelope, valid
from tests.operations.desk import Desk
from tests.operations.test_rights import BY, rows

NUMBER = "destination.d-mobile=07700 900456"


def _asks_for(desk: Desk, kind: str) -> str:
    told = valid("rights.requested", kind=kind)
    desk.house.tell(envelope("rights.requested", data=told))
    (asked,) = rows(desk, "rights", "list")
    return str(asked["id"])


def test_a_correction_is_asked_for_contested_made_and_closed(desk: Desk) -> None:
    """One request from the word of mouth to its answer; what they call the place stays."""
    asked = _asks_for(desk, "correction")

    desk.type("rights", "contest", "C-1042", "--destination", "d-mobile", *BY)
    (contested,) = rows(desk, "rights", "contested")
    said = desk.type("rights", "correct", "C-1042", "--set", NUMBER, *BY)

    assert contested["what"] == "d-mobile"
    assert contested["request"] is not None
    assert "is used again once it is verified" in said
    assert f"closed: request {asked}" in said
    assert rows(desk, "rights", "contested") == []
    (settled,) = rows(desk, "rights", "contested", "--settled")
    assert settled["settled_as"] == "corrected"
    (place,) = desk.house.rows(tables.destinations, destination_id="d-mobile")
    assert (place["version"], place["verified_at"]) == (2, None)


def test_what_cannot_be_corrected_is_said_and_closes_nothing(desk: Desk) -> None:
    """Each mistake of the officer's names itself."""
    _asks_for(desk, "correction")

    wrong = {
        "rights.json": ("--set", "shoe_size=9"),
        "no pair": ("--set", "trading_name"),
        "nowhere": ("--set", "destination.d-nowhere=07700 900456"),
        "not theirs": ("--set", NUMBER, "--request", "right-9"),
    }
    said = {
        name: desk.type("rights", "correct", "C-1042", *words, *BY, fails=True)
        for name, words in wrong.items()
    }

    assert "data.shoe_size" in said["rights.json"]
    assert "FIELD=VALUE" in said["no pair"]
    assert "has no destination d-nowhere" in said["nowhere"]
    assert "there is no request right-9" in said["not theirs"]
    (request,) = rows(desk, "rights", "list")
    assert request["status"] == "open"


def test_a_part_of_a_contact_is_corrected_and_the_rest_stays(desk: Desk) -> None:
    """An officer names what changed, and nothing else."""
    desk.type("rights", "correct", "C-1042", "--set", "contact.phone=01632 960301", *BY)

    (copy,) = desk.house.rows(tables.earlier_values, destination_id="@profile")
    told = rows(desk, "suppliers", "told", "--customer", "C-1042")
    assert copy["version"] == 1
    assert [one["outcome"] for one in told] == ["supplier.corrected", "supplier.told"]
    assert told[0]["told"]["name"] == told[1]["told"]["name"] == "Tom Ash"


def test_who_corrected_what_and_why_is_on_record_without_a_request_too(desk: Desk) -> None:
    """The reason is asked for, so it is kept; the event says nothing of who typed it."""
    desk.type("rights", "correct", "C-1042", "--set", "trading_name=Harbour Boats", *BY)

    (act,) = rows(desk, "audit")
    assert (act["verb"], act["done"], act["reason"]) == ("correct", 1, BY[1])
    assert act["targets"][0]["detail"] == "trading_name"


def test_a_contest_is_settled_and_once_only(desk: Desk) -> None:
    """And a field as well as a place; exactly one of them."""
    desk.type("rights", "contest", "C-1042", "--field", "trading_name", *BY)

    both = desk.type(
        *("rights", "settle", "C-1042", "--field", "contact", "--destination", "d-mail"),
        *BY,
        fails=True,
    )
    settled = desk.type("rights", "settle", "C-1042", "--field", "trading_name", *BY)
    again = desk.type("rights", "settle", "C-1042", "--field", "trading_name", *BY, fails=True)

    assert "either --destination ID or --field NAME" in both
    assert "settled" in settled
    assert "it is so already" in again


def test_an_objection_is_carried_out_with_an_answer(desk: Desk) -> None:
    """What to tell them is printed, and kept with their request."""
    _asks_for(desk, "objection")

    said = desk.type("rights", "object", "C-1042", *BY)
    nobody = desk.type("rights", "object", "C-9", *BY, fails=True)

    assert "- offers, for good" in said
    assert "nothing is known" in nobody
    (closed,) = rows(desk, "rights", "list", "--closed")
    assert closed["answer"] in said
    assert {r["reason"] for r in desk.house.rows(tables.suppressions)} == {Reason.OPTED_OUT}


def test_what_suppliers_may_be_told_is_listed(desk: Desk) -> None:
    """The list is what the code builds by."""
    found = rows(desk, "suppliers", "fields")

    assert [(one["supplier"], one["field"]) for one in found] == [
        ("call-centre", "name"),
        ("call-centre", "business_name"),
    ]


def test_a_note_is_written_amended_and_followed_up(desk: Desk) -> None:
    """From the promise to the word that it was kept, without a publisher."""
    promised = rows(
        desk,
        *("note", "C-1042", "--text", "Ring back.", "--as", "kim"),
        *("--follow-up-by", "2026-11-20T09:00:00Z"),
    )[0]["note"]
    waiting = desk.type("attention")
    (open_one,) = rows(desk, "notes", "--to-follow-up")

    desk.type("note", "C-1042", "--text", "Rung.", "--amends", promised, "--as", "kim")

    assert "notes that were to be followed up by now" in waiting
    assert open_one["note"] == promised
    assert rows(desk, "notes", "--to-follow-up") == []
    found = rows(desk, "notes", "--customer", "C-1042")
    assert [(one["version"], one["text"]) for one in found] == [(2, "Rung."), (1, "Ring back.")]
    assert "give either" in desk.type("notes", fails=True)


def test_emails_are_read_thread_by_thread_and_a_difference_is_closed(desk: Desk) -> None:
    """What differs is shown beside what it differs from, until somebody has seen to it."""
    first: dict[str, Any] = valid("correspondence.recorded", in_reply_to=...)
    for data in (first, first | {"text": "Please forget our number."}):
        desk.house.tell(envelope("correspondence.recorded", data=data))

    found = rows(desk, "correspondence", "--customer", "C-1042")
    listed = desk.type("attention")
    closed = desk.type("cancel", "--cause", "contradicted/other_content", *BY)

    assert [one["thread"] for one in found] == [1, 1]
    assert [bool(one["state"]) for one in found] == [False, True]
    assert "both are kept" in listed
    assert "1 done" in closed
    assert "nothing waits for you" in desk.type("attention")
