"""Is a bad event set aside, answered and kept only as it may be, and does it fail no other?"""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import Answer, ErrorCode, EventStatus
from store import tables
from store.publishers import Publisher
from tests.building import POST, House, bytes_of, preferences, submission
from tests.factories import Sample, catch_all, envelope
from workers.intake.submission import Submission

BIRTH = "1980-02-29"
DOCUMENT = "ZZ0000001"


def test_a_rejected_event_is_kept_answered_and_listed(house: House) -> None:
    """Never dropped: its publisher can mend it, an operator can see it."""
    broken = envelope("call.message_taken", text="", urgency="whenever")

    answer = house.hand_in_one(broken)

    assert answer.answer is Answer.REJECTED
    assert {p.path for p in answer.problems} == {"data.text", "data.urgency"}
    (row,) = house.rows(tables.rejected_events)
    assert (row["source"], row["event_id"], row["publisher"]) == (
        broken["source"],
        broken["id"],
        "all",
    )
    with house.store.read() as tx:
        kept = tx.open(f"rejected_events.body:{row['id']}", row["body"])
    assert row["body"][:1] == b"\x02"  # under a key of its own: no customer's could seal it
    assert json.loads(kept)["data"]["text"] == ""
    (told,) = house.outcomes("event.rejected")
    assert {e["path"] for e in told["errors"]} == {"data.text", "data.urgency"}


def test_one_bad_event_fails_no_other_of_its_batch(house: House) -> None:
    """A batch is our convenience, not the publishers' concern."""
    house.serve()
    good = [envelope("call.message_taken", call_id=f"call-{n}") for n in range(3)]
    bad = envelope("call.message_taken", text=...)
    stale = preferences("C-1042", catch_all("d-mail"), based_on=7)

    taken = house.hand_in(good[0], bad, good[1], stale, good[2])

    assert [a.answer for a in taken.answers] == [
        Answer.ACCEPTED,
        Answer.REJECTED,
        Answer.ACCEPTED,
        Answer.REJECTED,
        Answer.ACCEPTED,
    ]
    assert len(taken.due) == 6


def test_a_publisher_may_publish_only_its_types_and_sources(house: House) -> None:
    """A leaked key of the mailroom must not set anybody's rules."""
    mailroom = house.admit(Publisher("mailroom", ("post.*",), ("/mailroom",)))

    answer = house.hand_in_one(preferences("C-1042", catch_all()), publisher=mailroom)

    assert {(p.path, p.code) for p in answer.problems} == {
        ("type", ErrorCode.NOT_ALLOWED),
        ("source", ErrorCode.NOT_ALLOWED),
    }


def _whole(event: Sample) -> Sample:
    return event


def _with_unknown_field(event: Sample) -> Sample:
    return {**event, "data": {**event["data"], "nickname": "Tommy"}}


def _without_subject(event: Sample) -> Sample:
    return {name: value for name, value in event.items() if name != "subject"}


@pytest.mark.parametrize("broken", [_whole, _with_unknown_field, _without_subject])
def test_nothing_of_identity_data_is_kept_anywhere(
    house: House, empty_url: str, broken: Callable[[Sample], Sample]
) -> None:
    """There is no vault yet, so a date of birth must not even stand encrypted in a table."""
    house.serve()
    event = broken(envelope("identity.checked", id="id-check-1"))

    answer = house.hand_in_one(event)

    assert answer.answer is Answer.REJECTED
    assert ErrorCode.NO_VAULT in {p.code for p in answer.problems} or broken is not _whole
    (row,) = house.rows(tables.rejected_events)
    assert row["body"] is None
    assert BIRTH not in row["problems"]
    assert DOCUMENT not in row["problems"]
    if empty_url.startswith("sqlite"):
        on_disk = bytes_of(empty_url)
        assert BIRTH.encode() not in on_disk
        assert DOCUMENT.encode() not in on_disk
        assert b"Tommy" not in on_disk


def test_card_details_in_a_structured_field_are_refused_and_kept_nowhere(
    house: House, empty_url: str
) -> None:
    """Not even the rejected event may hold them."""
    card = "4111111111111111"
    event = envelope("subscription.chosen", provider_token=card)

    answer = house.hand_in_one(event)

    assert {p.code for p in answer.problems} == {ErrorCode.CARD_DATA}
    (row,) = house.rows(tables.rejected_events)
    with house.store.read() as tx:
        kept = tx.open(f"rejected_events.body:{row['id']}", row["body"])
    assert card.encode() not in kept
    if empty_url.startswith("sqlite"):
        assert card.encode() not in bytes_of(empty_url)


def _refuse_item(house: House) -> None:
    """Have the database itself refuse one value of one plain column."""
    with house.store.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE items ADD CHECK (item_id <> 'item-poison')"))
        else:
            connection.execute(
                text(
                    "CREATE TRIGGER poison BEFORE INSERT ON items WHEN NEW.item_id = 'item-poison'"
                    " BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed'); END"
                )
            )


def test_an_event_that_the_database_refuses_is_found_and_its_companions_are_taken_in(
    altered_house: House,
) -> None:
    """What nobody foresaw must cost one event, not a batch, and never a loop."""
    house = altered_house
    house.serve(services=POST)
    _refuse_item(house)
    events = [envelope("post.received", item_id=f"item-{n}") for n in range(50)]
    events[31] = envelope("post.received", item_id="item-poison")

    taken = house.hand_in(*events)

    answers = [a.answer for a in taken.answers]
    assert answers[31] is Answer.REJECTED
    assert answers.count(Answer.ACCEPTED) == 49
    (row,) = house.rows(tables.rejected_events)
    assert (row["source"], row["event_id"]) == (events[31]["source"], events[31]["id"])
    (told,) = house.outcomes("event.rejected")
    assert (told["id"], told["errors"][0]["code"]) == (events[31]["id"], "impossible")
    assert len(house.rows(tables.items)) == 49
    assert len(taken.due) == len(house.deliveries()) == 98


def test_a_character_that_the_database_cannot_hold_costs_one_event(house: House) -> None:
    """PostgreSQL holds no NUL in a text; an id may bring one."""
    house.serve(services=POST)
    odd = envelope("post.received", item_id="item\0one")
    good = [envelope("post.received", item_id=f"item-{n}") for n in range(3)]

    taken = house.hand_in(good[0], odd, good[1], good[2])

    answers = [a.answer for a in taken.answers]
    assert answers.pop(1) in {Answer.ACCEPTED, Answer.REJECTED}
    assert answers == [Answer.ACCEPTED] * 3


def test_while_the_database_is_out_of_order_nothing_is_taken_for_bad(altered_house: House) -> None:
    """An outage is not the events' fault: the batch is raised whole, and taken in later."""
    house = altered_house
    house.serve()
    events = [envelope("call.message_taken", call_id=f"call-{n}") for n in range(4)]
    with house.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE deliveries RENAME TO away"))

    with pytest.raises(DBAPIError):
        house.hand_in(*events)

    assert house.rows(tables.rejected_events) == []
    assert house.rows(tables.events, type="call.message_taken") == []


def test_an_event_refused_after_waiting_is_kept_as_it_came(house: House) -> None:
    """Whoever looks at it months later sees what was said, without its row among the events."""
    house.register()
    waiting = preferences("C-1042", catch_all("d-new"), based_on=0)
    house.hand_in(waiting)
    house.tell(preferences("C-1042", catch_all("d-mail"), based_on=0))

    house.tell(
        envelope("destination.added", destination_id="d-new", kind="email", value="new@example.com")
    )

    (row,) = house.rows(tables.rejected_events)
    with house.store.read() as tx:
        kept = json.loads(tx.open(f"rejected_events.body:{row['id']}", row["body"]))
    assert (kept["id"], kept["type"], kept["subject"]) == (
        waiting["id"],
        waiting["type"],
        "C-1042",
    )
    assert kept["data"]["rules"][0]["action"]["steps"] == [{"destination": "d-new"}]
    assert house.event(waiting["id"])["status"] is EventStatus.REFUSED
    (told,) = house.outcomes("event.rejected")
    assert told["errors"][0]["code"] == "stale_version"
    assert house.rows(tables.customers)[0]["rules_version"] == 1


def test_the_body_of_a_good_event_is_not_made(house: House) -> None:
    """What may be kept of a rejected event costs more to make than reading the event."""
    house.serve()
    made: list[bytes] = []
    good = submission(envelope("call.message_taken"))

    def body() -> bytes:
        made.append(b"")
        return b""

    house.taking_in.take_in([Submission(good.publisher, "test", good.event, body)])

    assert made == []


def test_a_batch_of_nothing_is_taken_in(house: House) -> None:
    """A consumer may flush an empty batch as it stops."""
    assert house.taking_in.take_in([]).answers == ()


def test_an_unknown_type_is_rejected_by_name(house: House) -> None:
    """A foreign event is a publisher's mistake, shown as such."""
    foreign = {**envelope("call.message_taken"), "type": "com.example.invoice.v1"}

    answer = house.hand_in_one(foreign)

    assert {(p.path, p.code) for p in answer.problems} == {("type", ErrorCode.UNKNOWN_TYPE)}
    assert house.rows(tables.rejected_events)[0]["type"] == "com.example.invoice.v1"
