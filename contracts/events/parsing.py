"""What does an event that came in say, or what all is wrong with it?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from contracts.envelope import Envelope
from contracts.envelope.attributes import is_json
from contracts.events.base import EventData, EventType, File, Whose
from contracts.events.complaints import problems_of
from contracts.events.registry import BY_WIRE, TYPES
from contracts.fields import CARD_DATA_TEXT, SHORTEST_PAYMENT_DETAIL
from contracts.payment_details import (
    holds_payment_details,
    mask_everywhere,
    mask_payment_details,
)
from contracts.problems import Malformed, Problem
from contracts.searching import terms_of
from contracts.vocabulary import ErrorCode

_STORED = {"admit_drama": True}


@dataclass(frozen=True, slots=True)
class Event:
    """An event that keeps its contract, free texts masked, numbers and instants normalised.

    ``type`` is without prefix and version; ``wire_type`` has both. ``content`` is what
    `canonical_content` answers: it holds what the publisher wrote, unmasked, and must be neither
    stored nor logged.
    """

    source: str
    event_id: str
    type: str
    wire_type: str
    subject: str | None
    time: datetime | None
    extensions: Mapping[str, str | int | bool]
    data: EventData = field(repr=False)
    content: bytes = field(repr=False)


def parse_event(envelope: Envelope, *, admit_drama: bool) -> Event:
    """The event in an envelope. ``admit_drama`` lets Ofcom's drama mobiles pass for mobiles.

    Raises `Malformed` with every problem at once. Whether its publisher may publish it, and
    whether it fits what is on record, is not judged here.
    """
    problems = list(_problems_of_attributes(envelope))
    kind, data, found = _read_data(envelope, admit_drama=admit_drama)
    problems += found
    if problems or kind is None or data is None:
        raise Malformed(tuple(problems), draft=envelope)
    return Event(
        source=envelope.source,
        event_id=envelope.id,
        type=kind.name,
        wire_type=kind.wire,
        subject=envelope.subject,
        time=envelope.time,
        extensions=envelope.extensions,
        data=data,
        content=_canonical(kind.name, envelope.subject, envelope.data),
    )


def with_data_problems(broken: Malformed, *, admit_drama: bool) -> Malformed:
    """What is wrong with an envelope, and beside it what is wrong with the data it holds.

    For the answer to a publisher: every error in an event is reported at once.
    """
    draft = broken.draft
    if draft is None or not draft.type or draft.data is None:
        return broken
    _, _, found = _read_data(draft, admit_drama=admit_drama)
    known = {problem.path for problem in broken.problems}
    fresh = [problem for problem in found if problem.path not in known]
    return Malformed((*broken.problems, *fresh), draft=draft)


def canonical_content(event: Event) -> bytes:
    """What makes two events with one (source, id) the same: canonical JSON of type, subject, data.

    Taken from what the publisher wrote, so a later optional field changes nothing. Order of
    members, white space and escapes do not count; neither do time, extensions and mode. Spelling
    of values does: an instant in another offset, or null in place of an absent field, is other
    content. It holds payment details as written: keep only its keyed digest.
    """
    return event.content


def search_terms(event: Event) -> frozenset[str]:
    """The normalised terms under which an operator finds the event; see `normalise_term`."""
    return terms_of(event.data.searchable())


def load_data(type_: str, raw: bytes) -> EventData:
    """The data of a type that `dump_data` wrote. Raises ValidationError or KeyError if not."""
    return TYPES[type_].model.model_validate(from_json(raw), context=_STORED)


def dump_data(data: EventData) -> bytes:
    """Compact JSON of what was given, in the contract's order; absent fields stay absent."""
    return data.model_dump_json(exclude_unset=True, by_alias=True).encode()


def keepable(body: bytes) -> bytes:
    """A rejected body as it may be kept: payment details masked wherever they stand.

    JSON stays JSON; anything else is kept as text, with undecodable bytes replaced.
    """
    try:
        return to_json(mask_everywhere(from_json(body)))
    except ValueError:
        return mask_payment_details(body.decode(errors="replace")).encode()


def _problems_of_attributes(envelope: Envelope) -> Iterator[Problem]:
    named = {
        "id": envelope.id,
        "source": envelope.source,
        "subject": envelope.subject,
        "dataschema": envelope.dataschema,
        "datacontenttype": envelope.datacontenttype,
    }
    for name, value in named.items():
        if value and len(value) >= SHORTEST_PAYMENT_DETAIL and holds_payment_details(value):
            yield Problem(name, ErrorCode.CARD_DATA, CARD_DATA_TEXT)
    for name, extension in envelope.extensions.items():
        if holds_payment_details(name) or holds_payment_details(str(extension)):
            path = mask_payment_details(name)
            yield Problem(path, ErrorCode.CARD_DATA, CARD_DATA_TEXT)


def _read_data(
    envelope: Envelope, *, admit_drama: bool
) -> tuple[EventType | None, EventData | None, list[Problem]]:
    kind = BY_WIRE.get(envelope.type)
    if kind is None:
        text = "is not one of our types; they are onward.<name>.v1, listed in the AsyncAPI document"
        return None, None, [Problem("type", ErrorCode.UNKNOWN_TYPE, text)]
    problems: list[Problem] = []
    if not is_json(envelope.datacontenttype):
        text = "must be application/json"
        problems.append(Problem("datacontenttype", ErrorCode.ENVELOPE, text))
    raw = envelope.data
    problems += _whose_problems(kind, envelope.subject, raw)
    if raw is None:
        problems.append(Problem("data", ErrorCode.MISSING, "is required"))
        return kind, None, problems
    if not isinstance(raw, dict):
        problems.append(Problem("data", ErrorCode.INVALID, "must be a JSON object"))
        return kind, None, problems
    try:
        data = kind.model.model_validate(raw, context={"admit_drama": admit_drama})
    except ValidationError as wrong:
        return kind, None, problems + problems_of(wrong, raw)
    problems += [
        Problem(f"data.{path}" if path else "data", ErrorCode.INVALID, text)
        for path, text in data.contradictions()
    ]
    return kind, data, problems


def _whose_problems(kind: EventType, subject: str | None, raw: object) -> Iterator[Problem]:
    given = raw if isinstance(raw, dict) else {}
    match kind.whose:
        case Whose.EVERYONE:
            if subject is not None:
                text = "a notice concerns everyone; leave subject out"
                yield Problem("subject", ErrorCode.ENVELOPE, text)
        case Whose.SUBJECT:
            if subject is None:
                text = "is required for this type: the customer's reference"
                yield Problem("subject", ErrorCode.MISSING, text)
        case Whose.DIALLED:
            if subject is None and given.get("dialled_number") is None:
                text = "is required: the customer's reference, or else data.dialled_number"
                yield Problem("subject", ErrorCode.MISSING, text)
        case Whose.ADDRESSEE:
            if subject is None and given.get("addressee") is None:
                text = "is required: the customer's reference, or else data.addressee"
                yield Problem("subject", ErrorCode.MISSING, text)
        case Whose.NAMED:
            return


def _canonical(name: str, subject: str | None, raw: object) -> bytes:
    return json.dumps(
        [name, subject, raw], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def files_of(data: EventData) -> tuple[str, ...]:
    """The digests of the files of ours that an event refers to."""
    found = [getattr(data, name) for name in type(data).model_fields]
    flat = [one for each in found for one in (each if isinstance(each, tuple) else (each,))]
    files = [one for one in flat if isinstance(one, File) and one.uri.startswith("blob:")]
    return tuple(dict.fromkeys(file.sha256 for file in files))
