"""Who was erased, and who opted out, as it stands outside the database: read after a restore.

An erasure is written before it is done, an entry about opting out after it is committed.
"""

import json
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

import obstore

from store.files import open_object_store
from store.rights.outside import Entry

_ENTRIES = "opt-outs"  # in it, each entry by its id, and so in the order of time


class ErasureRegister:
    """The register outside the database: a folder or an object store, each entry an object."""

    def __init__(self, url: str) -> None:
        self._store = open_object_store(url)

    def put(self, ref_index: bytes, at: datetime) -> None:
        """Enter somebody; again is harmless."""
        body = json.dumps({"erased": ref_index.hex(), "at": at.isoformat()}).encode()
        obstore.put(self._store, f"{ref_index.hex()}.json", body)

    def all(self) -> dict[bytes, datetime]:
        """Give who is in it, and since when."""
        found = {}
        for name in self._listed():
            if name.startswith(f"{_ENTRIES}/"):
                continue
            entry = json.loads(bytes(obstore.get(self._store, name).bytes()))
            found[bytes.fromhex(entry["erased"])] = datetime.fromisoformat(entry["at"])
        return found

    def enter(self, entry: Entry) -> None:
        """Put an entry about opting out; again is harmless."""
        body = {"at": entry.at.isoformat(), "content": entry.content}
        obstore.put(self._store, _name(entry.id), json.dumps(body).encode())

    def entered(self, after: UUID | None = None) -> list[UUID]:
        """Give the ids of all entries, or of those made later than one."""
        offset = None if after is None else _name(after)
        return [UUID(PurePosixPath(name).stem) for name in self._listed(_ENTRIES, offset)]

    def read(self, entry_id: UUID) -> Entry:
        """Give an entry that is there."""
        body = json.loads(bytes(obstore.get(self._store, _name(entry_id)).bytes()))
        return Entry(entry_id, datetime.fromisoformat(body["at"]), body["content"])

    def _listed(self, prefix: str | None = None, offset: str | None = None) -> list[str]:
        pages = obstore.list(self._store, prefix, offset=offset)
        return [str(meta["path"]) for page in pages for meta in page]


def _name(entry_id: UUID) -> str:
    return f"{_ENTRIES}/{entry_id}.json"
