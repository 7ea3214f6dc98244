"""Where is Prometheus's own checker? Installed, or unpacked from Debian's package.

Only one program of the package is wanted: it is not installed, and no server of it is started.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_KEPT = Path(__file__).parents[2] / "build" / "promtool"
_PROGRAM = "usr/bin/promtool"
_SECONDS = 100


def find() -> str | None:
    """Give its path; none where there is none, and none to be had."""
    installed = shutil.which("promtool")
    if installed is not None:
        return installed
    kept = _KEPT / _PROGRAM
    if not kept.exists() and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        with contextlib.suppress(subprocess.SubprocessError):
            _unpack()
    return str(kept) if kept.exists() else None


def _unpack() -> None:
    _KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_KEPT.parent) as folder:
        try:
            _run(folder, "apt-get", "--quiet", "download", "prometheus")
        except subprocess.CalledProcessError:  # there may be no list of packages yet
            _run(folder, "apt-get", "--quiet", "update")
            _run(folder, "apt-get", "--quiet", "download", "prometheus")
        (package,) = Path(folder).glob("prometheus_*.deb")
        _run(folder, "dpkg-deb", "--extract", package.name, "unpacked")
        with contextlib.suppress(OSError):  # another worker was faster
            (Path(folder) / "unpacked").rename(_KEPT)


def _run(folder: str, *words: str) -> None:
    # apt would rather download as a user of its own, who may not write here
    options = ["-o", "APT::Sandbox::User=root"] if words[0] == "apt-get" else []
    subprocess.run(
        [words[0], *options, *words[1:]],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=_SECONDS,
        env={**os.environ, "LC_ALL": "C"},
    )
