"""What CloudEvent, or batch of them, does a JSON body hold?

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from contracts.envelope.attributes import Envelope, build, is_json
from contracts.problems import Malformed, Problem, shown_name
from contracts.vocabulary import ErrorCode

MAX_BYTES = 1_048_576
MAX_BATCH = 1000
_REPEATS = object()
_NUL = b"\\u0000"
_REPEATED = "an object has the same name twice; which of the two counts is not defined"


def parse_structured(body: bytes) -> Envelope:
    """The event that one JSON object holds. Raises `Malformed` with every problem."""
    event = _attempt(_json(body, "", MAX_BYTES), nul=_NUL in body)
    if _repeats(body):
        raise _repeating(event)
    if isinstance(event, Malformed):
        raise event
    return event


def parse_batch(body: bytes) -> list[Envelope | Malformed]:
    """The events of a JSON array in order, each an envelope or what is wrong with it.

    Raises `Malformed` only when the body is no JSON array.
    """
    members = _json(body, "", MAX_BYTES * 16)
    if not isinstance(members, list):
        raise _whole(ErrorCode.ENVELOPE, "a batch must be a JSON array of CloudEvents")
    if len(members) > MAX_BATCH:
        raise _whole(ErrorCode.TOO_LARGE, f"a batch may hold at most {MAX_BATCH} events")
    nul = _NUL in body
    read = [_attempt(member, nul=nul) for member in members]
    if not _repeats(body):
        return read
    return [
        _repeating(event) if _holds_repeats(mark) else event
        for event, mark in zip(read, _marked(body), strict=True)
    ]


def decode_json(body: bytes, path: str = "") -> object:
    """The value of a JSON text. Raises `Malformed` unless it is JSON, once, within bounds."""
    value = _json(body, path, MAX_BYTES)
    if _repeats(body):
        raise _whole(ErrorCode.NOT_JSON, _REPEATED, path)
    return value


def nul_problems(value: object, path: str) -> Iterator[Problem]:
    """A problem for every string in a decoded value that holds a NUL character."""
    match value:
        case str() if "\0" in value:
            yield Problem(path, ErrorCode.INVALID, "must not hold a NUL character")
        case list():
            for index, member in enumerate(value):
                yield from nul_problems(member, f"{path}[{index}]")
        case dict():
            for name, member in value.items():
                if "\0" in name:
                    yield Problem(path, ErrorCode.INVALID, "has a name with a NUL character")
                else:
                    yield from nul_problems(member, f"{path}.{shown_name(name)}")
        case _:
            return


class _RepeatedNameError(ValueError):
    pass


def _json(body: bytes, path: str, longest: int) -> object:
    if len(body) > longest:
        raise _whole(ErrorCode.TOO_LARGE, f"must have at most {longest} bytes", path)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as wrong:
        raise _whole(ErrorCode.NOT_JSON, f"is not JSON: {wrong}", path) from None


def _repeats(body: bytes) -> bool:
    try:
        json.loads(body, object_pairs_hook=_object_without_repeats)
    except _RepeatedNameError:
        return True
    return False


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RepeatedNameError
    return members


def _marked(body: bytes) -> list[object]:
    """The members of a batch, with a marker in place of each object that repeats a name."""

    def mark(pairs: list[tuple[str, Any]]) -> object:
        names = {name for name, _ in pairs}
        inside = any(_holds_repeats(member) for _, member in pairs)
        return _REPEATS if inside or len(names) != len(pairs) else None

    members: list[object] = json.loads(body, object_pairs_hook=mark)
    return members


def _holds_repeats(marked: object) -> bool:
    return marked is _REPEATS or (isinstance(marked, list) and any(map(_holds_repeats, marked)))


def _repeating(event: Envelope | Malformed) -> Malformed:
    problem = Problem("", ErrorCode.NOT_JSON, _REPEATED)
    if isinstance(event, Malformed):
        return Malformed((problem, *event.problems), draft=event.draft)
    return Malformed((problem,), draft=event)


def _whole(code: ErrorCode, text: str, path: str = "") -> Malformed:
    return Malformed((Problem(path, code, text),))


def _attempt(member: object, *, nul: bool) -> Envelope | Malformed:
    try:
        return _from_member(member, nul=nul)
    except Malformed as wrong:
        return wrong


def _from_member(member: object, *, nul: bool) -> Envelope:
    if not isinstance(member, dict):
        raise _whole(ErrorCode.ENVELOPE, "a CloudEvent must be a JSON object")
    problems: list[Problem] = []
    data = member.pop("data", None)
    encoded = member.pop("data_base64", None)
    if data is not None and encoded is not None:
        problems.append(
            Problem("data_base64", ErrorCode.ENVELOPE, "give data or data_base64, not both")
        )
    elif encoded is not None:
        data = _decoded(encoded, member.get("datacontenttype"), problems)
    if nul:
        problems.extend(nul_problems(data, "data"))
    return build(member, data, problems)


def _decoded(encoded: object, media_type: object, problems: list[Problem]) -> object:
    try:
        raw = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else None
    except (ValueError, binascii.Error):
        raw = None
    if raw is None:
        problems.append(Problem("data_base64", ErrorCode.ENVELOPE, "must be a base64 string"))
        return None
    if not isinstance(media_type, str) or not is_json(media_type):
        return raw
    try:
        value = decode_json(raw, "data_base64")
    except Malformed as wrong:
        problems.extend(wrong.problems)
        return None
    problems.extend(nul_problems(value, "data_base64"))
    return value
