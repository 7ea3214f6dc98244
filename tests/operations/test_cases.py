"""Can an officer answer authorities, breaches and complaints from the command line?"""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.factories import envelope
from tests.operations.desk import Desk

BY = ("--reason", "as the policy says")
KIM, ROBIN, SAM = 54_001, 54_002, 54_003  # logins
SCOPE = ("--authority", "Avon Constabulary", "--reference", "AC/1", "--ground", "DPA 2018, sch. 2")


def rows(desk: Desk, *words: str) -> list[dict[str, Any]]:
    """What a command lists, as JSON."""
    found = desk.ask(*words)
    assert isinstance(found, list)
    return found


def _opened(desk: Desk, *more: str) -> str:
    desk.log_in(KIM)
    desk.type("disclosures", "open", "C-1042", *SCOPE, *more, *BY, "--as", "kim")
    return str(rows(desk, "disclosures", "list")[-1]["id"])


def test_a_disclosure_is_approved_by_two_and_written(desk: Desk) -> None:
    """Each step says where it stands; the file holds the scope alone."""
    desk.house.tell(envelope("call.message_taken", text="the lease"))
    made = _opened(desk, "--records", "events:content.data.text", "--since", "2026-01-01")

    own = desk.type("disclosures", "approve", made, *BY, "--as", "kim", fails=True)
    desk.log_in(ROBIN)
    one = desk.type("disclosures", "approve", made, *BY, "--as", "robin")
    early = desk.type(
        "disclosures", "export", made, "--to", "a.zip", *BY, "--as", "sam", fails=True
    )
    desk.log_in(SAM)
    two = desk.type("disclosures", "approve", made, *BY, "--as", "sam")
    desk.type("disclosures", "export", made, "--to", "a.zip", *BY, "--as", "sam")

    assert "two others must" in own
    assert "another must too" in one
    assert "two people must approve" in early
    assert two.strip() == "approved"
    with zipfile.ZipFile("a.zip") as archive:
        given = json.loads(archive.read("person-1/records.json"))
    texts = [row["content.data.text"] for row in given["events"]]
    assert "the lease" in texts
    (listed,) = rows(desk, "disclosures", "list", "--closed")
    assert (listed["status"], listed["approved_by"]) == ("exported", "robin, sam")
    (transfer,) = rows(desk, "transfers", "list")
    assert transfer["kind"] == "disclosure"
    assert transfer["where"].endswith("a.zip")


def test_one_account_is_one_person_whatever_name_it_gives(desk: Desk) -> None:
    """Else one officer opens as kim, approves as robin and sam, and exports alone."""
    made = _opened(desk, "--records", "ledger")
    approve = ("disclosures", "approve", made, *BY)

    opener = desk.type(*approve, "--as", "robin", fails=True)
    desk.log_in(ROBIN)
    desk.type(*approve, "--as", "robin")
    again = desk.type(*approve, "--as", "sam", fails=True)
    desk.type("disclosures", "export", made, "--to", "a.zip", *BY, "--as", "sam", fails=True)

    assert "each approves from an account of their own" in opener
    assert "each approves from an account of their own" in again
    assert not Path("a.zip").exists()
    acts = [
        (one["actor"], one["account"], one["targets"][0]["refused"])
        for one in rows(desk, "audit")
        if one["verb"] == "approve_disclosure"
    ]
    assert acts == [
        ("sam", str(ROBIN), "same_account"),
        ("robin", str(ROBIN), None),
        ("robin", str(KIM), "same_account"),
    ]


def test_a_name_in_the_environment_is_no_account(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may set USER before a command; whose login it is, nobody."""
    made = _opened(desk, "--records", "ledger")
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "robin")

    said = desk.type("disclosures", "approve", made, *BY, "--as", "robin", fails=True)

    assert "from this system account already" in said


def test_where_no_login_is_kept_the_account_is_whose_command_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container each officer runs under a number of their own, and gives a name."""
    made = _opened(desk, "--records", "ledger")
    desk.log_in(2**32 - 1)
    approve = ("disclosures", "approve", made, *BY)

    monkeypatch.setattr("os.getuid", lambda: ROBIN)
    desk.type(*approve, "--as", "robin")
    again = desk.type(*approve, "--as", "sam", fails=True)
    monkeypatch.setattr("os.getuid", lambda: SAM)
    done = desk.type(*approve, "--as", "sam")

    assert "from this system account already" in again
    assert done.strip() == "approved"


def test_a_disclosure_is_refused_hidden_and_shown(desk: Desk) -> None:
    """A mistake in it is named before anybody approves it."""
    made = _opened(desk, "--records", "ledger")

    unclear = desk.type(
        "disclosures",
        "open",
        "C-1042",
        *SCOPE,
        "--records",
        "shoes",
        *BY,
        "--as",
        "kim",
        fails=True,
    )
    when = ("--records", "ledger", "--since", "May")
    undated = desk.type(
        "disclosures", "open", "C-1042", *SCOPE, *when, *BY, "--as", "kim", fails=True
    )
    nobody = desk.type(
        "disclosures", "open", "C-9", *SCOPE, "--records", "ledger", *BY, "--as", "kim", fails=True
    )
    desk.type("disclosures", "hide", made, *BY, "--as", "kim")
    again = desk.type("disclosures", "hide", made, *BY, "--as", "kim", fails=True)
    desk.type("disclosures", "unhide", made, *BY, "--as", "kim")
    desk.type("disclosures", "refuse", made, *BY, "--as", "kim")
    late = desk.type("disclosures", "approve", made, *BY, "--as", "robin", fails=True)

    assert "shoes is none that can be disclosed" in unclear
    assert "--since must be a day or an instant" in undated
    assert "nothing is known of C-9" in nobody
    assert "it is so already" in again
    assert "it is closed already" in late
    assert rows(desk, "disclosures", "list") == []


def test_a_breach_lists_its_sends_and_closes_when_it_is_decided(desk: Desk) -> None:
    """And says how many hours there are."""
    vague = desk.type("incidents", "open", "something", fails=True)
    shown = desk.type("incidents", "open", "a wrong number", "--customer", "C-1042")
    (listed,) = rows(desk, "incidents", "list")
    early = desk.type("incidents", "close", listed["id"], *BY, fails=True)
    wrong = desk.type("incidents", "decide", listed["id"], "approved", *BY, fails=True)
    for decided in ("not_told_ico", "told_people"):
        desk.type("incidents", "decide", listed["id"], decided, *BY, "--as", "kim")
    desk.type("incidents", "close", listed["id"], *BY)

    assert "say which sends" in vague
    assert "a wrong number" in shown
    assert (listed["left"], listed["sends"]) == ("71 h", 0)
    assert "say first whether the ICO" in early
    assert all(word in wrong for word in ("told_ico", "not_told_people"))
    assert "released" not in wrong
    (known,) = rows(desk, "incidents", "show", listed["id"])
    assert [one["decided"] for one in known["decided"]] == ["not_told_ico", "told_people"]
    assert rows(desk, "incidents", "list") == []


def test_a_complaint_is_acknowledged_and_closed_with_its_answer(desk: Desk) -> None:
    """Not the other way round."""
    desk.type("complaints", "open", "my number was read out", "--customer", "C-1042")
    (listed,) = rows(desk, "complaints", "list")
    nobody = desk.type("complaints", "open", "x", "--customer", "C-9", fails=True)
    odd = desk.type("complaints", "open", "x", "--via", "pigeon", fails=True)
    early = desk.type("complaints", "close", listed["id"], *BY, fails=True)
    desk.type("complaints", "acknowledge", listed["id"], *BY)
    desk.type("complaints", "close", listed["id"], "--reason", "we are sorry")

    assert listed["days_left"] == 30
    assert "leave --customer out" in nobody
    assert "--via must be one of" in odd
    assert "tell them first" in early
    (closed,) = rows(desk, "complaints", "list", "--closed")
    assert (closed["status"], closed["answer"]) == ("closed", "we are sorry")


def test_a_copy_is_reviewed_and_then_delivered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is undecided is named; the link goes out as a delivery of ours."""
    desk.house.tell(envelope("call.message_taken"))
    desk.type("rights", "open", "C-1042", "--kind", "access")
    (request,) = rows(desk, "rights", "list")
    deliver = ("rights", "deliver", request["id"], "--to", "d-mail", *BY)

    unreachable = desk.type(*deliver, fails=True)
    monkeypatch.setenv("ONWARD_PUBLIC_URL", "https://onward.brindle-hart.example")
    undecided = desk.type(*deliver, fails=True)
    (mark,) = rows(desk, "rights", "review", "C-1042")
    table = desk.type("rights", "review", "C-1042")
    stray = desk.type("rights", "review", "C-1042", "--release", "e-1", *BY, fails=True)
    odd = desk.type("rights", "review", "C-1042", "--rest", "approved", *BY, fails=True)
    (decided,) = rows(desk, "rights", "review", "C-1042", "--rest", "redacted", *BY, "--as", "kim")
    nowhere = desk.type(*deliver[:4], "d-none", *BY, fails=True)
    desk.type(*deliver)

    assert "set ONWARD_PUBLIC_URL" in unreachable
    assert "1 record tells of another person" in undecided
    assert (mark["where"], mark["decided"]) == ("caller", None)
    assert mark["received_at"].startswith("2026-11-20T10:00:00")
    assert "2026-11-20 10:00:00 " in table
    assert "no event of C-1042" in stray
    assert all(word in odd for word in ("released", "redacted", "withheld"))
    assert "told_ico" not in odd
    assert (decided["decided"], decided["by"]) == ("redacted", "kim")
    assert "has no destination d-none" in nowhere
    (sent,) = desk.house.deliveries(rule_id="@copy")
    assert (sent["purpose"].value, sent["destination_id"]) == ("rights", "d-mail")
    (listed,) = rows(desk, "rights", "list")
    (transfer,) = rows(desk, "transfers", "list")
    assert listed["copy_until"] == transfer["until"]
    assert transfer["where"] == "sealed, with the other files"


def test_temporary_copies_are_swept_by_hand(desk: Desk) -> None:
    """As upkeep does; what is not over yet stays."""
    desk.type("rights", "copy", "C-1042", "--to", "copy.zip", *BY)

    (swept,) = rows(desk, "transfers", "sweep")

    assert swept == {"removed": 0}
    assert Path("copy.zip").exists()


def test_a_clock_that_runs_out_is_shown_with_what_ends_it(desk: Desk) -> None:
    """Listed as the rest is; no verb of deliveries ends it."""
    desk.type("incidents", "open", "a wrong number", "--customer", "C-1042")
    (incident,) = rows(desk, "incidents", "list")
    ages_ago = "2026-01-02T10:00:00Z"
    desk.type("rights", "open", "C-1042", "--kind", "access", "--received-at", ages_ago)
    (request,) = rows(desk, "rights", "list")

    said = desk.type("attention")
    (member,) = rows(desk, "attention", "--list", "clock")
    refused = desk.type("cancel", "--cause", "clock", *BY, fails=True)

    assert f"onward rights close {request['id']}" in said
    assert "CLOCK" in said
    assert "onward trace" not in said
    assert (member["id"], member["target"]) == (request["id"], "request")
    assert member["detail"] == f"due {request['due_on']}"
    assert incident["id"] not in said
    assert "a clock ends when what it is of is done" in refused
