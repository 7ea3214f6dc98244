import json

import pytest

from store.reading.queries import event_story, find, rejected, sends_of_customer, waiting
from tests.door.opened import SOURCE, Office
from tests.factories import envelope

ADA = {"name": "Ada Quill", "company": "Quill & Sons", "number": "+441632960111"}


@pytest.mark.parametrize(
    "text", ["ada quill", "Quill", "01632 960111", "+44 1632 960111", "call-8", "Sons ada"]
)
def test_an_event_is_found_by_what_an_operator_hears(office: Office, text: str) -> None:
    """The customer on the telephone says a name or a number, spelled anyhow."""
    office.tell(envelope("call.message_taken", id="first", call_id="call-8", caller=ADA))

    with office.store.read() as tx:
        found = find(tx, text)

    assert [story.event_id for story in found] == ["first"]
    assert len(found[0].deliveries) == 1


def test_what_nobody_said_is_not_found(office: Office) -> None:
    """A near miss is no find."""
    office.tell(envelope("call.message_taken", caller=ADA))

    with office.store.read() as tx:
        assert find(tx, "Bea Nobody") == []


def test_rejected_events_name_every_reason(office: Office) -> None:
    """An operator mends what its publisher does not."""
    office.hand_in(envelope("call.message_taken", id="bad", urgency="at once"))

    with office.store.read() as tx:
        (line,) = rejected(tx)
        story = event_story(tx, SOURCE, "bad")

    assert (line.event_id, line.kept, line.problems[0].path) == ("bad", True, "data.urgency")
    assert story is not None
    assert story.status is None


def test_waiting_events_say_for_what(office: Office) -> None:
    """Most are put right by one missing registration."""
    office.hand_in(envelope("call.message_taken", id="early", subject="C-77"))

    with office.store.read() as tx:
        (line,) = waiting(tx)

    assert (line.event_id, line.waits_for, line.overdue) == ("early", "customer", False)


def test_a_customers_record_is_theirs_alone_and_ends_with_the_latest(office: Office) -> None:
    """'Did you send it?' is answered from this list."""
    office.serve("C-2", legal_name="Westport Chandlers Ltd", also_known_as=...)
    for ref in ("C-1042", "C-2"):
        office.tell(envelope("post.received", subject=ref, item_id=f"item-{ref}", addressee=...))
    office.tell(
        envelope("call.message_taken", id="first", subject="C-2"),
        envelope(
            "event.withdrawn",
            subject="C-2",
            source=SOURCE,
            data={"source": SOURCE, "id": "first", "reason": "taken in error"},
        ),
    )

    with office.store.read() as tx:
        lines = sends_of_customer(tx, "C-2")

    assert (lines[-1].event_id, lines[-1].outcome, lines[-1].reason) == (
        "first",
        "cancelled",
        "withdrawn",
    )
    assert lines[-1].masked.endswith("123")
    assert "447700900123" not in json.dumps([line.masked for line in lines])
