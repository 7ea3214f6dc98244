"""What is read from one AMQP message, and what of it may be kept."""

import json
from typing import Any

import pytest

from contracts.envelope import MAX_BYTES
from contracts.events import Event
from contracts.problems import Malformed
from store.publishers import Publisher
from tests import factories
from workers.intake.reading import UNKNOWN, Arrived, Read, read, read_alone, submission

STRUCTURED = "application/cloudevents+json"
CENTRE = Publisher("centre", ("*",), ("*",))
CARD = "4111 1111 1111 1111"


def arrived(
    body: bytes | dict[str, Any], key: str = "call.message_taken", **changes: Any
) -> Arrived:
    """One delivery; structured unless said otherwise."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"user_id": "centre", "content_type": STRUCTURED, "headers": {}} | changes
    return Arrived(1, key, body=raw, **given)


def kept(found: Read) -> bytes | None:
    """What would be kept of it if it were rejected."""
    return submission(found, {"centre": CENTRE}).keepable()


def test_payment_details_are_masked_in_what_is_kept() -> None:
    """A rejected event is kept for operators; a card number is kept for nobody."""
    event = factories.envelope("call.message_taken", text=f"Card {CARD}", call_id=CARD)

    found = read(arrived(event), admit_drama=True)

    body = kept(found)
    assert isinstance(found.event, Malformed)
    assert body is not None
    assert b"1111 1111" not in body
    assert json.loads(body)["id"] == event["id"]


def test_a_binary_event_is_kept_in_one_piece() -> None:
    """Its attributes were in headers, which an operator needs as much as its data."""
    event = factories.envelope("call.message_taken", text=...)
    headers = {f"ce-{k}": v for k, v in event.items() if k not in {"data", "datacontenttype"}}
    body = json.dumps(event["data"]).encode()

    found = read(arrived(body, headers=headers, content_type="application/json"), admit_drama=True)

    assert json.loads(kept(found) or b"") == event


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("identity.checked", b'{"broken": '),
        ("call.message_taken", b'{"type": "onward.identity.checked.v1", "data": {}'),
        ("call.message_taken", factories.envelope("identity.checked", check=7)),
    ],
)
def test_nothing_is_kept_of_identity_data(key: str, body: bytes | dict[str, Any]) -> None:
    """There is no vault for it, however broken the event around it is."""
    found = read(arrived(body, key), admit_drama=True)

    assert kept(found) is None


def test_an_oversized_body_is_rejected_and_not_kept() -> None:
    """One publisher's mistake must not fill the store."""
    found = read(arrived(b'"' + b"x" * MAX_BYTES + b'"'), admit_drama=True)

    assert isinstance(found.event, Malformed)
    assert [problem.code for problem in found.event.problems] == ["too_large"]
    assert kept(found) is None


def test_errors_of_envelope_and_data_are_told_together() -> None:
    """A publisher mends everything in one go."""
    event = factories.envelope("call.message_taken", text="", time="yesterday")
    event["time"] = "yesterday"

    found = read(arrived(event), admit_drama=True)

    assert isinstance(found.event, Malformed)
    assert {problem.path for problem in found.event.problems} >= {"time", "data.text"}


def test_who_publishes_is_the_brokers_word() -> None:
    """A body can claim anything."""
    found = read(arrived(factories.envelope("call.message_taken")), admit_drama=True)

    known, stranger = submission(found, {"centre": CENTRE}), submission(found, {})

    assert (known.publisher, type(known.event)) == (CENTRE, Event)
    assert (stranger.publisher, type(stranger.event)) == (UNKNOWN, Malformed)


def test_a_dead_letter_that_ended_ten_processes_alone_is_not_read_again() -> None:
    """It would end the eleventh; it is rejected, and its source told to nobody."""
    letter = arrived(factories.envelope("call.message_taken"), tries=10)

    found = read_alone(letter, admit_drama=True)

    assert isinstance(found.event, Malformed)
    assert [problem.code for problem in found.event.problems] == ["impossible"]
