"""The envelope beyond the conformance files: batches, headers, native types and what is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.envelope import (
    MAX_BYTES,
    Envelope,
    HttpMode,
    http_mode,
    parse_amqp,
    parse_batch,
    parse_binary_http,
    parse_http,
    parse_structured,
    to_binary_headers,
    to_structured,
)
from contracts.problems import Malformed
from contracts.vocabulary import ErrorCode

MINIMAL = {"specversion": "1.0", "id": "e-1", "source": "/desk", "type": "t"}
CE = {"ce-specversion": "1.0", "ce-id": "e-1", "ce-source": "/desk", "ce-type": "t"}


def body(**members: Any) -> bytes:
    """A minimal event with these members."""
    return json.dumps(MINIMAL | members).encode()


def problems_of(event: bytes) -> list[tuple[str, ErrorCode]]:
    """Where a structured event is wrong, and how."""
    with pytest.raises(Malformed) as refused:
        parse_structured(event)
    return [(problem.path, problem.code) for problem in refused.value.problems]


def test_every_error_of_an_envelope_is_reported_at_once() -> None:
    """A publisher mends an event once, not once an error."""
    event = json.dumps({"id": 5, "source": "a b", "time": "noon", "Bad": 1, "ext": 1.5}).encode()

    found = problems_of(event)

    assert set(found) == {
        ("id", ErrorCode.ENVELOPE),
        ("source", ErrorCode.ENVELOPE),
        ("type", ErrorCode.MISSING),
        ("specversion", ErrorCode.MISSING),
        ("time", ErrorCode.ENVELOPE),
        ("", ErrorCode.ENVELOPE),
        ("ext", ErrorCode.ENVELOPE),
    }


@pytest.mark.parametrize(
    ("event", "path", "code"),
    [
        (b"", "", ErrorCode.NOT_JSON),
        (b"{", "", ErrorCode.NOT_JSON),
        (b"\xff\xfe", "", ErrorCode.NOT_JSON),
        (b"[" * 5000, "", ErrorCode.NOT_JSON),
        (b"NaN", "", ErrorCode.NOT_JSON),
        (b'"text"', "", ErrorCode.ENVELOPE),
        (b"[]", "", ErrorCode.ENVELOPE),
        (b'{"id":"1","id":"2"}', "", ErrorCode.NOT_JSON),
        (body(data={"a": "\ud800"}), "", ErrorCode.NOT_JSON),
        (body(data={"a": ["\0"]}), "data.a[0]", ErrorCode.INVALID),
        (body(subject="a\0b"), "subject", ErrorCode.ENVELOPE),
        (body(ext="a\0b"), "ext", ErrorCode.ENVELOPE),
        (body(id="x" * 201), "id", ErrorCode.ENVELOPE),
        (body(ext="x" * 1001), "ext", ErrorCode.ENVELOPE),
        (body(ext=2**31), "ext", ErrorCode.ENVELOPE),
        (body(ext={}), "ext", ErrorCode.ENVELOPE),
        (body(data_base64="not base64!"), "data_base64", ErrorCode.ENVELOPE),
        (body(source="https://x/%zz"), "source", ErrorCode.ENVELOPE),
        (body(source="/rückruf"), "source", ErrorCode.ENVELOPE),
        (body(data="x" * MAX_BYTES), "", ErrorCode.TOO_LARGE),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(event: bytes, path: str, code: ErrorCode) -> None:
    """A NUL or a lone surrogate would break the store; anything else must be said plainly."""
    assert (path, code) in problems_of(event)


def test_a_complaint_quotes_nothing() -> None:
    """Attributes may be personal, and complaints are logged."""
    secret = "ada.quill 01632960111"
    event = json.dumps(
        {"id": {secret: 1}, "source": secret, "time": secret, "type": "", secret: secret}
    ).encode()

    with pytest.raises(Malformed) as refused:
        parse_structured(event)

    assert "ada" not in str(refused.value)
    assert "ada" not in repr(refused.value.problems)


def test_a_refused_event_still_says_which_it_was() -> None:
    """Its publisher is answered by source and id."""
    with pytest.raises(Malformed) as refused:
        parse_structured(body(id="4111 1111 1111 1111", time="noon"))

    assert refused.value.source == "/desk"
    assert refused.value.event_id == "**** **** **** 1111"
    assert refused.value.wire_type == "t"


def test_in_a_batch_one_bad_member_fails_no_other() -> None:
    """A hundred callers must not wait for one broken event."""
    good = json.dumps(MINIMAL)
    twice = '{"id":"1","id":"2"}'
    batch = f"[{good},{twice},5,null,true,{good}]".encode()

    members = parse_batch(batch)

    assert [isinstance(member, Envelope) for member in members] == [True, *[False] * 4, True]


def test_a_list_of_true_is_no_repeated_name() -> None:
    """Only the member that repeats a name is refused."""
    good = json.dumps(MINIMAL | {"data": {"a": [True], "b": {"c": [[]]}}})
    nested = json.dumps(MINIMAL)[:-1] + ',"data":[{"a":1,"a":2}]}'

    members = parse_batch(f"[{good},{nested}]".encode())

    assert [isinstance(member, Envelope) for member in members] == [True, False]


@pytest.mark.parametrize("batch", [b"{}", b"", b"5", body(), json.dumps([5] * 1001).encode()])
def test_a_body_that_is_no_batch_is_refused_whole(batch: bytes) -> None:
    """There are no members to answer for."""
    with pytest.raises(Malformed):
        parse_batch(batch)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ('"quoted \\"text\\" \\\\"', 'quoted "text" \\'),
        ("100%25", "100%"),
        ("%e2%82%ac", "€"),
        ("plain", "plain"),
        ("â\x82¬", "€"),  # UTF-8 that a server handed over as latin-1
    ],
)
def test_a_header_is_decoded_as_the_binding_says(written: str, meant: str) -> None:
    """A customer's name must come out as it was put in."""
    envelope = parse_binary_http({**CE, "ce-ext": written}, b"")

    assert envelope.extensions == {"ext": meant}


def test_a_header_that_is_not_utf8_is_refused() -> None:
    """Guessing a character set garbles names."""
    with pytest.raises(Malformed) as refused:
        parse_binary_http({**CE, "ce-ext": "%ff"}, b"")

    assert [problem.path for problem in refused.value.problems] == ["ext"]


def test_what_we_write_into_headers_comes_back() -> None:
    """Binary mode out and in are each other's inverse."""
    envelope = Envelope(
        id='a "b" 100%', source="/x", type="t", subject="Zoë €", extensions={"flag": True, "n": 7}
    )

    headers = to_binary_headers(envelope)
    back = parse_binary_http(headers, b"")

    assert (back.id, back.subject) == (envelope.id, envelope.subject)
    assert back.extensions == {"flag": "true", "n": "7"}
    assert all(value.isascii() and " " not in value for value in headers.values())


@pytest.mark.parametrize(
    ("time", "meant"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (b"2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (datetime(2026, 11, 20, 10), datetime(2026, 11, 20, 10, tzinfo=UTC)),  # noqa: DTZ001 - AMQP's
        (1_763_632_800_000, datetime(2025, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_amqp_gives_time_in_its_own_types(time: object, meant: datetime) -> None:
    """Libraries differ in what they make of a timestamp."""
    headers = {f"cloudEvents_{n.removeprefix('ce-')}": v for n, v in CE.items()}

    envelope = parse_amqp("application/json", {**headers, "cloudEvents_time": time}, b"{}")

    assert envelope.time == meant


def test_amqp_header_values_may_be_bytes_and_native_types() -> None:
    """Other people's clients send long strings as bytes."""
    headers: dict[str, object] = {f"cloudEvents:{n[3:]}": v.encode() for n, v in CE.items()}
    headers |= {"cloudEvents:flag": True, "cloudEvents:n": 7, "x-death": [{"count": 1}]}

    envelope = parse_amqp("application/json; charset=utf-8", headers, b'{"a": 1}')

    assert envelope.id == "e-1"
    assert envelope.extensions == {"flag": True, "n": 7}
    assert envelope.data == {"a": 1}


@pytest.mark.parametrize(
    ("content_type", "headers", "words"),
    [
        ("application/cloudevents-batch+json", {}, "not a batch"),
        ("application/cloudevents+avro", {}, "only JSON"),
        ("application/cloudevents+json; charset=utf-16", {}, "utf-8"),
        ("application/json", {}, "no CloudEvent"),
        (None, None, "no CloudEvent"),
        ("application/json", {"x-other": 1}, "no CloudEvent"),
        ("application/json", {**CE, "cloudEvents_id": "e-2"}, "twice"),
        ("application/json", {**CE, "ce-ext": b"\xff"}, "UTF-8"),
        ("application/json", {**CE, "ce-time": 10**30}, "range"),
        ("application/json", {**CE, "ce-ext": 1.5}, "32-bit"),
    ],
)
def test_an_amqp_message_that_carries_no_one_event_is_refused(
    content_type: str | None, headers: dict[str, object] | None, words: str
) -> None:
    """It becomes a rejected event that says why, never a crash in the consumer."""
    with pytest.raises(Malformed) as refused:
        parse_amqp(content_type, headers, b"[]")

    assert any(words in problem.text for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        ("application/cloudevents+json", HttpMode.STRUCTURED),
        ("Application/CloudEvents+JSON; charset=UTF-8", HttpMode.STRUCTURED),
        ("application/cloudevents-batch+json", HttpMode.BATCH),
        ("application/json", HttpMode.BINARY),
        (None, HttpMode.BINARY),
    ],
)
def test_the_content_type_says_the_mode(content_type: str | None, mode: HttpMode) -> None:
    """The three modes share one door."""
    assert http_mode(content_type) is mode


def test_one_event_is_asked_for_and_a_batch_given() -> None:
    """A batch is answered line by line, and so read elsewhere."""
    with pytest.raises(Malformed):
        parse_http({"content-type": "application/cloudevents-batch+json"}, b"[]")


def test_json_in_base64_is_read_as_json() -> None:
    """Some libraries encode all data so."""
    encoded = base64.b64encode(b'{"a": 1}').decode()

    envelope = parse_structured(body(data_base64=encoded, datacontenttype="application/json"))

    assert envelope.data == {"a": 1}


def test_bytes_are_written_in_the_standard_alphabet() -> None:
    """The URL-safe alphabet is another one, which readers refuse."""
    envelope = Envelope(id="1", source="/x", type="t", data=b"\xfb\xff\xfe")

    written = json.loads(to_structured(envelope))

    assert written["data_base64"] == "+//+"
