"""What would an event look like of which only this is said? For trying rules out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import TYPES, Whose, parse_event
from contracts.planning import Routable
from contracts.problems import Malformed, Problem
from contracts.vocabulary import ErrorCode

SAID: Final = (
    "person",
    "department",
    "urgency",
    "caller",
    "post_class",
    "sender_class",
    "contains",
)

Said = Mapping[str, str | tuple[str, ...]]  # of these names; what is not said is made up
Path = tuple[str, ...]

_CALL: Final[Mapping[str, Path]] = MappingProxyType(
    {
        "person": ("for", "person"),
        "department": ("for", "department"),
        "caller": ("caller", "number"),
    }
)
_ITEM: Final[Mapping[str, Path]] = MappingProxyType(
    {
        "person": ("addressee",),
        "post_class": ("class",),
        "sender_class": ("sender", "class"),
        "contains": ("contains",),
    }
)
_PLACES: Final[Mapping[str, Mapping[str, Path]]] = MappingProxyType(
    {
        "call.message_taken": MappingProxyType({**_CALL, "urgency": ("urgency",)}),
        "call.waiting": _CALL,
        "post.received": _ITEM,
        "post.scanned": _ITEM,
    }
)
_FILE: Final[Mapping[str, Any]] = MappingProxyType(
    {"uri": f"blob:{'0' * 64}", "sha256": "0" * 64, "media_type": "application/pdf", "bytes": 1}
)
_MINUTE: Final = timedelta(minutes=1)
_MONTH: Final = timedelta(days=32)


def sample_event(event_type: str, said: Said, at: datetime) -> Routable:
    """Make a valid event of this type, coming in at ``at``, of which this is said.

    Words and numbers are checked as a publisher's are. Raises `Malformed` with every problem,
    whose path is the name of what was said.
    """
    if event_type not in _DATA:
        known = ", ".join(_DATA)
        raise Malformed((_problem("sample", f"rules are not asked about it; use one of {known}"),))
    places = _PLACES.get(event_type, {})
    alien = [_problem(name, f"is never said of {event_type}") for name in said.keys() - places]
    if alien:
        raise Malformed(tuple(sorted(alien, key=lambda problem: problem.path)))
    content = _DATA[event_type](at)
    for name, value in said.items():
        _put(content, places[name], list(value) if isinstance(value, tuple) else value)
    kind = TYPES[event_type]
    subject = None if kind.whose is Whose.EVERYONE else "sample"
    envelope = Envelope("sample", "/onward/sample", kind.wire, subject=subject, data=content)
    try:
        found = parse_event(envelope, admit_drama=True)
    except Malformed as broken:
        raise Malformed(tuple(_named(broken.problems, places))) from None
    return Routable(UUID(int=0), event_type, at, found.data)


def _problem(path: str, text: str) -> Problem:
    return Problem(path, ErrorCode.INVALID, text)


def _put(content: dict[str, Any], path: Path, value: object) -> None:
    for name in path[:-1]:
        content = content.setdefault(name, {})
    content[path[-1]] = value


def _named(problems: tuple[Problem, ...], places: Mapping[str, Path]) -> Iterator[Problem]:
    names = {".".join(("data", *path)): name for name, path in places.items()}
    for problem in problems:
        field = problem.path.partition("[")[0]
        yield Problem(names.get(field, problem.path), problem.code, problem.text)


def _message(at: datetime) -> dict[str, Any]:
    return {"call_id": "sample", "taken_at": at.isoformat(), "text": "A sample."}


def _waiting(at: datetime) -> dict[str, Any]:
    return {
        "call_id": "sample",
        "provider_call_id": f"CA{'0' * 32}",
        "not_after": (at + _MINUTE).isoformat(),
    }


def _item(at: datetime) -> dict[str, Any]:
    return {"item_id": "sample", "received_at": at.isoformat(), "class": "letter"}


def _scanned(at: datetime) -> dict[str, Any]:
    return {**_item(at), "scan": dict(_FILE), "pages": 1}


def _invoice(at: datetime) -> dict[str, Any]:
    return {
        "invoice_number": "sample",
        "issued_on": at.date().isoformat(),
        "due_on": at.date().isoformat(),
        "currency": "GBP",
        "net": "1.00",
        "vat": "0.20",
        "gross": "1.20",
        "document": dict(_FILE),
    }


def _overdue(at: datetime) -> dict[str, Any]:
    return {
        "invoice_number": "sample",
        "due_on": at.date().isoformat(),
        "currency": "GBP",
        "gross": "1.20",
    }


def _cancelled(_: datetime) -> dict[str, Any]:
    return {"invoice_number": "sample", "reason": "A sample."}


def _failed(_: datetime) -> dict[str, Any]:
    return {"payment_id": "sample", "currency": "GBP", "amount": "1.20", "reason": "other"}


def _policy(at: datetime) -> dict[str, Any]:
    return {
        "version": "sample",
        "major": True,
        "published_at": at.isoformat(),
        "effective_at": (at + _MONTH).isoformat(),
        "url": "https://office.example/policy",
        "sha256": "0" * 64,
        "summary": "A sample.",
    }


def _offer(_: datetime) -> dict[str, Any]:
    return {"campaign_id": "sample", "headline": "A sample", "body": "A sample."}


_DATA: Final[Mapping[str, Callable[[datetime], dict[str, Any]]]] = MappingProxyType(
    {
        "call.message_taken": _message,
        "call.waiting": _waiting,
        "post.received": _item,
        "post.scanned": _scanned,
        "invoice.issued": _invoice,
        "invoice.overdue": _overdue,
        "invoice.cancelled": _cancelled,
        "payment.failed": _failed,
        "policy.changed": _policy,
        "offer.published": _offer,
    }
)
