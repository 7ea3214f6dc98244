"""Which context attributes make a CloudEvent, and what may each of them hold?

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md: lengths are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.instants import parse_instant
from contracts.problems import Malformed, Problem
from contracts.vocabulary import ErrorCode

SPECVERSION = "1.0"
REQUIRED = ("id", "source", "type", "specversion")
OPTIONAL = ("subject", "time", "datacontenttype", "dataschema")
MAX_ID = 200
MAX_URI = 500
MAX_EXTENSION = 1000
MAX_EXTENSIONS = 50
_MAX_NAME = 60

_NAME = re.compile(r"[a-z0-9]+", re.ASCII)
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII)
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII
)
_TOKEN = r"[A-Za-z0-9!#$&^_.+'*`|~\-]+"  # noqa: S105 - an RFC's word
_MEDIA_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:\s*;\s*{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\]|\\.)*"))*\s*;?', re.ASCII
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_INTEGERS = range(-(2**31), 2**31)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One CloudEvent: its attributes, and its data as decoded (JSON, text, bytes or None)."""

    id: str
    source: str
    type: str
    subject: str | None = None
    time: datetime | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: Mapping[str, str | int | bool] = field(default_factory=dict)
    data: object = field(default=None, repr=False)


def is_json(media_type: str | None) -> bool:
    """Whether data of this content type is JSON; without one, CloudEvents says that it is."""
    if media_type is None:
        return True
    essence = media_type.partition(";")[0].strip().lower()
    return essence.endswith(("/json", "+json"))


def build(attributes: Mapping[str, Any], data: object, problems: list[Problem]) -> Envelope:
    """The envelope of these attributes (`None` means absent).

    Raises `Malformed` with ``problems``, found before, and every one found here.
    """
    extensions = _extensions(attributes, problems)
    problems.extend(
        Problem(name, ErrorCode.MISSING, f"every CloudEvent needs the attribute {name}")
        for name in REQUIRED
        if attributes.get(name) is None
    )
    version = attributes.get("specversion")
    if version is not None and version != SPECVERSION:
        problems.append(
            Problem("specversion", ErrorCode.ENVELOPE, f'must be the string "{SPECVERSION}"')
        )
    envelope = Envelope(
        id=_text(attributes, "id", MAX_ID, problems) or "",
        source=_matching(attributes, "source", _URI_REFERENCE, "a URI reference", problems) or "",
        type=_text(attributes, "type", MAX_ID, problems) or "",
        subject=_text(attributes, "subject", MAX_ID, problems),
        time=_time(attributes.get("time"), problems),
        datacontenttype=_matching(
            attributes, "datacontenttype", _MEDIA_TYPE, "a media type", problems
        ),
        dataschema=_matching(attributes, "dataschema", _URI, "an absolute URI", problems),
        extensions=extensions,
        data=data,
    )
    if problems:
        raise Malformed(tuple(problems), draft=envelope)
    return envelope


def _text(
    attributes: Mapping[str, Any], name: str, longest: int, problems: list[Problem]
) -> str | None:
    value = attributes.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        problems.append(Problem(name, ErrorCode.ENVELOPE, "must be a string"))
        return None
    if not 1 <= len(value) <= longest:
        problems.append(Problem(name, ErrorCode.ENVELOPE, f"must have 1 to {longest} characters"))
        return None
    if not value.isprintable() and _CONTROLS.search(value):
        problems.append(
            Problem(name, ErrorCode.ENVELOPE, "must not hold control characters or lone surrogates")
        )
        return None
    return value


def _matching(
    attributes: Mapping[str, Any],
    name: str,
    form: re.Pattern[str],
    wanted: str,
    problems: list[Problem],
) -> str | None:
    value = _text(attributes, name, MAX_URI, problems)
    if value is None or form.fullmatch(value):
        return value
    problems.append(Problem(name, ErrorCode.ENVELOPE, f"must be {wanted}"))
    return None


def _time(value: object, problems: list[Problem]) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        if isinstance(value, str):
            return parse_instant(value)
    except ValueError as wrong:
        problems.append(Problem("time", ErrorCode.ENVELOPE, str(wrong)))
        return None
    problems.append(Problem("time", ErrorCode.ENVELOPE, "must be an RFC 3339 instant"))
    return None


def _extensions(
    attributes: Mapping[str, Any], problems: list[Problem]
) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {}
    for name, value in attributes.items():
        if name in REQUIRED or name in OPTIONAL or value is None:
            continue
        if _NAME.fullmatch(name) is None or len(name) > _MAX_NAME or name == "data":
            problems.append(
                Problem(
                    "",
                    ErrorCode.ENVELOPE,
                    "an attribute's name must be lower-case letters and digits, at most "
                    f"{_MAX_NAME}; what is not an attribute belongs into data",
                )
            )
        elif isinstance(value, str):
            text = _text(attributes, name, MAX_EXTENSION, problems) if value else ""
            if text is not None:
                found[name] = text
        elif isinstance(value, bool) or (isinstance(value, int) and value in _INTEGERS):
            found[name] = value
        else:
            problems.append(
                Problem(
                    name,
                    ErrorCode.ENVELOPE,
                    "an extension must be a string, a boolean or a 32-bit integer",
                )
            )
    if len(found) > MAX_EXTENSIONS:
        problems.append(
            Problem("", ErrorCode.ENVELOPE, f"at most {MAX_EXTENSIONS} extensions are taken")
        )
    return found
