"""Is what waits for an operator found, grouped by its cause, and nothing else?"""

import shlex

import pytest

from contracts.vocabulary import Answer, Refusal, Target
from store import tables
from store.publishers import Publisher, revoke
from store.reading.attention import attention, members
from tests.building import House, place
from tests.factories import envelope
from tests.operations.recorded import KIM, S, failed, parked, settled
from workers.cli.words import mending
from workers.intake.again import TakingInAgain


def causes(house: House) -> dict[str, int]:
    """Give each cause with how much waits for it."""
    with house.store.read() as tx:
        return {group.cause: group.count for group in attention(tx)}


@pytest.fixture
def again(house: House) -> TakingInAgain:
    """Give the verbs over rejected events of a house with C-1042 served."""
    house.serve()
    return TakingInAgain(house.store, house.readings, house.policies, admit_drama=True)


def test_deliveries_are_grouped_by_what_went_wrong(house: House) -> None:
    """A hundred of one cause are one thing to mend."""
    house.serve()
    failed(house)
    failed(house)
    parked(house)

    assert causes(house) == {
        "parked/no_answer/sms/twilio/call.message_taken": 1,
        "parked/no_answer/email/twilio/call.message_taken": 1,
        "failed/refused/sms/twilio/call.message_taken": 2,
        "failed/refused/email/twilio/call.message_taken": 2,
    }


def test_what_goes_its_way_waits_for_nobody(house: House) -> None:
    """Attention that cries wolf is not looked at."""
    house.serve()
    house.have_message()
    settled(house, S.ACCEPTED, "accepted", reference="SM1")

    assert causes(house) == {}


def test_a_branch_of_causes_gives_all_its_members_the_oldest_first(house: House) -> None:
    """`--cause failed` means everything that failed; a part of a word means nothing."""
    house.serve()
    (first, _) = failed(house)
    house.clock.advance(minutes=1)
    (second, _) = failed(house)
    parked(house)

    with house.store.read() as tx:
        found = members(tx, "failed/refused/sms", 10)
        most = members(tx, "failed", 3)
        part = members(tx, "fail", 10)

    assert [one.id for one in found] == [first, second]
    assert {one.target for one in found} == {Target.DELIVERY}
    assert found[0].masked != ""
    assert "900123" not in found[0].masked
    assert (len(most), part) == (3, [])


def test_an_event_that_waits_too_long_is_shown(house: House) -> None:
    """Nobody else would ask where its customer is."""
    house.serve()
    house.hand_in_one(envelope("call.message_taken", subject="C-9999", urgency="urgent"))
    early = causes(house)
    house.clock.advance(minutes=2)

    assert (early, causes(house)) == ({}, {"overdue/customer/call.message_taken": 1})


def test_a_rejected_event_waits_until_its_publisher_has_mended_it(house: House) -> None:
    """Then it is here, under the same name, and nobody needs to look at it again."""
    house.serve()
    broken = envelope("call.message_taken", text=...)
    house.hand_in_one(broken)
    before = causes(house)
    house.clock.advance(minutes=1)
    house.tell(envelope("call.message_taken", id=broken["id"]))

    assert before == {"rejected/missing/all/onward.call.message_taken.v1": 1}
    assert causes(house) == {}


def test_a_second_event_under_a_name_that_is_taken_stays_listed(house: House) -> None:
    """The one that is here is another: this one was never taken in."""
    house.serve()
    event = envelope("call.message_taken")
    house.tell(event)
    house.clock.advance(minutes=1)
    house.hand_in_one(envelope("call.message_taken", id=event["id"], text="Another."))

    assert causes(house) == {"rejected/conflicting_duplicate/all/onward.call.message_taken.v1": 1}


def test_what_we_have_mended_is_taken_in_anew_as_its_publishers(
    house: House, again: TakingInAgain
) -> None:
    """A missing grant is our fault: the publisher need not send again."""
    house.admit(Publisher("desk", ("note.*",), ("*",)))
    event = envelope("call.message_taken")
    refused = house.hand_in_one(event, Publisher("desk", ("note.*",), ("*",)))
    assert refused.id is not None
    early = again.replay([refused.id], KIM)
    with house.store.write() as tx:
        revoke(tx, "desk")
    unknown = again.replay([refused.id], KIM)
    house.admit(Publisher("desk", ("*",), ("*",)))

    done = again.replay([refused.id], KIM)

    assert [one.refusal for one in early.refused] == [Refusal.STILL_WRONG]
    assert [one.refusal for one in unknown.refused] == [Refusal.PUBLISHER_UNKNOWN]
    assert [one.detail for one in done.done] == [Answer.ACCEPTED.value]
    assert house.event(event["id"])["publisher"] == "desk"
    assert [row["hinted_at"] for row in house.deliveries()] == [None, None]
    assert causes(house) == {}
    assert [one.refusal for one in again.replay([refused.id], KIM).refused] == [Refusal.CLOSED]


def test_what_is_as_wrong_as_before_is_not_rejected_twice(
    house: House, again: TakingInAgain
) -> None:
    """It stays as it is, and its publisher is not told a second time."""
    refused = house.hand_in_one(envelope("call.message_taken", text=...))
    assert refused.id is not None

    done = again.replay([refused.id], KIM)

    assert [one.refusal for one in done.refused] == [Refusal.STILL_WRONG]
    assert len(house.rows(tables.rejected_events)) == 1


def test_an_event_with_payment_details_is_never_taken_in_masked(
    house: House, again: TakingInAgain
) -> None:
    """What was masked is not what its publisher sent."""
    event = envelope("call.message_taken", caller={"name": "4111 1111 1111 1111"})
    refused = house.hand_in_one(event)
    assert refused.id is not None

    done = again.replay([refused.id], KIM)

    assert [one.refusal for one in done.refused] == [Refusal.NOT_KEPT]


def test_a_dismissed_event_waits_for_nobody_and_stays_on_record(
    house: House, again: TakingInAgain
) -> None:
    """A publisher's test of last year need not be looked at for ever."""
    refused = house.hand_in_one(envelope("call.message_taken", text=...))
    assert refused.id is not None

    done = again.dismiss([refused.id], KIM)

    assert len(done.done) == 1
    assert causes(house) == {}
    assert len(house.rows(tables.rejected_events)) == 1


def test_every_cause_says_what_mends_it(house: House) -> None:
    """An operator in a hurry types what is shown; where replay is no use it is not shown."""
    house.serve()
    failed(house)
    failed(house)
    (sms, _) = parked(house)
    house.hand_in_one(envelope("call.message_taken", text=...))
    house.hand_in_one(place("C-9999", "d-1", "mobile", "07700 900456"))
    house.clock.advance(days=9)

    with house.store.read() as tx:
        lines = {group.cause: mending(group) for group in attention(tx)}

    refused = "failed/refused/sms/twilio/call.message_taken"
    assert f"onward replay --cause {refused}" in lines[refused]
    asking = lines["parked/no_answer/sms/twilio/call.message_taken"]
    assert any(line.startswith(f"onward resolve {sms} --sent") for line in asking)
    rejected = lines["rejected/missing/all/onward.call.message_taken.v1"]
    assert not any("replay" in line for line in rejected)
    assert "registered" in lines["overdue/customer/destination.added"][0]


def test_a_line_to_copy_runs_nothing_but_what_it_says(house: House) -> None:
    """A publisher makes up the type, and an operator pastes the line into a shell."""
    for _ in range(2):
        house.hand_in_one({**envelope("call.message_taken"), "type": "x; $(reboot) onward.y"})

    with house.store.read() as tx:
        (group,) = attention(tx)

    line = next(line for line in mending(group) if line.startswith("onward cancel"))
    assert shlex.split(line) == ["onward", "cancel", "--cause", group.cause]
    assert "$(reboot)" in group.cause
