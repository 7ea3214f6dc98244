"""What is published of the ledger, so that nobody can write it anew, us included.

A checkpoint covers all seals since the one before: their Merkle root, signed (Ed25519, RFC 8032),
with the digest of the checkpoint before it. It is written outside the database. Whoever keeps one,
or has seen one published, can tell whether what it covers was altered since; and one entry can be
proved by its path to it, without showing any other.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import obstore
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from obstore.exceptions import NotFoundError
from sqlalchemy import func, select

from store.encryption.keys import RootKey
from store.engine import Store, Transaction
from store.files import open_object_store
from store.record.merkle import leaf_hash, root
from store.tables import seals

_AT_ONCE = 100_000  # seals that one checkpoint covers at the most
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One signed statement of what the ledger held. Digests and keys are in hex.

    ``entries`` counts all ledger entries up to the last seal that it covers.
    """

    number: int
    previous: str
    first_seal: int
    last_seal: int
    entries: int
    root: str
    head: str
    at: str
    key: str
    signature: str

    def signed(self) -> bytes:
        """Give the bytes that the signature covers: a line for each field."""
        lines = ["onward checkpoint", *(str(getattr(self, name)) for name in _SIGNED)]
        return "\n".join(lines).encode()

    def digest(self) -> str:
        """Give the digest by which the next checkpoint names this one."""
        return sha256(self.signed()).hexdigest()

    def is_signed_by(self, key: str) -> bool:
        """Whether it was signed by the owner of a public key."""
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
            public.verify(bytes.fromhex(self.signature), self.signed())
        except (InvalidSignature, ValueError):
            return False
        return True

    def as_json(self) -> str:
        """Give it as it is written."""
        return json.dumps({name: getattr(self, name) for name in _FIELDS}, indent=2) + "\n"


_FIELDS = tuple(Checkpoint.__dataclass_fields__)
_SIGNED = tuple(name for name in _FIELDS if name not in {"key", "signature"})


class Published:
    """Where checkpoints are written: a folder or an object store, each an object of its own."""

    def __init__(self, url: str) -> None:
        self._store = open_object_store(url)

    def last(self) -> Checkpoint | None:
        """Give the last one that was written."""
        names = self._names()
        return self._read(names[-1]) if names else None

    def all(self) -> list[Checkpoint]:
        """Give all that were written, in their order."""
        return [self._read(name) for name in self._names()]

    def put(self, checkpoint: Checkpoint) -> None:
        """Write one; what was written under its number stays as it is."""
        body = checkpoint.as_json().encode()
        obstore.put(self._store, _name(checkpoint.number), body, mode="create")

    def _names(self) -> list[str]:
        listed = [str(meta["path"]) for page in obstore.list(self._store) for meta in page]
        return sorted(name for name in listed if name.endswith(".json"))

    def _read(self, name: str) -> Checkpoint:
        try:
            return read(bytes(obstore.get(self._store, name).bytes()))
        except (FileNotFoundError, NotFoundError):
            raise NotACheckpointError(f"{name} is gone") from None


class NotACheckpointError(Exception):
    """What was read is no checkpoint; the text says which, and why."""


def read(body: bytes) -> Checkpoint:
    """Read one as it was written. Raises ``NotACheckpointError``."""
    try:
        found: dict[str, Any] = json.loads(body)
        return Checkpoint(**{name: found[name] for name in _FIELDS})
    except (ValueError, KeyError, TypeError):
        raise NotACheckpointError("it is not a checkpoint of ours") from None


def signing_key(root_key: RootKey) -> Ed25519PrivateKey:
    """Give the key that signs: derived, so that it lasts as long as the root key."""
    return Ed25519PrivateKey.from_private_bytes(root_key.secret("checkpoints"))


def public_key(root_key: RootKey) -> str:
    """Give the key that checks, in hex: to be published, and kept where we cannot change it."""
    return signing_key(root_key).public_key().public_bytes_raw().hex()


def publish_next(store: Store, published: Published) -> Checkpoint | None:
    """Write the next checkpoint, if anything was sealed since the last one."""
    last = published.last()
    with store.snapshot() as tx:
        made = _next(tx, last)
    if made is not None:
        published.put(made)
    return made


def seal_leaves(tx: Transaction, first: int, last: int) -> list[bytes]:
    """Give the leaves of a checkpoint's tree: a hash of each seal that it covers."""
    found = select(seals.c.seal).where(seals.c.number.between(first, last)).order_by(seals.c.number)
    return [leaf_hash(seal) for seal in tx.connection.execute(found).scalars()]


def _next(tx: Transaction, last: Checkpoint | None) -> Checkpoint | None:
    newest = tx.connection.execute(select(func.max(seals.c.number))).scalar() or 0
    first = last.last_seal + 1 if last is not None else 1
    upto = min(newest, first + _AT_ONCE - 1)
    if upto < first:
        return None
    leaves = seal_leaves(tx, first, upto)
    end = tx.connection.execute(select(seals).where(seals.c.number == upto)).one()
    key = signing_key(tx.store.root)
    unsigned = Checkpoint(
        number=last.number + 1 if last is not None else 1,
        previous=last.digest() if last is not None else _FIRST,
        first_seal=first,
        last_seal=upto,
        entries=end.first_position + end.count - 1,
        root=root(leaves).hex(),
        head=end.seal.hex(),
        at=tx.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        key=public_key(tx.store.root),
        signature="",
    )
    signature = key.sign(unsigned.signed()).hex()
    return Checkpoint(
        **{**{name: getattr(unsigned, name) for name in _FIELDS}, "signature": signature}
    )


def fault_of(tx: Transaction, written: Sequence[Checkpoint], key: str) -> str | None:
    """Say what first does not hold of checkpoints, beside one another and beside the ledger."""
    before: Checkpoint | None = None
    for one in written:
        if not one.is_signed_by(key):
            return f"checkpoint {one.number} is not signed with our key"
        if before is not None and one.previous != before.digest():
            return f"checkpoint {one.number} does not follow the one before it"
        if before is not None and one.first_seal != before.last_seal + 1:
            return f"checkpoint {one.number} does not begin where the one before it ended"
        leaves = seal_leaves(tx, one.first_seal, one.last_seal)
        if len(leaves) != one.last_seal - one.first_seal + 1 or root(leaves).hex() != one.root:
            return f"the ledger's seals are not those that checkpoint {one.number} was made of"
        before = one
    return None


def _name(number: int) -> str:
    return f"{number:010d}.json"
