import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest
from sqlalchemy import func, select

from contracts.vocabulary import Role
from store.publishers import Publisher
from store.reading.queries import rejected
from store.tables import events, rejected_events
from tests.door.opened import DONCASTER, SOURCE, Office, Opened, opened
from tests.factories import envelope

PROBLEM = "application/problem+json"


def a_message(**changes: Any) -> Any:
    """A message taken for the customer whom the office serves."""
    return envelope("call.message_taken", **changes)


def count(office: Office, table: Any) -> int:
    """How many rows a table has."""
    with office.store.read() as tx:
        return int(tx.connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_an_event_is_on_record_and_hinted_once_it_is_answered(
    office: Office, at_the_door: Opened
) -> None:
    """A publisher forgets an event as soon as it is told 202."""
    before = len(office.hinted)
    event = a_message()

    reply = at_the_door.publish(event)

    assert reply.status == 202
    assert reply.json() == {
        "results": [{"source": SOURCE, "id": event["id"], "status": "accepted"}]
    }
    assert len(office.hinted) == before + 1


def test_the_same_event_again_is_a_duplicate_and_sends_nothing_twice(
    office: Office, at_the_door: Opened
) -> None:
    """A publisher that was not answered sends it again."""
    event = a_message()
    at_the_door.publish(event)
    hinted = len(office.hinted)

    reply = at_the_door.publish(event)

    assert reply.json()["results"][0]["status"] == "duplicate"
    assert len(office.hinted) == hinted


def test_a_binary_event_is_the_same_event_as_its_structured_form(at_the_door: Opened) -> None:
    """A publisher may change its mode between two attempts."""
    event = a_message()
    at_the_door.publish(event)
    named = ("specversion", "id", "source", "type", "subject", "time")
    headers = {f"ce-{name}": event[name] for name in named}

    reply = at_the_door.ask(
        "POST",
        "/events",
        json.dumps(event["data"]),
        {**headers, "Content-Type": "application/json"},
    )

    assert reply.json()["results"] == [{"source": SOURCE, "id": event["id"], "status": "duplicate"}]


def test_one_bad_member_of_a_batch_fails_no_other(office: Office, at_the_door: Opened) -> None:
    """A mistake in one message must not hold up the calls around it."""
    good, bad, late = a_message(), a_message(urgency="at once"), a_message(subject="C-77")

    reply = at_the_door.publish([good, bad, late])

    assert reply.status == 202
    lines = reply.json()["results"]
    assert [line["status"] for line in lines] == ["accepted", "rejected", "waiting"]
    assert lines[1]["errors"][0]["path"] == "data.urgency"
    assert lines[2]["waits_for"] == "customer"
    assert count(office, rejected_events) == 1


def test_an_empty_batch_has_no_results(small_door: Opened) -> None:
    """CloudEvents allows a batch without members."""
    reply = small_door.publish([])

    assert (reply.status, reply.json()) == (202, {"results": []})


def test_a_rejected_event_is_answered_with_all_its_errors_and_kept(
    office: Office, at_the_door: Opened
) -> None:
    """Its publisher mends it in one go; an operator sees it too."""
    event = a_message(urgency="at once", colour="red")

    reply = at_the_door.publish(event)

    assert reply.status == 422
    assert reply.headers["content-type"] == PROBLEM
    problem = reply.json()
    assert problem["id"] == event["id"]
    assert {error["path"] for error in problem["errors"]} == {"data.urgency", "data.colour"}
    assert {error["code"] for error in problem["errors"]} == {"invalid", "unknown_field"}
    assert count(office, rejected_events) == 1


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"{", "cloudevents"),
        (b"[]", "cloudevents"),
        (b"{}", "cloudevents-batch"),
        (b"\xff\xfe", "cloudevents-batch"),
        (b'{"specversion": "0.3"}', "cloudevents"),
    ],
)
def test_what_is_no_envelope_is_a_rejected_event_too(
    small_office: Office, small_door: Opened, body: bytes, form: str
) -> None:
    """Nothing that was handed in as an event is dropped without a trace."""
    reply = small_door.ask("POST", "/events", body, {"Content-Type": f"application/{form}+json"})

    assert reply.status == 422
    assert reply.json()["errors"]
    assert count(small_office, rejected_events) == 1


def test_other_content_under_a_known_id_is_refused(small_door: Opened) -> None:
    """Two facts under one name: which of them counts is for people to say."""
    event = a_message()
    small_door.publish(event)

    reply = small_door.publish(event | {"data": event["data"] | {"text": "Something else."}})

    assert reply.status == 422
    assert [error["code"] for error in reply.json()["errors"]] == ["conflicting_duplicate"]


@pytest.mark.parametrize(
    "changes",
    [{"type": "onward.invoice.issued.v1"}, {"source": "/elsewhere"}],
    ids=["type", "source"],
)
def test_a_publisher_may_publish_only_what_is_its_own(
    small_office: Office, small_door: Opened, changes: dict[str, str]
) -> None:
    """A call-centre's key that leaks must not issue invoices."""
    events_of = envelope("invoice.issued") if "type" in changes else a_message()

    reply = small_door.publish(events_of | changes)

    assert reply.status == 403
    assert [error["code"] for error in reply.json()["errors"]] == ["not_allowed"]
    with small_office.store.read() as tx:
        assert [each.publisher for each in rejected(tx)] == [DONCASTER.name]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer onward_of-nobody"}, {"Authorization": "Basic eDp5"}],
    ids=["none", "unknown", "basic"],
)
def test_without_a_key_that_opens_nobody_gets_in(
    small_door: Opened, headers: dict[str, str]
) -> None:
    """The door stands in the open internet."""
    stranger = Opened(small_door.port)

    reply = stranger.ask("POST", "/events", b"{}", headers)

    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_key_is_shut_out_within_seconds(small_office: Office) -> None:
    """An operator who revokes a leaked key must not wait for a restart."""
    moment = [0.0]
    key = small_office.admit(DONCASTER)
    parts = small_office.parts(monotonic=lambda: moment[0])

    with opened(parts, key) as at_the_door:
        first = at_the_door.publish(a_message())
        small_office.revoke(DONCASTER)
        moment[0] = 5.0
        second = at_the_door.publish(a_message())

    assert (first.status, second.status) == (202, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "application/cloudevents+xml"},
        {"Content-Type": "application/cloudevents+json", "Content-Encoding": "gzip"},
    ],
    ids=["no_event", "xml", "gzip"],
)
def test_a_form_that_is_not_read_is_said_to_be_so(
    small_office: Office, small_door: Opened, headers: dict[str, str]
) -> None:
    """Who uses another format learns which to use."""
    reply = small_door.ask("POST", "/events", b"{}", headers)

    assert reply.status == 415
    assert count(small_office, rejected_events) == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(
    small_office: Office, small_door: Opened, chunked: bool
) -> None:
    """A body without its length must not fill the memory either."""
    pieces = [b" " * 10_000] * 10
    body = iter(pieces) if chunked else b"".join(pieces)

    reply = small_door.ask(
        "POST", "/events", body, {"Content-Type": "application/cloudevents+json"}
    )

    assert reply.status == 413
    assert reply.headers["content-type"] == PROBLEM
    assert count(small_office, rejected_events) == 0


def test_an_outage_of_the_store_is_told_and_nothing_is_half_stored(
    small_office: Office, small_door: Opened
) -> None:
    """A publisher that is told 503 sends the event again, and it must be new then."""
    event = a_message()
    before = count(small_office, events)
    small_door.publish(a_message())  # the key is known by now
    with small_office.store.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO elsewhere")

    away = small_door.publish(event)
    with small_office.store.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO deliveries")
    back = small_door.publish(event)

    assert away.status == 503
    assert away.headers["retry-after"]
    assert (back.status, back.json()["results"][0]["status"]) == (202, "accepted")
    assert count(small_office, events) == before + 2


def test_fifty_callers_at_once_are_all_answered_and_share_commits(office: Office) -> None:
    """A busy morning: one commit a message would be the bottleneck."""
    taken_in = office.taking_in
    batches: list[int] = []

    class Counting:
        def take_in(self, submissions: Any) -> Any:
            batches.append(len(submissions))
            return taken_in.take_in(submissions)

    sent = [a_message() for _ in range(49)] + [a_message(urgency="at once")]
    key = office.admit(DONCASTER)

    with (
        opened(office.parts(taking_in=Counting()), key) as at_the_door,
        ThreadPoolExecutor(50) as callers,
    ):
        replies = list(callers.map(at_the_door.publish, sent))

    assert [reply.status for reply in replies] == [202] * 49 + [422]
    assert [reply.json()["results"][0]["id"] for reply in replies[:49]] == [
        event["id"] for event in sent[:49]
    ]
    assert sum(batches) == 50
    assert len(batches) < 50


def test_more_than_can_wait_is_told_to_come_back(small_office: Office) -> None:
    """Better a clear word now than a connection that times out."""
    taken_in = small_office.taking_in
    told = threading.Event()

    class Slow:
        def take_in(self, submissions: Any) -> Any:
            told.wait(60)
            return taken_in.take_in(submissions)

    key = small_office.admit(DONCASTER)
    parts = small_office.parts(most_waiting=1, gather=1, taking_in=Slow())

    with opened(parts, key) as at_the_door, ThreadPoolExecutor(20) as callers:
        asked = [callers.submit(at_the_door.publish, a_message()) for _ in range(20)]
        first = next(as_completed(asked)).result()
        told.set()
        statuses = {each.result().status for each in asked}

    assert (first.status, first.headers["retry-after"]) == (429, "1")
    assert statuses == {202, 429}


def test_a_hint_that_fails_does_not_fail_what_is_committed(small_office: Office) -> None:
    """The store is the truth: upkeep hints again."""

    def fail(due: Any) -> None:
        raise ConnectionError("the broker is away")

    key = small_office.admit(DONCASTER)

    with opened(small_office.parts(hint=fail), key) as at_the_door:
        reply = at_the_door.publish(a_message())

    assert reply.status == 202


def test_card_numbers_are_kept_nowhere(small_office: Office, small_door: Opened) -> None:
    """Card data in a structured field are refused, and not in the rejected event's body either."""
    reply = small_door.publish(a_message(category="4111 1111 1111 1111"))

    assert reply.status == 422
    assert "4111" not in reply.body.decode()
    with small_office.store.read() as tx:
        kept = tx.connection.execute(select(rejected_events)).one()
        body = tx.open(f"rejected_events.body:{kept.id}", kept.body)
    assert b"4111 1111" not in body


def test_a_wrong_role_is_no_door(small_office: Office, small_door: Opened) -> None:
    """A publisher without the door reads no outcomes, whatever its roles."""
    mute = Publisher("mute", ("call.*",), (SOURCE,), (), (Role.CALL_CENTRE,))

    reply = small_door.ask("GET", "/outcomes", key=small_office.admit(mute))

    assert reply.status == 403
