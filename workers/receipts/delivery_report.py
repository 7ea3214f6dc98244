"""What does a mail server's delivery report say (RFC 3464)? Read as if anybody had written it.

Only the closed words and codes are taken out of it: never an address, never a text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from enum import StrEnum

from contracts.vocabulary import BounceKind
from workers.providers.smtp_replies import DEAD_ADDRESS

# The report comes before the mail that it returns. Beyond these limits the standard library would
# read one mail for minutes: its time grows with the square of a header, and lines times depth.
_READ = 128 * 1024  # bytes
_MOST_PARTS = 16
_LONGEST_TYPE = 2_000  # bytes
_TYPE = re.compile(rb"(?i)(?:\A|[\r\n])content-type:(?:[^\r\n]|\r?\n[ \t]|\r[ \t])*")
_DEEPEST = 5
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST_ID = 100  # RFC 3461, section 5.4
_XTEXT = re.compile(r"\+([0-9A-F]{2})")


class Action(StrEnum):
    """What the server has done with the mail (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


# Of several recipients' reports, the gravest word counts: we send to one alone.
_GRAVITY = (Action.FAILED, Action.DELIVERED, Action.RELAYED, Action.EXPANDED, Action.DELAYED)

# What the address can do nothing about: the sender's address, an email too large for it, our
# systems, what is in the email, and policy (RFC 3463, sections 3.2 to 3.8).
_ABOUT_THE_EMAIL = re.compile(r"[45]\.(1\.[78]|2\.3|3\.|5\.|6\.|7\.)")


def bounce_kind(status: str) -> BounceKind:
    """What the enhanced code of a failure says of the address; empty: no more than that it failed.

    Full, unreachable, or nothing particular is soft.
    """
    if status in DEAD_ADDRESS:
        return BounceKind.HARD
    return BounceKind.OTHER if _ABOUT_THE_EMAIL.match(status) else BounceKind.SOFT


@dataclass(frozen=True, slots=True)
class Report:
    """``status`` is the enhanced code, empty where none is given; ``envelope_id`` what we gave."""

    action: Action
    status: str
    envelope_id: str


def read_report(raw: bytes) -> Report | None:
    """Read the report in a mail; none where it is no report, or none that can be read."""
    try:
        mail = message_from_bytes(_readable(raw), policy=policy.compat32)
        for part in _parts(mail, _DEEPEST):
            report = _report(part)
            if report is not None:
                return report
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # what the standard library raises at mail that nobody should have written
    return None


def _readable(raw: bytes) -> bytes:
    """Cut a mail off before what no mail server writes."""
    head = raw[:_READ]
    for number, found in enumerate(_TYPE.finditer(head)):
        if number == _MOST_PARTS or len(found[0]) > _LONGEST_TYPE:
            return head[: found.start()]
    return head


def _parts(mail: Message, depth: int) -> Iterator[Message]:
    """Give the delivery-status parts; not those within a mail that is merely enclosed."""
    if mail.get_content_type() == "message/delivery-status":
        yield mail
    elif mail.get_content_maintype() == "multipart" and depth:
        for part in _enclosed(mail):
            yield from _parts(part, depth - 1)


def _enclosed(mail: Message) -> list[Message]:
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if _is_list(payload) else []


def _is_list(payload: object) -> bool:
    return isinstance(payload, list)


def _report(part: Message) -> Report | None:
    """Read its blocks: the first is about the mail, each further one about a recipient."""
    blocks = _enclosed(part)
    said = [
        (action, _status(block))
        for block in blocks
        if (action := _action(_text(block, "Action"))) is not None
    ]
    if not said:
        return None
    action, status = min(said, key=lambda each: _GRAVITY.index(each[0]))
    ids = (_text(block, "Original-Envelope-Id") for block in blocks)
    return Report(action, status, _from_xtext(next((one for one in ids if one), "")))


def _text(block: Message, name: str) -> str:
    value = block.get(name)
    return str(value).strip() if value is not None else ""


def _action(word: str) -> Action | None:
    found = word.split(maxsplit=1)[0].strip("();").lower() if word.split() else ""
    return Action(found) if found in set(Action) else None


def _status(block: Message) -> str:
    found = _STATUS.search(_text(block, "Status")) or _STATUS.search(
        _text(block, "Diagnostic-Code")
    )
    return found[1] if found else ""


def _from_xtext(text: str) -> str:
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), text[:_LONGEST_ID])
