"""Which files publishers have handed in, and what each was said to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from store import bulk
from store.engine import Transaction
from store.tables import blobs, file_uses


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's particulars; its content stands in the object store (``store.files``)."""

    sha256: str
    media_type: str
    bytes: int
    publisher: str
    stored_at: datetime


def find(tx: Transaction, sha256: str) -> Blob | None:
    """Give the particulars of a file that was handed in."""
    row = tx.connection.execute(select(blobs).where(blobs.c.sha256 == sha256)).first()
    if row is None:
        return None
    return Blob(row.sha256, row.media_type, row.bytes, row.publisher, row.stored_at)


def note(tx: Transaction, sha256: str, media_type: str, size: int, publisher: str) -> None:
    """Note a file whose content is kept already; one that is noted stays as it is."""
    row = {
        "sha256": sha256,
        "media_type": media_type,
        "bytes": size,
        "publisher": publisher,
        "stored_at": tx.now,
    }
    bulk.insert_rows(tx, blobs, [row], skip_existing=True)


def use(tx: Transaction, used: Sequence[tuple[str, UUID]]) -> None:
    """Note which events refer to which files, by their digests."""
    rows = [{"sha256": sha256, "event_id": event_id} for sha256, event_id in sorted(set(used))]
    bulk.insert_rows(tx, file_uses, rows, skip_existing=True)
