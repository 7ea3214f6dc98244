"""What is published in a benchmark? Customers of two kinds, and messages of about one KB for them.

Half of the customers want everything by text, half by email. Numbers are from Ofcom's drama
range, addresses from example.com.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

EVENT_BYTES = 1_025
CUSTOMERS = 500
SOURCE = "/callcentre/bench"
_MOMENT = "2026-11-20T10:00:00Z"
_WORDS = (
    "She asked about the lease of the second floor and would like to hear from you before noon. "
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One event as it is published; ``key`` is its routing key."""

    id: str
    key: str
    body: bytes


def customers(count: int = CUSTOMERS) -> list[Sample]:
    """Give the events that make ``count`` customers ready to be sent to."""
    made = []
    for number in range(count):
        ref = _ref(number)
        place, kind, value = _place(number)
        steps = [{"destination": place}]
        rule = {"rule_id": "all", "action": {"timing": "now", "mode": "all", "steps": steps}}
        made += [
            _sample(
                f"{ref}-registered",
                "customer.registered",
                ref,
                {"legal_name": f"Tenant {number} Ltd", "services": ["phone_answering"]},
            ),
            _sample(
                f"{ref}-added",
                "destination.added",
                ref,
                {"destination_id": place, "kind": kind, "value": value},
            ),
            _sample(
                f"{ref}-verified",
                "destination.verified",
                ref,
                {"destination_id": place, "how": "code", "verified_at": _MOMENT},
            ),
            _sample(
                f"{ref}-set",
                "preferences.set",
                ref,
                {
                    "rules": [rule],
                    "based_on_version": 0,
                    "told_us_by": "web",
                    "set_by": "Tom Ash",
                },
            ),
            _sample(
                f"{ref}-started",
                "service.started",
                ref,
                {"services": ["phone_answering"], "started_at": _MOMENT},
            ),
        ]
    return made


def messages(
    tag: str, count: int, among: int = CUSTOMERS, urgency: str = "routine"
) -> list[Sample]:
    """Give ``count`` messages, alternately for customers who read texts and who read email."""
    return [_message(tag, number, among, urgency) for number in range(count)]


def telephone(ref: str, dialled: str, rung: str) -> list[Sample]:
    """Give the events after which who rings ``dialled`` is put through to a customer's number."""
    ring = {
        "rule_id": "ring",
        "match": {"events": ["call.waiting"]},
        "action": {
            "steps": [{"destination": "d-desk"}],
            "call": {"press_to_accept": True, "announce": True},
        },
    }
    place = {"destination_id": "d-desk"}
    rest = {"rule_id": "all", "action": {"steps": [{"destination": _place(0)[0]}]}}
    told: list[tuple[str, dict[str, Any]]] = [
        ("number.assigned", {"number": dialled, "service": "phone_answering"}),
        ("destination.added", place | {"kind": "voice", "value": rung}),
        ("destination.verified", place | {"how": "code", "verified_at": _MOMENT}),
        ("preferences.set", {"rules": [ring, rest], "told_us_by": "web", "set_by": "Tom Ash"}),
    ]
    return [_sample(f"{ref}-{kind}-voice", kind, ref, data) for kind, data in told]


def policy_notice(published_at: datetime) -> Sample:
    """Give the notice of a policy that is changed, to everyone."""
    told = {
        "version": "2027-01",
        "major": True,
        "published_at": published_at.isoformat(),
        "effective_at": (published_at + timedelta(days=40)).isoformat(),
        "url": "https://www.example.com/policy",
        "sha256": "ab" * 32,
        "summary": "We now keep scans for three years.",
    }
    return _sample("policy-1", "policy.changed", None, told)


def _message(tag: str, number: int, among: int, urgency: str) -> Sample:
    event_id = f"{tag}-{number}"
    content = {
        "call_id": f"call-{event_id}",
        "taken_at": _MOMENT,
        "caller": {"name": "Ada Quill", "company": "Quill & Sons", "number": "+441632960111"},
        "for": {"person": "Tom Ash", "department": "sales"},
        "urgency": urgency,
        "category": "enquiry",
        "operator": "Kim",
        "dialled_number": "+441632960200",
        "callback_by": "2026-11-20T12:00:00Z",
        "transfer_outcome": "no_answer",
        "text": "",
    }
    ref = _ref(number % among)
    missing = EVENT_BYTES - len(_sample(event_id, "call.message_taken", ref, content).body)
    content["text"] = (_WORDS * (missing // len(_WORDS) + 1))[:missing].rstrip().ljust(missing, ".")
    return _sample(event_id, "call.message_taken", ref, content)


def _sample(event_id: str, kind: str, ref: str | None, content: dict[str, Any]) -> Sample:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": f"onward.{kind}.v1",
        **({} if ref is None else {"subject": ref}),
        "time": _MOMENT,
        "datacontenttype": "application/json",
        "data": content,
    }
    return Sample(event_id, kind, json.dumps(event, separators=(",", ":")).encode())


def _ref(number: int) -> str:
    return f"C-{number:05d}"


def _place(number: int) -> tuple[str, str, str]:
    if number % 2 == 0:
        return "d-mobile", "mobile", f"+447700900{number % 1000:03d}"
    return "d-email", "email", f"tenant{number}@example.com"
