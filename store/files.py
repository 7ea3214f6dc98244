"""Where scans and documents are kept: sealed, in a folder or an object store, named by digest.

Each file is sealed under a random key of its own, which it carries, wrapped by the root key.
Files that publishers keep elsewhere are read from configured roots alone; no other address is
ever fetched.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from store.encryption.keys import RootKey, Unopenable
from store.types import SealedBytes

_OVERHEAD = 1_024  # what sealing adds is less
_LARGEST = 1 << 30
_LARGEST_SEALED = _LARGEST + _OVERHEAD
_BLOB = "blob:"


class Trouble(StrEnum):
    """Why a file cannot be had. For an operator to act on."""

    MISSING = "missing"
    UNOPENABLE = "unopenable"  # sealed with another master key, or altered
    TOO_LARGE = "too_large"  # larger than it was said to be, or than one may be
    FOREIGN = "foreign"  # its address is under no configured root


class FilesAwayError(Exception):
    """The object store is out of order, or its disk is full; ``kind`` says what it raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"files cannot be kept ({type(error).__name__})")
        self.kind = type(error).__name__


class Files:
    """The object store of one installation. Safe to share between threads.

    ``root`` wraps the files' own keys; one that is called is so when first needed. ``url`` is
    `file://…` (the folder is made) or `s3://…`, whose credentials are found as the AWS
    tools find theirs. ``roots`` are URLs of folders that files may also be read from, each of
    ``largest`` bytes at the most: the door saw to that for those which we keep ourselves.
    """

    def __init__(
        self,
        url: str,
        root: RootKey | Callable[[], RootKey],
        roots: Sequence[str] = (),
        largest: int = _LARGEST,
    ) -> None:
        self._root = root
        self._largest = largest
        self._own = open_object_store(url)
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._roots: Mapping[str, ObjectStore] = {
            f"{folder.rstrip('/')}/": open_object_store(folder) for folder in roots
        }

    @property
    def _key(self) -> RootKey:
        found = self._root
        return found if isinstance(found, RootKey) else found()

    def put(self, sha256: str, content: bytes) -> None:
        """Keep a file; once this returns it can be read. Raises ``FilesAwayError``."""
        sealed = self._key.seal_alone(_place(sha256), content)
        try:
            obstore.put(self._own, blob_path(sha256), bytes(sealed))
        except (BaseError, OSError) as error:
            raise FilesAwayError(error) from error

    def put_sealed(self, name: str, sealed: bytes) -> None:
        """Keep what was sealed elsewhere, under a name of its own. Raises ``FilesAwayError``."""
        try:
            obstore.put(self._own, name, sealed)
        except (BaseError, OSError) as error:
            raise FilesAwayError(error) from error

    def read_sealed(self, name: str) -> bytes | Trouble:
        """Give what ``put_sealed`` kept, as it was sealed."""
        return _fetch(self._own, name, _LARGEST_SEALED)

    def delete(self, path: str) -> None:
        """Keep what stands at a path no longer; what is not there is gone already."""
        try:
            obstore.delete(self._own, path)
        except (FileNotFoundError, NotFoundError):
            return

    def delete_unfinished(self, before: datetime) -> int:
        """Delete what a crash left half written before an instant; give how many files.

        In a folder that lies beside its place, as `NAME#1` (the Rust crate object_store, which
        renames it when it is whole). A bucket shows none; it has a rule of its own for them.
        """
        count = 0
        for path in self._folder.rglob("*#*") if self._folder is not None else ():
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    path.unlink()
                    count += 1
        return count

    def has(self, sha256: str) -> bool:
        """Whether a file of this digest is kept."""
        try:
            obstore.head(self._own, blob_path(sha256))
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    def read(self, uri: str, size: int) -> bytes | Trouble:
        """Give what stands at `blob:<sha256>` or under a root; at most ``size`` bytes.

        Of a larger one under a root, or one above the limit for those, nothing is read.
        Whether it is what it was said to be is the reader's to check. Raises what the object
        store raises while it is out of order.
        """
        if uri.startswith(_BLOB):
            return self._read_own(uri.removeprefix(_BLOB), size)
        for root, store in self._roots.items():
            if uri.startswith(root) and _is_plain(path := uri.removeprefix(root)):
                return _fetch(store, path, min(size, self._largest))
        return Trouble.FOREIGN

    def _read_own(self, sha256: str, size: int) -> bytes | Trouble:
        sealed = _fetch(self._own, blob_path(sha256), size + _OVERHEAD)
        if isinstance(sealed, Trouble):
            return sealed
        try:
            return self._key.open_alone(_place(sha256), SealedBytes(sealed))
        except Unopenable:
            return Trouble.UNOPENABLE


def open_object_store(url: str) -> ObjectStore:
    """Open a folder, which is made, or a bucket, whose credentials are found as usual."""
    if urlsplit(url).scheme == "file":
        return from_url(url, mkdir=True)
    return from_url(url)


def _fetch(store: ObjectStore, path: str, most: int) -> bytes | Trouble:
    try:
        found = obstore.get(store, path)
        if found.meta["size"] > most:
            return Trouble.TOO_LARGE
        return bytes(found.bytes())
    except (FileNotFoundError, NotFoundError):
        return Trouble.MISSING


def _is_plain(path: str) -> bool:
    """Whether a path stays under its root and asks for nothing but a file."""
    forbidden = any(sign in path for sign in ("?", "#", "%", "\\"))
    return bool(path) and not forbidden and not {"", ".", ".."} & set(path.split("/"))


def blob_path(sha256: str) -> str:
    """Give the path of a file that was handed in, by its digest."""
    return f"{sha256[:2]}/{sha256}"


def _place(sha256: str) -> str:
    return f"blobs:{sha256}"
