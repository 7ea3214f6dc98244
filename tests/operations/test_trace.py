"""Does a story tell all that happened to a delivery, an event or a call, in the order of time?"""

import pytest

from contracts.vocabulary import Inquiry, Said
from store import tables
from store.bulk import insert_rows
from store.reading.tracing import Trace, trace
from store.record.sealing import seal_next
from tests.building import House
from tests.factories import envelope
from tests.operations.recorded import KIM, S, failed, parked, settled
from workers.cli.timeline import lines_of
from workers.operations import Operations


def told(house: House, name: str, source: str | None = None) -> Trace:
    """Give the story of a name that is known."""
    with house.store.read() as tx:
        story = trace(tx, name, source)
    assert story is not None
    return story


def whats(story: Trace) -> list[str]:
    """Give what happened, in order."""
    return [step.what for step in story.steps]


def test_a_deliverys_story_goes_from_its_event_to_its_seal(house: House) -> None:
    """Whether it was sent, when and where is answered on one screen."""
    house.serve()
    (sms, _) = settled(house, S.ACCEPTED, "accepted", reference="SM1")
    house.outcomes("delivery.accepted")
    with house.store.write() as tx:
        seal_next(tx)

    story = told(house, str(sms))

    assert whats(story) == ["received", "planned", "attempt", "answer", "entry", "told"]
    (entry,) = [step for step in story.steps if step.what == "entry"]
    assert (entry.facts["outcome"], entry.facts["seal"]) == ("accepted", 1)
    assert {step.delivery_id for step in story.steps} == {None, sms}


@pytest.mark.parametrize("by", ["event", "own id", "source", "call", "reference"])
def test_a_story_is_found_by_any_name_that_somebody_may_have(house: House, by: str) -> None:
    """A publisher has its id, the desk has the call, the provider has its reference."""
    house.serve()
    (sms, _) = settled(house, S.ACCEPTED, "accepted", reference="SM1")
    (event,) = house.rows(tables.events, type="call.message_taken")
    names = {
        "event": (event["event_id"], None),
        "own id": (str(event["id"]), None),
        "source": (event["event_id"], event["source"]),
        "call": ("call-1", None),
        "reference": ("SM1", None),
    }

    story = told(house, *names[by])

    assert sms in {line.id for one in story.events for line in one.deliveries}


def test_a_call_is_told_with_all_its_events(house: House) -> None:
    """The call that waited, the message that was taken, and its end are one story."""
    house.serve()
    house.hand_in_one(envelope("call.waiting"))
    house.clock.advance(seconds=30)
    house.have_message()
    house.hand_in_one(envelope("call.ended"))

    story = told(house, "call-1")

    assert [one.type for one in story.events] == [
        "call.waiting",
        "call.message_taken",
        "call.ended",
    ]
    assert [step.at for step in story.steps] == sorted(step.at for step in story.steps)


def test_what_an_operator_did_and_why_stands_in_its_place(house: House) -> None:
    """The next operator sees what the last one thought."""
    house.serve()
    (sms, _) = parked(house)
    house.clock.advance(minutes=1)
    Operations(house.store, house.policies.lanes).replay([sms], KIM)
    house.clock.advance(minutes=1)
    house.claim(sms)

    story = told(house, str(sms))
    lines = list(lines_of(story))

    assert whats(story)[-2:] == ["act", "attempt"]
    assert any(f"kim: replay (marked); reason: {KIM.reason}" in line for line in lines)
    assert any("marked: may have been sent before" in line for line in lines)


def test_what_a_provider_said_when_asked_stands_beside_it(house: House) -> None:
    """An empty listing is no proof, and the operator who decides must see it (hazard 5)."""
    house.serve()
    (sms, _) = parked(house)
    row = {
        "delivery_id": sms,
        "fence": 1,
        "inquiry": Inquiry.LISTING,
        "times": 3,
        "answered": 3,
        "said": Said.NOTHING,
        "detail": None,
        "asked_at": house.clock.now,
        "due_at": None,
    }
    with house.store.write() as tx:
        insert_rows(tx, tables.inquiries, [row])

    story = told(house, str(sms))

    assert "asked" in whats(story)
    assert any("asked for its listing 3 times: nothing" in line for line in lines_of(story))


def test_an_event_that_waited_tells_when_for_what_and_when_it_was_taken_up(house: House) -> None:
    """Its wait is over and its row gone; what its publisher was told is not."""
    house.hand_in_one(envelope("call.message_taken", id="early"))
    waiting = whats(told(house, "early"))
    house.clock.advance(hours=1)
    house.serve()

    lines = list(lines_of(told(house, "early")))

    assert waiting == ["received", "waits", "told"]
    assert any("event.waiting (customer)" in line for line in lines)
    assert any("event.routed" in line for line in lines)


def test_a_rejected_event_has_a_story_too(house: House) -> None:
    """Whether by its publisher's id or ours."""
    refused = house.hand_in_one(envelope("call.message_taken", id="bad", text=...))

    for name in ("bad", str(refused.id)):
        story = told(house, name)
        assert whats(story) == ["rejected", "told"]
        assert any("data.text: is required" in line for line in lines_of(story))


def test_no_text_and_no_number_stands_in_a_story(house: House) -> None:
    """A story is read over shoulders: places are masked, texts are not shown."""
    house.serve()
    (sms, _) = failed(house)

    printed = "\n".join(lines_of(told(house, str(sms))))

    for personal in ("900123", "lease", "Ada", "Quill", "jo@"):
        assert personal not in printed


def test_what_nobody_knows_has_no_story(house: House) -> None:
    """It is said, instead of an empty page."""
    with house.store.read() as tx:
        assert trace(tx, "nothing") is None
