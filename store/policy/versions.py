"""Every version of the company's policy: its digest, when it took effect, and its text, if given.

A text is kept in the object store under its own digest, sealed as everything there is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, update

from store import bulk
from store.engine import Transaction
from store.tables import policy_versions
from store.types import SealedBytes

if TYPE_CHECKING:
    from store.files import Files, Trouble

_COLUMNS = (
    "version",
    "sha256",
    "url",
    "major",
    "published_at",
    "effective_at",
    "event_id",
    "text_kept_at",
)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version. ``event_id`` is the event that told of it; none: it was entered by hand."""

    version: str
    sha256: str
    url: str | None
    major: bool
    published_at: datetime
    effective_at: datetime
    event_id: UUID | None = None
    text_kept_at: datetime | None = None


def find(tx: Transaction, version: str) -> PolicyVersion | None:
    """Give a version; none where it is not on record."""
    p = policy_versions.c
    row = tx.connection.execute(
        select(*(p[n] for n in _COLUMNS)).where(p.version == version)
    ).first()
    return None if row is None else PolicyVersion(*row)


def listed(tx: Transaction) -> list[PolicyVersion]:
    """Give every version, in the order in which they take effect."""
    p = policy_versions.c
    rows = select(*(p[n] for n in _COLUMNS)).order_by(p.effective_at, p.published_at)
    return [PolicyVersion(*row) for row in tx.connection.execute(rows)]


def note(tx: Transaction, one: PolicyVersion) -> None:
    """Put a version on record, which is not there yet; none is ever changed."""
    row = {name: getattr(one, name) for name in _COLUMNS} | {"noted_at": tx.now}
    bulk.insert_rows(tx, policy_versions, [row])
    tx.after_commit.append(tx.store.in_force.forget)


def note_text(tx: Transaction, version: str) -> None:
    """Note that the text of a version is kept."""
    this = policy_versions.c.version == version
    tx.connection.execute(update(policy_versions).where(this).values(text_kept_at=tx.now))


def keep_text(tx: Transaction, files: "Files", sha256: str, text: bytes) -> None:
    """Keep a text under its digest. Raises ``store.files.FilesAwayError``."""
    place = _place(sha256)
    files.put_sealed(place, tx.store.root.seal_alone(place, text))


def text_of(tx: Transaction, files: "Files", sha256: str) -> "bytes | Trouble":
    """Give a text that is kept. Raises ``Unopenable`` where it was altered."""
    place = _place(sha256)
    found = files.read_sealed(place)
    return (
        tx.store.root.open_alone(place, SealedBytes(found)) if isinstance(found, bytes) else found
    )


def _place(sha256: str) -> str:
    return f"policies/{sha256}"
