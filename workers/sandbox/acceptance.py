"""What one line of the record says was accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with an email."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One thing the sandbox took responsibility for, as it stands in ``record.jsonl``.

    ``reference`` is what the reply names: a message sid, a call sid, a queue id. ``body`` is the
    SMS text or a call's TwiML. ``callback_url`` is kept whole: its query is the sender's business.
    """

    position: int
    at: datetime
    kind: str
    reference: str
    to: str
    sender: str
    body: str | None = None
    callback_url: str | None = None
    later: str | None = None
    error_code: int | None = None
    validity_seconds: int | None = None
    service: str | None = None
    subject: str | None = None
    message_id: str | None = None
    sha256: str | None = None
    size: int | None = None
    envid: str | None = None
    notify: str | None = None
    attachments: tuple[AttachedFile, ...] = ()


def acceptance(entry: Mapping[str, Any]) -> Acceptance:
    """Build an ``Acceptance`` from a decoded line of the record."""
    fields = dict(entry)
    fields["sender"] = fields.pop("from")
    fields["at"] = datetime.fromisoformat(fields["at"])
    fields["attachments"] = tuple(AttachedFile(**file) for file in fields.get("attachments", ()))
    return Acceptance(**fields)
