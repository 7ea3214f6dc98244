"""Files that hold what is personal, on their way out: nobody but who asked may read them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that was not there yet; it goes again where writing it fails.

    Raises ``OSError``, among them ``FileExistsError``.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def identity(file: BinaryIO) -> str:
    """Which file an open one is, whatever its name: its device and inode."""
    found = os.fstat(file.fileno())
    return f"{found.st_dev}:{found.st_ino}"
