"""How identity data are kept: sealed to the vault's public key, and opened by no worker.

A sealed value is 3 ‖ ephemeral public key (32) ‖ nonce (12) ‖ ciphertext and tag. The key for
AES-256-GCM comes by HKDF-SHA-256 from an X25519 exchange (RFC 7748) between the ephemeral key and
the vault's; its private half lies with the privacy officer, in a file outside.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select, update

from contracts.vocabulary import Checked
from store import bulk
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import blobs, file_uses, identities, vault_keys
from store.types import SealedBytes

_FORM = b"\x03"
_PUBLIC = 32
_NONCE = 12
# What our own role may read of the vault: whose a row is, and which copies are still to be moved.
READABLE: Final = ("id", "customer_ref", "evidence", "received_at", "moved_at")


class VaultExistsError(Exception):
    """There is a vault already; its key is not to be replaced, or nothing in it would open."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What was checked of one individual. ``told`` is opened, and for a privacy officer alone."""

    id: UUID
    individual_id: str
    result: Checked
    received_at: datetime
    evidence: str | None
    told: Mapping[str, Any] = field(repr=False)


class VaultKey:
    """The private half, which opens."""

    def __init__(self, key: bytes) -> None:
        self._key = X25519PrivateKey.from_private_bytes(key)

    @classmethod
    def new(cls) -> tuple["VaultKey", bytes]:
        """Make one: ready for use, and as it is to be kept outside."""
        made = X25519PrivateKey.generate()
        return cls(made.private_bytes_raw()), made.private_bytes_raw()

    @property
    def public(self) -> bytes:
        """The half that seals."""
        return self._key.public_key().public_bytes_raw()

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for a place. Raises ``Unopenable``."""
        ephemeral, rest = sealed[1 : 1 + _PUBLIC], sealed[1 + _PUBLIC :]
        if sealed[:1] != _FORM or len(rest) < _NONCE:
            raise Unopenable(place)
        shared = self._key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        cipher = AESGCM(_derived(shared, ephemeral, self.public))
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], place.encode())
        except InvalidTag:
            raise Unopenable(place) from None


def seal(public: bytes, place: str, plain: bytes) -> SealedBytes:
    """Encrypt for a place, so that only the vault's private key opens it."""
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    nonce = os.urandom(_NONCE)
    cipher = AESGCM(_derived(shared, own, public))
    return SealedBytes(_FORM + own + nonce + cipher.encrypt(nonce, plain, place.encode()))


def make(tx: Transaction, public: bytes) -> None:
    """Set the vault up, once. Raises ``VaultExistsError``."""
    if public_key(tx) is not None:
        raise VaultExistsError
    tx.connection.execute(insert(vault_keys), {"public": public, "made_at": tx.now})


def public_key(tx: Transaction) -> bytes | None:
    """Give the key that seals; none where there is no vault."""
    return tx.connection.execute(select(vault_keys.c.public)).scalar()


def put(
    tx: Transaction,
    public: bytes,
    event_id: UUID,
    ref: str,
    plain: Mapping[str, Any],
    told: Mapping[str, Any],
) -> None:
    """Put what was checked into the vault; ``told`` is for the vault alone."""
    row = {
        "id": event_id,
        "customer_ref": ref,
        **plain,
        "content": seal(public, _place(event_id), json.dumps(dict(told)).encode()),
        "received_at": tx.now,
    }
    bulk.insert_rows(tx, identities, [row])


def opened(tx: Transaction, key: VaultKey, ref: str) -> list[Identity]:
    """Give what is kept about the individuals of a customer. Raises ``Unopenable``."""
    found = select(identities).where(identities.c.customer_ref == ref).order_by(identities.c.id)
    return [
        Identity(
            row.id,
            row.individual_id,
            row.result,
            row.received_at,
            row.evidence,
            json.loads(key.open(_place(row.id), row.content)),
        )
        for row in tx.connection.execute(found)
    ]


def to_be_moved(tx: Transaction, limit: int) -> list[tuple[UUID, str]]:
    """Give copies of documents that still lie among the blobs: row and digest."""
    i = identities.c
    found = (
        select(i.id, i.evidence)
        .where(i.evidence.is_not(None), i.moved_at.is_(None))
        .order_by(i.id)
        .limit(limit)
    )
    return [(row.id, row.evidence) for row in tx.connection.execute(found)]


def moved(tx: Transaction, identity_id: UUID, sha256: str) -> bool:
    """Note that a copy lies in the vault; give whether the blob is nobody else's now."""
    tx.connection.execute(
        update(identities).where(identities.c.id == identity_id).values(moved_at=tx.now)
    )
    u = file_uses.c
    tx.connection.execute(delete(file_uses).where(u.sha256 == sha256, u.event_id == identity_id))
    if tx.connection.execute(select(u.event_id).where(u.sha256 == sha256).limit(1)).first():
        return False
    tx.connection.execute(delete(blobs).where(blobs.c.sha256 == sha256))
    return True


def evidence_place(identity_id: UUID) -> str:
    """Give the place that the copy of a document is sealed for, which is its name as well."""
    return f"vault/{identity_id}"


def grants(worker: str, officer: str) -> Sequence[str]:
    """Give what has PostgreSQL itself refuse our role to read the vault."""
    table, columns = identities.name, ", ".join(READABLE)
    return (
        f"REVOKE ALL ON {table}, {vault_keys.name} FROM PUBLIC, {worker};",
        f"GRANT INSERT, DELETE ON {table} TO {worker};",
        f"GRANT SELECT ({columns}), UPDATE (moved_at) ON {table} TO {worker};",
        f"GRANT SELECT ON {vault_keys.name} TO {worker};",
        f"GRANT SELECT ON {table}, {vault_keys.name} TO {officer};",
        f"GRANT INSERT ON {vault_keys.name} TO {officer};",
    )


def _place(event_id: UUID) -> str:
    return f"identities.content:{event_id}"


def _derived(shared: bytes, ephemeral: bytes, public: bytes) -> bytes:
    info = b"onward vault" + ephemeral + public
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)
