"""Are events that a person publishes taken in as any publisher's are?"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from contracts.vocabulary import Answer, ErrorCode, Lane
from store.deliveries.due import unhinted
from tests.building import BOTH, House, open_house, place, preferences, verified
from tests.factories import catch_all, envelope
from workers.bootstrap.parts import Parts
from workers.by_hand import preferences_event, publish, read_events


@pytest.fixture
def parts(empty_sqlite_url: str, tmp_path: Path) -> Iterator[tuple[House, Parts]]:
    """Give an embedded installation with nobody in it."""
    with open_house(empty_sqlite_url) as house:
        settings = Settings(sandbox=True, data_dir=tmp_path)
        yield house, Parts(settings, house.store)


def test_a_day_is_published_in_its_order(parts: tuple[House, Parts]) -> None:
    """A file that makes a customer and sends them something is one hand's work."""
    house, opened = parts
    events = [
        envelope("customer.registered", services=[*BOTH]),
        place("C-1042", "d-mail", "email", "jo@example.com"),
        verified("C-1042", "d-mail"),
        preferences("C-1042", catch_all("d-mail")),
        envelope("service.started", services=[*BOTH]),
        envelope("call.message_taken"),
    ]

    answers = publish(opened, [json.dumps(event).encode() for event in events])

    assert {a.answer for a in answers} == {Answer.ACCEPTED}
    assert house.standing() == [("d-mail", "pending", "planned")]


def test_the_embedded_worker_finds_what_was_published_beside_it(
    parts: tuple[House, Parts],
) -> None:
    """It is another process: no hint of ours reaches it, so its upkeep must not think one did."""
    house, opened = parts
    house.serve()

    publish(opened, [json.dumps(envelope("call.message_taken")).encode()])

    with house.store.write() as tx:
        found = unhinted(tx, list(Lane), house.clock.now.replace(year=2020), 10)
    assert len(found) == 2


@pytest.mark.parametrize("form", ["one", "list", "lines", "one line"])
def test_a_file_holds_one_event_a_list_or_one_a_line(form: str) -> None:
    """However somebody has written it down."""
    events = [envelope("call.ended"), envelope("note.recorded")]
    match form:
        case "one":
            text, expected = json.dumps(events[0], indent=2), events[:1]
        case "list":
            text, expected = json.dumps(events), events
        case "one line":
            text, expected = json.dumps(events[0]) + "\n", events[:1]
        case _:
            text, expected = "\n\n".join(json.dumps(event) for event in events), events

    assert [json.loads(body) for body in read_events(text.encode())] == expected


def test_a_line_that_is_not_json_is_named(parts: tuple[House, Parts]) -> None:
    """Nothing of a file is published that cannot be read to its end."""
    del parts
    with pytest.raises(ValueError, match="line 2 is not JSON"):
        read_events(b'{"a": 1}\n{"a": \n')


def test_a_broken_event_is_answered_with_all_that_is_wrong(parts: tuple[House, Parts]) -> None:
    """Envelope and data at once, as at any other door."""
    _, opened = parts
    broken = envelope("call.message_taken", text=...)
    del broken["source"]

    (answer,) = publish(opened, [json.dumps(broken).encode()])

    assert {(p.path, p.code) for p in answer.problems} == {
        ("source", ErrorCode.MISSING),
        ("data.text", ErrorCode.MISSING),
    }


def test_rules_that_somebody_edited_are_based_on_what_they_read(
    parts: tuple[House, Parts],
) -> None:
    """Two people edit at once: the second is refused and reads again."""
    house, opened = parts
    house.serve()
    edited = {"rules": [catch_all("d-mail")], "callers": {"vip": [], "blocked": []}}

    first = preferences_event("C-1042", edited, 1, "Kim")
    second = preferences_event("C-1042", edited["rules"], 1, "Lee")
    answers = publish(opened, [first, second])

    assert [a.answer for a in answers] == [Answer.ACCEPTED, Answer.REJECTED]
    assert answers[1].problems[0].code is ErrorCode.STALE_VERSION
