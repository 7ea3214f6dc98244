"""Do the operators' commands say what they did, refuse what lacks a reason, and speak JSON?"""

from typing import Any

import pytest

from store.evidence.replies import Reply, keep
from tests.building import POST
from tests.factories import envelope
from tests.operations.desk import Desk
from tests.operations.recorded import failed, parked
from workers.upkeep.notices import plan_notices


def test_an_operator_finds_mends_and_follows_what_failed(desk: Desk) -> None:
    """From what waits, by the command that is shown, to the story of it."""
    failed(desk.house)
    before = desk.ask("attention")
    assert isinstance(before, list)
    cause = before[0]["cause"]

    said = desk.type("replay", "--cause", cause, "--reason", "The relay is back.", "--as", "kim")
    story = desk.type("trace", before[0]["examples"][0])
    acts = desk.type("audit")

    assert "1 done, 0 refused" in said
    assert "kim: replay; reason: The relay is back." in story
    assert "kim" in acts
    assert len(desk.ask("attention")) == 1  # type: ignore[arg-type]


def test_nothing_is_done_without_a_reason(desk: Desk) -> None:
    """Who reads the audit next year was not there."""
    (sms, _) = failed(desk.house)

    said = desk.type("replay", str(sms), fails=True)

    assert "--reason" in said
    assert "nothing was changed" in desk.type("replay", str(sms), "--dry-run")


def test_what_is_refused_says_why_in_words(desk: Desk) -> None:
    """A code would have to be looked up."""
    (sms, _) = failed(desk.house)
    desk.type("cancel", str(sms), "--reason", "Not wanted.")

    said = desk.type("replay", str(sms), "--reason", "Wanted after all.", fails=True)

    assert "refused: it does not wait for attention (was cancelled)" in said


def test_a_resolution_is_one_thing_or_the_other(desk: Desk) -> None:
    """Sent and not sent at once would be a slip of the hand."""
    (sms, _) = parked(desk.house)

    neither = desk.type("resolve", str(sms), "--reason", "x", fails=True)
    done = desk.type("resolve", str(sms), "--sent", "SM1", "--reason", "Seen in its log.")

    assert "--sent REFERENCE or --not-sent" in neither
    assert "sent as SM1" in done


def test_more_than_the_limit_waits_for_the_next_time(desk: Desk) -> None:
    """A bulk replay is never larger than its operator meant."""
    for _ in range(3):
        failed(desk.house)

    said = desk.type("replay", "--cause", "failed", "--limit", "2", "--reason", "Mended.")

    assert "2 done" in said
    assert "4 more wait for the same" in said


def test_rejected_events_are_dismissed_by_their_cause(desk: Desk) -> None:
    """They stay on record, and out of the way."""
    desk.house.hand_in_one(envelope("call.message_taken", text=...))

    said = desk.type("cancel", "--cause", "rejected/missing", "--reason", "A trial of theirs.")

    assert "1 done" in said
    assert "nothing waits for you" in desk.type("attention")


def test_the_queues_say_that_there_is_no_broker(desk: Desk) -> None:
    """Embedded, nothing stands in a broker; an empty table would look like all is well."""
    desk.house.have_message()

    said = desk.type("queues")
    plain = desk.ask("queues")

    assert "no broker" in said
    assert isinstance(plain, dict)
    assert {one["due"] for one in plain["queues"]} == {1}


def test_a_cause_that_nothing_waits_for_is_said(desk: Desk) -> None:
    """A misspelled cause must not look like done."""
    said = desk.type("replay", "--cause", "faild", "--reason", "x", fails=True)

    assert "nothing waits for faild" in said


def test_what_a_customer_texts_is_shown_to_the_letter_and_no_more(desk: Desk) -> None:
    """Brackets would end the listing, and control characters would reach the terminal."""
    text = "see [/b] [red]me[/red] :smile: \x1b]0;pwned\x07"
    with desk.house.store.write() as tx:
        keep(tx, Reply("SM1", "+447700900999", text))

    said = desk.type("replies")

    assert "see [/b] [red]me[/red] :smile: \N{REPLACEMENT CHARACTER}]0;pwned" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "words", [("attention",), ("audit",), ("suppressions", "list"), ("sends", "--customer", "C")]
)
def test_a_limit_below_one_is_refused(desk: Desk, words: tuple[str, ...]) -> None:
    """One database would list everything, and the other would blame itself."""
    assert "--limit" in desk.type(*words, "--limit", "-1", fails=True)


def test_an_account_without_a_name_must_give_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may run under a bare number, and the audit is to name a person."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54_321)

    assert "--as" in desk.type("pause", "smtp", "--reason", "x", fails=True)


def test_a_sender_of_a_customers_own_is_set_listed_and_cleared(desk: Desk) -> None:
    """By whoever knows what the account may send under, with a reason."""
    set_ = ("senders", "set", "--customer", "C-1042")

    without = desk.type(*set_, "--sender", "HarbourLane", fails=True)
    wrong = desk.type(*set_, "--sender", "much too long", "--reason", "x", fails=True)
    done = desk.type(*set_, "--sender", "HarbourLane", "--reason", "They asked.", "--as", "kim")
    listed = desk.ask("senders", "list")
    desk.type("senders", "clear", "--customer", "C-1042", "--reason", "They asked again.")

    assert "--reason" in without
    assert "a telephone number in E.164" in wrong
    assert "1 done" in done
    assert listed == [{"customer": "C-1042", "sender": "HarbourLane"}]
    assert desk.ask("senders", "list") == []
    assert "kim" in desk.type("audit")


def test_what_the_mailroom_did_against_its_instruction_is_shown_and_closed(desk: Desk) -> None:
    """Somebody asks the mailroom, says so, and it waits no more."""
    house = desk.house
    house.serve("C-2", POST)
    house.tell(
        envelope("post.received", subject="C-2", item_id="item-1"),
        envelope("post.disposed", subject="C-2", items=["item-1"], how="shredded", by="Kim"),
    )
    groups: Any = desk.ask("attention")
    said = desk.type("attention")
    members: Any = desk.ask("attention", "--list", "contradicted")
    story = desk.type("item", "item-1")

    refused = desk.type("replay", "--cause", "contradicted", "--reason", "Again.", fails=True)
    desk.type("cancel", "--cause", "contradicted", "--reason", "Asked: a slip of the pen.")

    assert [group["cause"] for group in groups] == ["contradicted/must_be_kept"]
    assert f"onward cancel {groups[0]['examples'][0]}" in said
    assert members[0]["detail"] == "item item-1"
    assert story.index("received") < story.index("instructed") < story.index("disposed")
    assert "must_be_kept" in story
    assert "cannot be sent again" in refused
    assert desk.ask("attention") == []
    assert "Asked: a slip of the pen." in desk.type("audit")


def test_notices_are_listed_with_whom_they_have_not_reached(desk: Desk) -> None:
    """An operator sees how far each has come, and then each customer who is missing."""
    house = desk.house
    house.tell(envelope("policy.changed", version="2027-01"))
    before: Any = desk.ask("notices")
    while plan_notices(house.store, house.policies):
        pass

    after: Any = desk.ask("notices")
    (notice,) = after
    missing: Any = desk.ask("notices", notice["event_id"])
    unknown = desk.type("notices", "0" * 32, fails=True)

    assert before[0]["planning"] == "under_way"
    counts = {name: notice[name] for name in ("name", "planning", "customers", "under_way")}
    assert counts == {"name": "2027-01", "planning": "done", "customers": 1, "under_way": 1}
    assert missing[0]["customer_ref"] == "C-1042"
    assert missing[0]["state"] == "under_way"
    assert "no notice has the id" in unknown
    assert "2027-01" in desk.type("notices")
