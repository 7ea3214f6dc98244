"""How personal values are sealed: AES-256-GCM under a key per owner and retention class.

Three steps of keys: the master key, which lives outside, opens the root key; the root key wraps the
data keys, and look-up keys are derived from it; a data key seals values. So the master key can be
changed without touching anything sealed, and what a destroyed data key sealed is gone.

Forms (first byte):
    1 ‖ key id (8) ‖ nonce (12) ‖ ciphertext and tag    a customer's key, kept in ``data_keys``
    2 ‖ wrapped key (60) ‖ nonce (12) ‖ ciphertext and tag    a random key of its own

The second form is for what has no owner yet: waiting and rejected events, files. Deleting such a
row destroys its key with it. Associated data names the place (table, column and row), so that a
value moved elsewhere does not open.

Source: NIST SP 800-38D; HKDF is RFC 5869. Nonces are random; a key seals far fewer than 2^32
values, the bound of section 8.3.
"""

import hmac
import os
from base64 import b64decode
from binascii import Error as NotBase64
from hashlib import blake2b, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.types import SealedBytes

_OWNED = b"\x01"
_ALONE = b"\x02"
_NONCE = 12
_WRAPPED = _NONCE + 32 + 16
_KEY_BYTES = 32
_ROOT = b"onward root key"


class Unopenable(Exception):  # noqa: N818 - it is the value that is so
    """A sealed value that this key does not open: altered, moved, or from another installation.

    ``place`` names table, column and row.
    """

    def __init__(self, place: str) -> None:
        super().__init__(f"the sealed value at {place} does not open with this master key")
        self.place = place


class Destroyed(Unopenable):
    """A sealed value whose key was destroyed on purpose: nobody opens it any more."""


class DataKey:
    """One owner's key, ready for use."""

    __slots__ = ("_cipher", "key_id")

    def __init__(self, key_id: int, key: bytes) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(key)

    def seal(self, place: str, plain: bytes) -> SealedBytes:
        """Encrypt ``plain`` for ``place``."""
        nonce = os.urandom(_NONCE)
        head = _OWNED + self.key_id.to_bytes(8, "big", signed=True) + nonce
        return SealedBytes(head + self._cipher.encrypt(nonce, plain, place.encode()))

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what ``seal`` made for the same place. Raises ``Unopenable``."""
        try:
            return self._cipher.decrypt(sealed[9:21], sealed[21:], place.encode())
        except InvalidTag:
            raise Unopenable(place) from None


class MasterKey:
    """The key from outside. It opens the root key, and nothing else."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError("the master key must be 32 bytes")
        self._cipher = AESGCM(_derive(key, b"onward master"))
        self._name_key = _derive(key, b"onward master name")

    @classmethod
    def from_base64(cls, text: str) -> "MasterKey":
        """Read a key as settings hold it. Raises ``ValueError`` without quoting it."""
        try:
            return cls(b64decode(text.strip(), validate=True))
        except NotBase64:
            raise ValueError("the master key is not base64") from None

    @property
    def name(self) -> str:
        """A short name for this key, by which it is known where it must not be."""
        return sha256(self._name_key).hexdigest()[:12]

    def wrap(self, root: "RootKey") -> bytes:
        """Wrap the root key for keeping."""
        return root._wrapped_by(self._cipher)  # noqa: SLF001 - the key itself is nobody else's

    def unwrap(self, wrapped: bytes) -> "RootKey":
        """Give back the root key. Raises ``Unopenable``."""
        try:
            plain = self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _ROOT)
        except InvalidTag:
            raise Unopenable("the root key") from None
        return RootKey(plain)


class RootKey:
    """The key that wraps all data keys, and from which the look-up keys are derived."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError("the root key must be 32 bytes")
        self._key = key
        self._cipher = AESGCM(_derive(key, b"onward wrap"))
        self._index_key = _derive(key, b"onward index")
        self._term_key = _derive(key, b"onward term")
        self._digest_key = _derive(key, b"onward digest")

    @classmethod
    def new(cls) -> "RootKey":
        """Make one."""
        return cls(os.urandom(_KEY_BYTES))

    def new_key(self, key_id: int, owner: str) -> tuple[DataKey, bytes]:
        """Make a key for ``owner``: ready for use, and wrapped for keeping."""
        key = os.urandom(_KEY_BYTES)
        return DataKey(key_id, key), self._wrap(key, owner)

    def unwrap(self, key_id: int, owner: str, wrapped: bytes) -> DataKey:
        """Give back the key of ``owner``. Raises ``Unopenable``."""
        return DataKey(key_id, self._unwrap(wrapped, owner))

    def seal_alone(self, place: str, plain: bytes) -> SealedBytes:
        """Encrypt under a random key of the value's own, carried along, wrapped."""
        key = os.urandom(_KEY_BYTES)
        nonce = os.urandom(_NONCE)
        body = AESGCM(key).encrypt(nonce, plain, place.encode())
        return SealedBytes(_ALONE + self._wrap(key, place) + nonce + body)

    def open_alone(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what ``seal_alone`` made for the same place. Raises ``Unopenable``."""
        whole = memoryview(sealed)  # a scan is large: no more copies of it than must be
        wrapped, rest = sealed[1 : 1 + _WRAPPED], whole[1 + _WRAPPED :]
        cipher = AESGCM(self._unwrap(wrapped, place))
        try:
            return cipher.decrypt(bytes(rest[:_NONCE]), rest[_NONCE:], place.encode())
        except InvalidTag:
            raise Unopenable(place) from None

    def index(self, kind: str, value: str) -> bytes:
        """Keyed digest (16 bytes) to look a value up by, without keeping it."""
        return hmac.digest(self._index_key, f"{kind}\0{value}".encode(), "sha256")[:16]

    def term(self, term: str) -> int:
        """Keyed digest of a search term, as a signed 64-bit number."""
        # An event has about ten: keyed BLAKE2b (RFC 7693) takes two fifths of an HMAC's time.
        digest = blake2b(term.encode(), digest_size=8, key=self._term_key).digest()
        return int.from_bytes(digest, "big", signed=True)

    def digest(self, content: bytes) -> bytes:
        """Keyed digest (32 bytes) that tells same content from other, and nothing else."""
        return hmac.digest(self._digest_key, content, "sha256")

    def secret(self, use: str) -> bytes:
        """Derive 32 bytes for one use: the same for as long as this key stands."""
        return _derive(self._key, f"onward {use}".encode())

    def fingerprint(self) -> str:
        """A short name for this key, to see whether two processes have the same one."""
        return sha256(self._digest_key).hexdigest()[:12]

    def _wrapped_by(self, cipher: AESGCM) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + cipher.encrypt(nonce, self._key, _ROOT)

    def _wrap(self, key: bytes, owner: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, owner.encode())

    def _unwrap(self, wrapped: bytes, owner: str) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], owner.encode())
        except InvalidTag:
            raise Unopenable(f"the key of {owner}") from None


def owned_by_key(sealed: bytes) -> int | None:
    """Tell which data key sealed a value; none if it carries its own."""
    return int.from_bytes(sealed[1:9], "big", signed=True) if sealed[:1] == _OWNED else None


def _derive(key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=use).derive(key)
