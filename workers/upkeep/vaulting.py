"""Copies of identity documents are moved from the blobs into the vault, and sealed to its key."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from store.encryption import vault
from store.engine import Store
from store.files import blob_path

if TYPE_CHECKING:
    from store.files import Files

_AT_ONCE = 20
_LARGEST = 1 << 30


def move_evidence(store: Store, open_files: "Callable[[], Files]") -> int:
    """Seal copies to the vault's key, and delete the blobs; give how many there were."""
    with store.read() as tx:
        waiting = vault.to_be_moved(tx, _AT_ONCE)
        public = vault.public_key(tx) if waiting else None
    if public is None:
        return 0
    files = open_files()
    for identity_id, sha256 in waiting:
        place = vault.evidence_place(identity_id)
        content = files.read(f"blob:{sha256}", _LARGEST)
        if isinstance(content, bytes):
            files.put_sealed(place, vault.seal(public, place, content))
        with store.write() as tx:
            is_nobodys = vault.moved(tx, identity_id, sha256)
        if is_nobodys:
            files.delete(blob_path(sha256))
    return len(waiting)
