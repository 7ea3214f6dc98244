"""What CloudEvent does an HTTP request or an AMQP message carry?

HTTP: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
AMQP 0-9-1 has no binding of its own; the headers of those in use are all taken.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from contracts.envelope.attributes import Envelope, build, is_json
from contracts.envelope.structured import decode_json, nul_problems, parse_structured
from contracts.problems import Malformed, Problem, shown_name
from contracts.vocabulary import ErrorCode

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_FAMILY = "application/cloudevents"
_HTTP_PREFIX = "ce-"
_AMQP_PREFIXES = ("ce-", "cloudevents_", "cloudevents:")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HttpMode(StrEnum):
    """How an HTTP request carries events, by its content type."""

    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY = "binary"


def http_mode(content_type: str | None) -> HttpMode:
    """The mode that a content type announces. Raises `Malformed` for a format we do not read."""
    essence, _, parameters = (content_type or "").lower().partition(";")
    essence = essence.strip()
    if not essence.startswith(_FAMILY):
        return HttpMode.BINARY
    if essence not in {STRUCTURED, BATCH}:
        raise _refused(f"of the event formats only JSON is read: {STRUCTURED} or {BATCH}")
    charset = re.search(r'charset\s*=\s*"?([^\s";]+)', parameters)
    if charset and charset[1] not in {"utf-8", "utf8", "us-ascii"}:
        raise _refused("the character set must be utf-8")
    return HttpMode.STRUCTURED if essence == STRUCTURED else HttpMode.BATCH


def parse_http(headers: Mapping[str, str], body: bytes) -> Envelope:
    """The one event of a structured or binary request; a batch is `parse_batch`'s."""
    content_type = next((v for k, v in headers.items() if k.lower() == "content-type"), None)
    match http_mode(content_type):
        case HttpMode.STRUCTURED:
            return parse_structured(body)
        case HttpMode.BINARY:
            return parse_binary_http(headers, body)
        case HttpMode.BATCH:
            raise _refused("one event is read here, not a batch")


def parse_binary_http(headers: Mapping[str, str], body: bytes) -> Envelope:
    """The event whose attributes are `ce-` headers. Raises `Malformed` with every problem."""
    problems: list[Problem] = []
    attributes: dict[str, object] = {}
    content_type: str | None = None
    for header, written in headers.items():
        name = header.lower()
        if name == "content-type":
            content_type = written
        elif name.startswith(_HTTP_PREFIX):
            name = name.removeprefix(_HTTP_PREFIX)
            try:
                attributes[name] = _from_header(written)
            except ValueError:
                text = "its percent-encoding is not of UTF-8"
                problems.append(Problem(shown_name(name), ErrorCode.ENVELOPE, text))
    if not attributes and not problems:
        raise _refused(
            f"neither the content type {STRUCTURED} nor ce- headers: this is no CloudEvent"
        )
    return _with_body(attributes, content_type, body, problems)


def parse_amqp(
    content_type: str | None, headers: Mapping[str, object] | None, body: bytes
) -> Envelope:
    """The event of an AMQP message, structured or binary. Raises `Malformed` with every problem.

    Binary attributes are headers `ce-…`, `cloudEvents_…` or `cloudEvents:…`, of native types.
    """
    match http_mode(content_type):
        case HttpMode.STRUCTURED:
            return parse_structured(body)
        case HttpMode.BATCH:
            raise _refused("over AMQP each message carries one event, not a batch")
        case HttpMode.BINARY:
            problems: list[Problem] = []
            attributes = _amqp_attributes((headers or {}).items(), problems)
            if not attributes and not problems:
                raise _refused(
                    f"neither the content type {STRUCTURED} nor headers ce-, cloudEvents_ or "
                    "cloudEvents: with attributes: this is no CloudEvent"
                )
            return _with_body(attributes, content_type, body, problems)


def _refused(text: str) -> Malformed:
    return Malformed((Problem("", ErrorCode.ENVELOPE, text),))


def _from_header(written: str) -> str:
    # Senders of an earlier version quote what later ones percent-encode; both must be read.
    quoted = _QUOTED.fullmatch(written.strip())
    plain = _ESCAPED.sub(r"\1", quoted[1]) if quoted else written
    if "%" not in plain and plain.isascii():
        return plain
    # ASGI servers and http.client hand headers over as latin-1: give the bytes back first.
    try:
        raw = plain.encode("latin-1")
    except UnicodeEncodeError:
        raw = plain.encode()
    return unquote_to_bytes(raw).decode()


def _amqp_attributes(
    headers: Iterable[tuple[str, object]], problems: list[Problem]
) -> dict[str, object]:
    attributes: dict[str, object] = {}
    for header, value in headers:
        lowered = header.lower()
        prefix = next((p for p in _AMQP_PREFIXES if lowered.startswith(p)), None)
        if prefix is None:
            continue
        name = header[len(prefix) :]
        shown = shown_name(name)
        try:
            native = _native(name, value)
        except (ValueError, OverflowError):
            problems.append(Problem(shown, ErrorCode.ENVELOPE, "must be UTF-8, or in range"))
            continue
        if name in attributes and attributes[name] != native:
            text = "is given twice, under two prefixes, with different values"
            problems.append(Problem(shown, ErrorCode.ENVELOPE, text))
        attributes[name] = native
    return attributes


def _native(name: str, value: object) -> object:
    match value:
        case bytes() | bytearray():
            return bytes(value).decode()
        case datetime():
            # An AMQP timestamp counts seconds in UTC; a client may hand it over without a zone.
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            moment = aware.astimezone(UTC)
            return moment if name == "time" else moment.isoformat().replace("+00:00", "Z")
        case int() if name == "time" and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
        case _:
            return value


def _with_body(
    attributes: dict[str, object], content_type: str | None, body: bytes, problems: list[Problem]
) -> Envelope:
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    stated = attributes.get("datacontenttype")
    media_type = stated if isinstance(stated, str) else None
    return build(attributes, _body(media_type, body, problems), problems)


def _body(media_type: str | None, body: bytes, problems: list[Problem]) -> object:
    if not body:
        return None
    if is_json(media_type):
        try:
            value = decode_json(body, "data")
        except Malformed as wrong:
            problems.extend(wrong.problems)
            return None
        if b"\\u0000" in body:
            problems.extend(nul_problems(value, "data"))
        return value
    if media_type and media_type.lower().startswith("text/"):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body
    return body
