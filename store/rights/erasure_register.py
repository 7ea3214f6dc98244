"""Who was erased, as it stands outside the database: written first, read after a restore."""

import json
from datetime import datetime

import obstore

from store.files import open_object_store


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
        listed = [str(meta["path"]) for page in obstore.list(self._store) for meta in page]
        found = {}
        for name in listed:
            entry = json.loads(bytes(obstore.get(self._store, name).bytes()))
            found[bytes.fromhex(entry["erased"])] = datetime.fromisoformat(entry["at"])
        return found
