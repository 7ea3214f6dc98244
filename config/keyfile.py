"""Where is the master key, and is it one?

It wraps every other key, so it lives outside the store and its backups. Embedded, it is made on
the first start; a full installation is given one.
"""

import base64
import binascii
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings

KEY_BYTES = 32
_COMMAND_SECONDS = 30


class MasterKeyError(Exception):
    """The master key cannot be read; the text names the file or setting and never the key."""


def decode_key(text: str) -> bytes:
    """Give the key's 32 bytes. Raises ``ValueError`` in plain words, without the text."""
    try:
        key = base64.b64decode(text.strip(), altchars=None, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64 (make one: openssl rand -base64 32)")
    return key


def read_master_key(settings: "Settings") -> bytes:
    """Give the master key: set, printed, or in its file. Raises ``MasterKeyError``."""
    if settings.master_key is not None:
        return decode_key(settings.master_key.get_secret_value())
    if settings.master_key_command:
        return _printed_by(settings.master_key_command)
    return read_key_file(settings.master_key_path)


def _printed_by(command: Sequence[str]) -> bytes:
    what = f"master_key_command ({command[0]})"
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
            command, capture_output=True, check=True, timeout=_COMMAND_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise MasterKeyError(f"{what} ended with {error.returncode}") from None
    except subprocess.TimeoutExpired:
        raise MasterKeyError(f"{what} did not end within {_COMMAND_SECONDS} s") from None
    except OSError as error:
        raise MasterKeyError(f"{what}: {error.strerror}") from None
    try:
        return decode_key(done.stdout.decode("ascii", errors="replace"))
    except ValueError as error:
        raise MasterKeyError(f"{what}: what it prints {error}") from None


def read_key_file(path: Path) -> bytes:
    """Give the master key that lies in a file. Raises ``MasterKeyError``."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise MasterKeyError(f"master key file {path}: {error.strerror}") from None
    try:
        return decode_key(text)
    except ValueError as error:
        raise MasterKeyError(f"master key file {path}: {error}") from None


def make_master_key(path: Path, key: bytes) -> None:
    """Write a new key, for this user's eyes only, and make sure that it is on the disk.

    Raises ``FileExistsError`` rather than replace one: what it wrapped would be lost.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
