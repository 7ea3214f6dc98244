"""What the AMQP intake does with events, good and bad, against a real broker."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from config.topology import DEAD, DEAD_QUEUE, intake_queue, intake_queues
from contracts.events import Event
from contracts.vocabulary import Family
from store.engine import Store
from store.publishers import Publisher
from tests import factories
from tests.intake.amqp import Desk, consuming, count, event_ids, rejections, taking_in
from tests.waiting import eventually
from workers.intake.submission import Submission
from workers.intake.taking_in import Taken, TakingIn

CALLS = intake_queue(Family.CALLS)


def taken_message(event_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """A message taken for a customer that nobody knows yet: it waits on record."""
    return factories.envelope("call.message_taken", id=event_id, **changes)


def binary(event: dict[str, Any], prefix: str) -> tuple[bytes, dict[str, Any]]:
    """The body and headers of an event in binary mode."""
    headers = {
        f"{prefix}{name}": value
        for name, value in event.items()
        if name not in {"data", "datacontenttype"}
    }
    return json.dumps(event["data"]).encode(), headers


@pytest.mark.parametrize("prefix", [None, "ce-", "cloudEvents_", "cloudEvents:"])
def test_every_envelope_form_is_taken_in(
    store: Store, desk: Desk, centre: Publisher, prefix: str | None
) -> None:
    """Publishers choose the form their library speaks."""
    event = taken_message()
    if prefix is None:
        desk.publish(event)
    else:
        body, headers = binary(event, prefix)
        desk.put(body, "call.message_taken", content_type="application/json", headers=headers)

    with consuming(desk.url, store):
        eventually(lambda: event_ids(store) == {event["id"]}, "the event is on record")

    assert rejections(store) == []
    assert desk.ready(CALLS) == 0


def test_events_of_all_families_come_in_together(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """Seven queues share one channel, and one acknowledgement covers them."""
    types = ["call.message_taken", "post.received", "invoice.issued", "customer.enquired"]
    types += ["note.recorded", "policy.changed"]
    events = [factories.envelope(kind) for kind in types for _ in range(5)]
    for event in events:
        desk.publish(event)
    stray = taken_message()
    desk.put(
        json.dumps(stray).encode(), "a.mistyped.key", content_type="application/cloudevents+json"
    )

    with consuming(desk.url, store, batch=7):
        wanted = {event["id"] for event in (*events, stray)}
        eventually(
            lambda: len(event_ids(store)) + len(rejections(store)) == len(wanted), "all came in"
        )

    assert event_ids(store) | {r["event_id"] for r in rejections(store)} == wanted
    assert {queue: desk.ready(queue) for queue in intake_queues()} == dict.fromkeys(
        intake_queues(), 0
    )


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"{not json", {"": "not_json"}),
        (b"\xff\xfe\x00", {"": "not_json"}),
        (b'{"specversion": "1.0"}', {"id": "missing", "source": "missing", "type": "missing"}),
    ],
)
def test_poison_in_a_batch_of_fifty_fails_no_other(
    store: Store, desk: Desk, centre: Publisher, body: bytes, codes: dict[str, str]
) -> None:
    """One broken publisher must not stop an office's calls."""
    good = [taken_message() for _ in range(49)]
    for event in good[:20]:
        desk.publish(event)
    desk.put(body, "call.message_taken", content_type="application/cloudevents+json")
    for event in good[20:]:
        desk.publish(event)

    with consuming(desk.url, store, flush_ms=300):
        eventually(lambda: count(store, "events") == 49, "the good ones are on record")

    (rejected,) = rejections(store)
    assert rejected["codes"] == codes
    assert rejected["publisher"] == centre.name
    assert rejected["body"] is not None
    assert event_ids(store) == {event["id"] for event in good}
    assert desk.ready(CALLS) == desk.ready(DEAD_QUEUE) == 0


class Faulty(TakingIn):
    """Our own code with a fault planted: it trips over one event, every time."""

    def __init__(self, within: TakingIn, trips_over: str) -> None:
        self._within = within
        self._trips_over = trips_over
        self.calls = 0

    def take_in(self, submissions: Sequence[Submission]) -> Taken:
        """Fail where that event is among them and not yet refused."""
        self.calls += 1
        if any(
            isinstance(one.event, Event) and one.event.event_id == self._trips_over
            for one in submissions
        ):
            raise ZeroDivisionError("with 07700 900123 in its text")
        return self._within.take_in(submissions)


def test_an_event_our_own_code_trips_over_is_rejected_alone(
    store: Store, desk: Desk, centre: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug of ours must neither loop for ever nor lose the event, nor print what it was about."""
    events = [taken_message(f"fault-{n}") for n in range(50)]
    faulty = Faulty(taking_in(store), "fault-33")
    for event in events:
        desk.publish(event)

    with consuming(desk.url, store, faulty, flush_ms=300):
        eventually(lambda: rejections(store) and count(store, "events") == 49, "all is settled")

    (rejected,) = rejections(store)
    assert (rejected["event_id"], rejected["codes"]) == ("fault-33", {"": "impossible"})
    assert "fault-33" not in event_ids(store)
    assert "900123" not in "".join(capsys.readouterr())


def test_an_event_without_user_id_is_rejected_and_kept(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """Without the broker's word nobody knows who says this."""
    desk.publish(taken_message("anonymous"), user_id=None)

    with consuming(desk.url, store):
        eventually(lambda: rejections(store), "it is on record")

    (rejected,) = rejections(store)
    assert rejected["codes"] == {"user_id": "not_allowed"}
    assert (rejected["publisher"], rejected["event_id"]) == ("unknown", "anonymous")
    assert rejected["body"] is not None


def test_an_event_of_a_user_who_is_no_publisher_is_rejected(store: Store, desk: Desk) -> None:
    """A broker user alone is no admission."""
    desk.publish(taken_message())

    with consuming(desk.url, store):
        eventually(lambda: rejections(store), "it is on record")

    (rejected,) = rejections(store)
    assert rejected["codes"] == {"user_id": "not_allowed"}
    assert rejected["publisher"] == "unknown"


def test_dead_letters_are_taken_in_one_by_one(store: Store, desk: Desk, centre: Publisher) -> None:
    """A crashing consumer dead-letters the innocent with the guilty."""
    good = [taken_message() for _ in range(5)]
    for event in good:
        body = json.dumps(event).encode()
        desk.put(body, "call.message_taken", DEAD, content_type="application/cloudevents+json")
    desk.put(b"broken", "call.message_taken", DEAD, content_type="application/cloudevents+json")

    with consuming(desk.url, store):
        eventually(lambda: count(store, "events") == 5 and rejections(store), "all are settled")

    assert event_ids(store) == {event["id"] for event in good}
    assert desk.ready(DEAD_QUEUE) == 0


def test_what_is_due_is_hinted_after_it_is_on_record(
    store: Store, desk: Desk, centre: Publisher
) -> None:
    """A live call cannot wait for upkeep to find it."""
    for event in registered("C-7"):
        desk.publish(event)

    with consuming(desk.url, store) as running:
        eventually(lambda: count(store, "events") == 5, "the customer is there")
        desk.publish(taken_message(subject="C-7", urgency="urgent"))
        eventually(lambda: running.hinted, "a hint")

    assert count(store, "deliveries") == len(running.hinted) == 1


def registered(ref: str) -> list[dict[str, Any]]:
    """A customer whose messages go to one verified mobile."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("customer.registered", {"services": ["phone_answering"], "addresses": ...}),
        (
            "destination.added",
            {"destination_id": "d-mobile", "kind": "mobile", "value": "+447700900123"},
        ),
        ("destination.verified", {"destination_id": "d-mobile"}),
        (
            "preferences.set",
            {
                "rules": [factories.catch_all("d-mobile")],
                "based_on_version": ...,
                "callers": ...,
            },
        ),
        ("service.started", {"services": ["phone_answering"]}),
    ]
    return [factories.envelope(kind, subject=ref, **changes) for kind, changes in kinds]
