"""What is published under faults, and what must become of it?

Customers of four kinds: texts, email, both, and callers put through. One message in five is
urgent, so that every lane that carries messages is at work. Numbers are of Ofcom's drama range.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CUSTOMERS = 60
SOURCE = "/callcentre/faults"
_URGENT_EACH = 5
_PLACES = {
    "texts": (("d-mobile", "mobile"),),
    "email": (("d-email", "email"),),
    "both": (("d-mobile", "mobile"), ("d-email", "email")),
}
_KINDS = tuple(_PLACES)


@dataclass(frozen=True, slots=True)
class Sample:
    """One event as it is published, with its routing key; ``wanted`` are its deliveries at least.

    One that is ``poison`` breaks its contract: it must be on record as rejected.
    """

    id: str
    key: str
    body: bytes
    wanted: int = 0
    poison: bool = False


def customers(count: int = CUSTOMERS) -> list[Sample]:
    """Give the events that make customers ready to be sent to, in order."""
    return [event for number in range(count) for event in _joining(number)]


def messages(tag: str, count: int, among: int = CUSTOMERS) -> list[Sample]:
    """Give messages that callers left, for each customer in turn."""
    return [_message(f"{tag}-{number}", number, number % among) for number in range(count)]


def poison(tag: str, count: int) -> list[Sample]:
    """Give events that break their contract, each in its way."""
    good = _message(f"{tag}-good", 0, 0)
    broken = (
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'{"specversion": "1.0"}',
        good.body.replace(b"call.message_taken", b"call.never_heard_of"),
        good.body.replace(b'"taken_at"', b'"taken_when"'),
        good.body.replace(b'"urgency":"urgent"', b'"urgency":"whenever"'),
    )
    return [
        Sample(
            f"{tag}-{number}",
            good.key,
            broken[number % len(broken)].replace(b"-good", b"-%d" % number),
            poison=True,
        )
        for number in range(count)
    ]


def calls(tag: str, sids: Sequence[str], patience: float) -> list[Sample]:
    """Give callers on the line, by the provider's ids; each waits so many seconds at most."""
    not_after = (datetime.now(UTC) + timedelta(seconds=patience)).isoformat()
    return [
        _sample(
            f"{tag}-{number}",
            "call.waiting",
            _ref(2 + 3 * (number % (CUSTOMERS // 3))),
            {
                "call_id": f"call-{tag}-{number}",
                "provider_call_id": sid,
                "not_after": not_after,
                "caller": {"number": "+447700900301"},
            },
            wanted=1,
        )
        for number, sid in enumerate(sids)
    ]


def _joining(number: int) -> list[Sample]:
    ref, kind = _ref(number), _KINDS[number % len(_KINDS)]
    places = [(place, what, _value(what, number)) for place, what in _PLACES[kind]]
    rules = [
        {
            "rule_id": "messages",
            "match": {"events": ["call.message_taken"]},
            "action": {"mode": "all", "steps": [{"destination": place} for place, *_ in places]},
        },
        {
            "rule_id": "calls",
            "match": {"events": ["call.waiting"]},
            "action": {"steps": [{"destination": "d-voice"}]},
        },
    ]
    places.append(("d-voice", "voice", f"+441632960{number % 1000:03d}"))
    now = datetime.now(UTC).isoformat()
    made: list[tuple[str, dict[str, Any]]] = [
        (
            "customer.registered",
            {"legal_name": f"Tenant {number} Ltd", "services": ["phone_answering"]},
        )
    ]
    for place, what, value in places:
        made += [
            ("destination.added", {"destination_id": place, "kind": what, "value": value}),
            (
                "destination.verified",
                {"destination_id": place, "how": "code", "verified_at": now},
            ),
        ]
    made += [
        (
            "preferences.set",
            {"rules": rules, "based_on_version": 0, "told_us_by": "web", "set_by": "Tom Ash"},
        ),
        ("service.started", {"services": ["phone_answering"], "started_at": now}),
    ]
    return [
        _sample(f"{ref}-{place}", name, ref, content) for place, (name, content) in enumerate(made)
    ]


def _message(event_id: str, number: int, customer: int) -> Sample:
    content = {
        "call_id": f"call-{event_id}",
        "taken_at": datetime.now(UTC).isoformat(),
        "caller": {"name": "Ada Quill", "number": "+441632960111"},
        "urgency": "urgent" if number % _URGENT_EACH == 0 else "routine",
        "text": "She asked about the lease and would like to hear from you before noon.",
    }
    wanted = len(_PLACES[_KINDS[customer % len(_KINDS)]])
    return _sample(event_id, "call.message_taken", _ref(customer), content, wanted=wanted)


def _sample(event_id: str, name: str, ref: str, content: dict[str, Any], wanted: int = 0) -> Sample:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": f"onward.{name}.v1",
        "subject": ref,
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": content,
    }
    body = json.dumps(event, separators=(",", ":")).encode()
    return Sample(event_id, name, body, wanted)


def _ref(number: int) -> str:
    return f"C-{number:05d}"


def _value(kind: str, number: int) -> str:
    if kind == "mobile":
        return f"+447700900{number % 1000:03d}"
    return f"tenant{number}@example.com"
