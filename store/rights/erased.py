"""Who was erased? Asked wherever something could bring them back: intake, replays, backups.

The register holds keyed digests of references alone. It stands twice: in the database, to be asked,
and outside it, written first, so that a database restored from before an erasure can be told.
"""

import json
from collections.abc import Iterable
from datetime import datetime

import obstore
from sqlalchemy import select

from store import bulk
from store.engine import Transaction
from store.files import open_object_store
from store.tables import erasures

_KIND = "erased"


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


def index_of(tx: Transaction, ref: str) -> bytes:
    """Give the keyed digest of a reference, as the register has it."""
    return tx.store.index(_KIND, ref)


def enter(tx: Transaction, ref_index: bytes, at: datetime) -> None:
    """Enter somebody into the database's register; again is harmless."""
    bulk.insert_rows(tx, erasures, [{"ref_index": ref_index, "at": at}], skip_existing=True)


def among(tx: Transaction, refs: Iterable[str]) -> dict[str, datetime]:
    """Give who of these was erased, and when."""
    by_index = {index_of(tx, ref): ref for ref in refs}
    if not by_index:
        return {}
    rows = tx.connection.execute(
        select(erasures).where(bulk.among(tx, erasures.c.ref_index, sorted(by_index)))
    )
    return {by_index[bytes(row.ref_index)]: row.at for row in rows}
