"""What events does a request hold? Its body within bounds, taken apart, each event judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request
from pydantic_core import from_json, to_json

from contracts.envelope import (
    Envelope,
    HttpMode,
    http_mode,
    parse_batch,
    parse_binary_http,
    parse_structured,
)
from contracts.events import Event, keepable, parse_event, with_data_problems
from contracts.problems import Malformed
from store.publishers import Publisher
from workers.intake.door.refusals import Refusal
from workers.intake.submission import Submission

ROUTE = "http"
_ATTRIBUTE = "ce-"
# Whoever still sends when the answer comes sees a reset in its place: a little more is read away.
_DRAINED = 4_194_304


@dataclass(frozen=True, slots=True)
class Handed:
    """The events of one request; ``single`` tells that it carried one, not a list."""

    submissions: tuple[Submission, ...]
    single: bool


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes, whether or not it says how long it is."""
    body = bytearray()
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read <= limit:
            body += chunk
        elif read > limit + _DRAINED:
            break
    if read > limit:
        text = f"at most {limit} bytes are taken; nothing of this request was kept"
        raise Refusal(413, text)
    return bytes(body)


def mode_of(headers: Mapping[str, str]) -> HttpMode:
    """Tell how a request carries events. Refuses what is no CloudEvents over HTTP at all."""
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "send the body as it is, without a content encoding")
    try:
        mode = http_mode(headers.get("content-type"))
    except Malformed as wrong:
        raise Refusal(415, wrong.problems[0].text) from None
    if mode is HttpMode.BINARY and not any(name.lower().startswith(_ATTRIBUTE) for name in headers):
        text = (
            "this is no CloudEvent: use application/cloudevents+json,"
            " application/cloudevents-batch+json, or ce- headers"
        )
        raise Refusal(415, text)
    return mode


def handed_in(
    publisher: Publisher,
    mode: HttpMode,
    headers: Mapping[str, str],
    body: bytes,
    *,
    admit_drama: bool,
) -> Handed:
    """Take a request apart into events, each judged by itself."""
    match mode:
        case HttpMode.STRUCTURED:
            event = _judged(lambda: parse_structured(body), admit_drama=admit_drama)
            return Handed((Submission(publisher, ROUTE, event, keepable(body)),), single=True)
        case HttpMode.BINARY:
            event = _judged(lambda: parse_binary_http(headers, body), admit_drama=admit_drama)
            kept = keepable(_with_attributes(headers, body))
            return Handed((Submission(publisher, ROUTE, event, kept),), single=True)
        case HttpMode.BATCH:
            return _batch(publisher, body, admit_drama=admit_drama)


def _batch(publisher: Publisher, body: bytes, *, admit_drama: bool) -> Handed:
    try:
        members = parse_batch(body)
    except Malformed as broken:  # no list of events: there is one thing to reject
        return Handed((Submission(publisher, ROUTE, broken, keepable(body)),), single=True)
    written = from_json(body)
    return Handed(
        tuple(
            Submission(
                publisher,
                ROUTE,
                _judge(member, admit_drama=admit_drama),
                keepable(to_json(as_sent)),
            )
            for member, as_sent in zip(members, written, strict=True)
        ),
        single=False,
    )


def _judged(read: Callable[[], Envelope], *, admit_drama: bool) -> Event | Malformed:
    try:
        envelope = read()
    except Malformed as broken:
        return with_data_problems(broken, admit_drama=admit_drama)
    return _judge(envelope, admit_drama=admit_drama)


def _judge(found: Envelope | Malformed, *, admit_drama: bool) -> Event | Malformed:
    if isinstance(found, Malformed):
        return with_data_problems(found, admit_drama=admit_drama)
    try:
        return parse_event(found, admit_drama=admit_drama)
    except Malformed as broken:
        return broken


def _with_attributes(headers: Mapping[str, str], body: bytes) -> bytes:
    """Put a binary event's attributes beside its data, for keeping."""
    attributes = {
        name.lower(): value
        for name, value in headers.items()
        if name.lower().startswith(_ATTRIBUTE)
    }
    try:
        data = from_json(body)
    except ValueError:
        data = body.decode(errors="replace")
    return to_json({"attributes": attributes, "data": data})
