"""How is a disk filled up without harm? It is a small one of the test's own, in memory."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.service_answers import CannotStartError

_PIECE = b"\0" * 65_536


class SmallDisk:
    """A mounted folder of so many MiB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Write until nothing more goes onto it."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(_PIECE)

    def empty(self) -> None:
        """Take away what filled it."""
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount one at a folder that is made. Raises ``CannotStartError`` where that is not allowed."""
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))
    if mounted.returncode != 0:
        raise CannotStartError(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        folder.chmod(0o755)
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True)
