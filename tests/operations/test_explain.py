"""Does `onward explain` say what intake will then do, and of what would be refused, why?"""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Reason, SuppressedBy
from store import tables
from store.customers.changes import suppress_place
from tests.building import preferences
from tests.factories import catch_all, envelope
from tests.operations.desk import Desk

NIGHT = "2026-11-20T23:00:00Z"
QUIET = {
    "timing": "next_window",
    "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"},
}


def rules(*wanted: dict[str, Any]) -> str:
    """A file of rules, by its name."""
    Path("rules.json").write_text(json.dumps(list(wanted)), encoding="utf-8")
    return "rules.json"


def answer(desk: Desk, *words: str) -> dict[str, Any]:
    """What the command says in JSON."""
    found = desk.ask("explain", *words)
    assert isinstance(found, dict)
    return found


def test_an_operator_asks_what_would_be_sent_and_reads_why(desk: Desk) -> None:
    """Where, when, by which channel and rule; the place masked, the hour the customer's."""
    urgent = catch_all("d-mobile", rule_id="urgent")
    urgent["match"] = {"min_urgency": "urgent"}
    desk.house.tell(preferences("C-1042", urgent, catch_all("d-mail", rule_id="quiet", **QUIET)))

    said = desk.type("explain", "C-1042", "--sample", "call.message_taken", "--at", NIGHT)
    other = desk.type(
        "explain", "C-1042", "--sample", "call.message_taken", "--urgency", "urgent", "--at", NIGHT
    )

    assert "urgent  no: min_urgency does not fit" in said
    assert "quiet   yes" in said
    assert "Mon 2026-11-23 08:00:00 GMT, by rule quiet, step 0" in said
    assert "waits for the rule's window to open" in said
    assert "jo@harbourlane.example" not in said
    assert "sms to" in other
    assert "now, by rule urgent" in other


@pytest.mark.parametrize(
    ("type_", "words", "data"),
    [
        ("call.message_taken", [], {"for": ..., "urgency": ..., "caller": ...}),
        ("call.message_taken", ["--urgency", "emergency"], {"urgency": "emergency", "for": ...}),
        ("call.message_taken", ["--department", "Sales"], {"for": {"department": "Sales"}}),
        ("call.message_taken", ["--caller", "01632 960001"], {"caller": {"number": "01632960001"}}),
        ("invoice.issued", [], {}),
    ],
)
def test_what_is_explained_is_what_intake_plans(
    desk: Desk, type_: str, words: list[str], data: dict[str, Any]
) -> None:
    """The sample goes through the same contract, and the plan through the same planner."""
    sales = catch_all("d-mail", rule_id="sales")
    sales["match"] = {"department": ["sales"]}
    urgent = catch_all("d-mobile", "d-mail", rule_id="urgent", mode="first")
    urgent["match"] = {"min_urgency": "urgent"}
    vip = catch_all("d-mobile", "d-mail", rule_id="vip")
    vip["match"] = {"caller": "vip"}
    changed = preferences(
        "C-1042", vip, urgent, sales, catch_all("d-mail", rule_id="rest", **QUIET)
    )
    changed["data"]["callers"] = {"vip": ["01632 960001"]}
    desk.house.tell(changed)
    at = desk.house.clock.now.isoformat().replace("+00:00", "Z")

    found = answer(desk, "C-1042", "--sample", type_, "--at", at, *words)

    event = envelope(
        type_, **{f"{name}_" if name == "for" else name: v for name, v in data.items()}
    )
    desk.house.tell(event)
    rows = desk.house.deliveries(event_id=desk.house.event(event["id"])["id"])
    assert [(s["channel"], s["destination"], s["rule"], s["step"]) for s in found["sends"]] == [
        (row["channel"], row["destination_id"], row["rule_id"], row["step"]) for row in rows
    ]


def test_a_past_event_is_explained_as_of_any_moment(desk: Desk) -> None:
    """`Why did this wait?`, asked of the event itself, by our id or its publisher's."""
    desk.house.tell(preferences("C-1042", catch_all("d-mail", rule_id="quiet", **QUIET)))
    event = envelope("call.message_taken")
    desk.house.tell(event)
    own = str(desk.house.event(event["id"])["id"])

    by_ours = answer(desk, "--event", own, "--at", NIGHT)
    by_theirs = answer(desk, "--event", event["id"], "--source", event["source"], "--at", NIGHT)

    assert by_ours == by_theirs
    assert by_ours["customer"] == "C-1042"
    assert by_ours["sends"][0]["reason"] == "window"
    assert by_ours["sends"][0]["due_at"] == "2026-11-23T08:00:00+00:00"


def test_rules_that_are_not_in_force_are_tried_and_change_nothing(desk: Desk) -> None:
    """Before a customer's wish is set, it is shown what it would do."""
    file = rules(catch_all("d-mail", rule_id="tried"))

    found = answer(desk, "C-1042", "--sample", "call.message_taken", "--rules", file)

    assert [(s["rule"], s["destination"]) for s in found["sends"]] == [("tried", "d-mail")]
    assert found["rules_version"] == 2
    assert len(desk.house.rows(tables.rule_sets)) == 1


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ([catch_all("d-mobile", timing="next_window")], "data.rules[0].action.window: is needed"),
        ([catch_all("d-new")], "destinations that nobody has added: d-new"),
        ([{"rule_id": "x", "action": {"mode": "some"}}], "data.rules[0].action.mode"),
        ([], "data.rules: no rule without any other condition is for call.waiting"),
    ],
)
def test_rules_that_would_be_refused_are_not_tried(
    desk: Desk, wanted: list[dict[str, Any]], says: str
) -> None:
    """The answer would be about rules that can never be in force."""
    said = desk.type(
        "explain", "C-1042", "--sample", "call.waiting", "--rules", rules(*wanted), fails=True
    )

    assert says in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["C-1042"], "either --sample TYPE or --event ID"),
        (["C-1042", "--sample", "call.waiting", "--event", "x"], "either --sample"),
        (["--sample", "call.waiting"], "name the customer"),
        (["C-1042", "--sample", "call.ended"], "--sample rules are not asked about it"),
        (["C-1042", "--sample", "call.waiting", "--urgency", "urgent"], "--urgency is never said"),
        (["C-1042", "--sample", "post.received", "--post-class", "box"], "--post-class"),
        (["C-1042", "--sample", "call.waiting", "--caller", "12"], "--caller"),
        (["C-1042", "--sample", "call.waiting", "--at", "noon"], "--at must be an RFC 3339"),
        (["C-404", "--sample", "call.waiting"], "there is no customer C-404"),
        (["--event", "nothing"], "no event is kept by the name nothing"),
        (["--event", "nothing", "--person", "Bo"], "--person is said of a --sample only"),
    ],
)
def test_what_cannot_be_asked_is_said_with_the_option(
    desk: Desk, words: list[str], says: str
) -> None:
    """A person at a terminal mends what is named."""
    assert says in desk.type("explain", *words, fails=True)


def test_a_place_that_asked_for_no_more_is_told_of(desk: Desk) -> None:
    """Its send would be planned, and stopped when a worker takes it up."""
    (mobile, _) = desk.house.have_message()
    with desk.house.store.write() as tx:
        place = desk.house.delivery(id=mobile)
        suppress_place(tx, place, Reason.OPTED_OUT, SuppressedBy.STOP)

    found = answer(desk, "C-1042", "--sample", "call.message_taken")
    said = desk.type("explain", "C-1042", "--sample", "call.message_taken")

    assert [send["barred"] for send in found["sends"]] == ["opted_out", None]
    assert "but it would be stopped: who used it asked for no more" in said
