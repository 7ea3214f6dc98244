"""What does a page of the journal say, and does it prove anything?

A page is a file of lines of JSON. The first names the page, the file (its inode) and the boot of
the machine; each later one is an entry, numbered from 1 without gaps:

    [1, "mark", "<delivery>", <attempt>, "<template version>"]
    [2, "verdict", "<delivery>", <attempt>, ["accepted", {"reference": "..."}]]

An entry is written before its step is taken, in one write. A process that dies takes nothing with
it that it has written: what is in the kernel's hands stays there until the machine itself stops,
which the boot tells. So a claim without a mark, in the very page that it names, never left. The
one write that death can cut short is the last, and it had not returned: its step was not taken.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.vocabulary import Reason
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict

VERSION = 1
_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: it is called for every send
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_VERDICTS: Mapping[str, type[Accepted | Deferred | Rejected | Unknown]] = {
    each.__name__.lower(): each for each in (Accepted, Deferred, Rejected, Unknown)
}

Key = tuple[UUID, int]  # a delivery and the number of its attempt


@dataclass(frozen=True, slots=True)
class Told:
    """All that one page says: which attempts were about to leave, and what was answered.

    ``marks`` holds the version of the template that each was rendered with.
    """

    marks: Mapping[Key, str | None]
    verdicts: Mapping[Key, Verdict]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A page that proves nothing; ``why`` in a word."""

    why: str


def boot_id() -> str | None:
    """Name the machine's present boot; none where the system has no name for it."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def header(page: str, inode: int, boot: str | None) -> bytes:
    """Write a page's first line."""
    return _line({"journal": VERSION, "page": page, "inode": inode, "boot": boot})


def mark(number: int, delivery_id: UUID, attempt: int, template_version: str | None) -> bytes:
    """Write that an attempt is about to leave."""
    return _line([number, "mark", str(delivery_id), attempt, template_version])


def verdict(number: int, delivery_id: UUID, attempt: int, found: Verdict) -> bytes:
    """Write what a provider answered."""
    word, fields = type(found).__name__.lower(), {f: getattr(found, f) for f in found.__slots__}
    return _line([number, "verdict", str(delivery_id), attempt, [word, fields]])


def read(content: bytes, page: str, inode: int, boot: str | None) -> Told | Doubtful:
    """Read the page that claims name as ``page``, lying in the file ``inode``."""
    lines = content.split(b"\n")[:-1]  # what follows the last line's end was never finished
    try:
        head, *entries = [json.loads(line) for line in lines]
        doubt = _doubt(head, page, inode, boot)
        return doubt or _told(entries)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Doubtful("unreadable")


def _doubt(head: Any, page: str, inode: int, boot: str | None) -> Doubtful | None:  # noqa: ANN401 - whatever JSON the file holds
    if head["journal"] != VERSION:
        return Doubtful("version")
    if boot is None or head["boot"] != boot:
        return Doubtful("other_boot")
    if head["page"] != page or head["inode"] != inode:
        return Doubtful("copied")
    return None


def _told(entries: list[Any]) -> Told | Doubtful:
    marks: dict[Key, str | None] = {}
    verdicts: dict[Key, Verdict] = {}
    for place, (number, word, delivery_id, attempt, what) in enumerate(entries, 1):
        if number != place:
            return Doubtful("gap")
        key = (UUID(delivery_id), int(attempt))
        if word == "mark":
            marks[key] = what
        elif word == "verdict":
            verdicts[key] = _verdict(*what)
        else:
            return Doubtful("unreadable")
    return Told(marks, verdicts)


def _verdict(word: str, fields: dict[str, Any]) -> Verdict:
    if "reason" in fields:
        fields = {**fields, "reason": Reason(fields["reason"])}
    return _VERDICTS[word](**fields)


def _line(what: object) -> bytes:
    return _encode(what).encode() + b"\n"
