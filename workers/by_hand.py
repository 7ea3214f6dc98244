"""How are events published by hand, and rules edited? As any publisher's, under the name onward."""

import json
import uuid
from collections.abc import Mapping, Sequence

from pydantic_core import from_json

from contracts.envelope import parse_structured
from contracts.events import keepable, parse_event, with_data_problems
from contracts.events.wishes import PreferencesSet
from contracts.problems import Malformed
from store.deliveries.adding import Due
from store.deliveries.due import unhint
from workers.bootstrap.parts import Parts
from workers.intake.submission import BY_HAND, Answered, Submission

_SOURCE = "/onward/command-line"
_AT_ONCE = 200


def read_events(text: bytes) -> list[bytes]:
    """Take a file apart: one event, a list of them, or one a line. Raises ``ValueError``."""
    try:
        found = from_json(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        for number, line in enumerate(lines, 1):
            try:
                from_json(line)
            except ValueError:
                raise ValueError(f"line {number} is not JSON") from None
        return lines
    return [json.dumps(one).encode() for one in found] if isinstance(found, list) else [text]


def publish(parts: Parts, bodies: Sequence[bytes]) -> list[Answered]:
    """Take events in, in their order, and hint at what is due."""
    answers: list[Answered] = []
    for start in range(0, len(bodies), _AT_ONCE):
        submissions = [
            _submission(body, admit_drama=parts.settings.sandbox)
            for body in bodies[start : start + _AT_ONCE]
        ]
        taken = parts.taking_in.take_in(submissions)
        answers += taken.answers
        hint(parts, taken.due)
    return answers


def hint(parts: Parts, due: Sequence[Due]) -> None:
    """Hint at what a command has planned."""
    if parts.settings.embedded:
        # The worker is another process, if any, and hears of it from its own upkeep.
        with parts.store.write() as tx:
            unhint(tx, [one.delivery_id for one in due])
    else:
        parts.hints(due)


def preferences_event(ref: str, rules: object, based_on: int, set_by: str) -> bytes:
    """Make the ``preferences.set`` of rules that somebody edited here."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": _SOURCE,
            "type": "onward.preferences.set.v1",
            "subject": ref,
            "datacontenttype": "application/json",
            "data": {
                **(rules if isinstance(rules, dict) else {"rules": rules}),
                "based_on_version": based_on,
                "told_us_by": "phone",
                "set_by": set_by,
            },
        }
    ).encode()


def erasure_confirmed_event(request_id: str, processor: str, at: str) -> bytes:
    """Make the ``erasure.confirmed`` of a processor that told us otherwise than by an event."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": _SOURCE,
            "type": "onward.erasure.confirmed.v1",
            "datacontenttype": "application/json",
            "data": {"request_id": request_id, "processor": processor, "at": at},
        }
    ).encode()


def rights_event(ref: str, kind: str, via: str, received_at: str, detail: str | None) -> bytes:
    """Make the ``rights.requested`` of somebody who rang, wrote or came."""
    event_id = str(uuid.uuid4())
    data = {"request_id": event_id, "kind": kind, "via": via, "received_at": received_at}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": _SOURCE,
            "type": "onward.rights.requested.v1",
            "subject": ref,
            "datacontenttype": "application/json",
            "data": data if detail is None else data | {"detail": detail},
        }
    ).encode()


def correction_event(ref: str, changed: Mapping[str, object], told_us_by: str) -> bytes:
    """Make the ``customer.corrected`` of fields that somebody told us are wrong."""
    return _event(ref, "customer.corrected", {**changed, "told_us_by": told_us_by})


def destination_event(
    ref: str, destination_id: str, value: str, described: Mapping[str, str]
) -> bytes:
    """Make the ``destination.added`` that gives a destination another value, and nothing else."""
    told = {**described, "destination_id": destination_id, "value": value}
    return _event(ref, "destination.added", told)


def note_event(ref: str, note: Mapping[str, str | None]) -> bytes:
    """Make the ``note.recorded`` of what somebody said to an operator; absent is what is none."""
    told = {name: value for name, value in note.items() if value is not None}
    return _event(ref, "note.recorded", told)


def _event(ref: str, type_: str, told: Mapping[str, object]) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": _SOURCE,
            "type": f"onward.{type_}.v1",
            "subject": ref,
            "datacontenttype": "application/json",
            "data": dict(told),
        }
    ).encode()


def read_preferences(text: bytes, *, admit_drama: bool) -> PreferencesSet:
    """Read the rules and callers of a file as ``preferences.set`` would; nothing is published.

    A file may hold the rules alone, as a list. Raises ``ValueError`` for what is no JSON, and
    ``Malformed`` with every problem.
    """
    event = preferences_event("by hand", from_json(text), 0, "by hand")
    found = parse_event(parse_structured(event), admit_drama=admit_drama).data
    if not isinstance(found, PreferencesSet):
        raise TypeError("preferences.set holds no preferences")
    return found


def _submission(body: bytes, *, admit_drama: bool) -> Submission:
    try:
        event = parse_event(parse_structured(body), admit_drama=admit_drama)
    except Malformed as broken:
        problems = with_data_problems(broken, admit_drama=admit_drama)
        return Submission(BY_HAND, "by hand", problems, keepable(body))
    return Submission(BY_HAND, "by hand", event, keepable(body))
