"""How does a clock jump for our processes alone? By a shim between them and the C library.

``CLOCK_REALTIME`` is moved by what stands in a file, which can change at any moment; the monotonic
clocks go on as they are. It is built with the machine's C compiler.
"""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.service_answers import CannotStartError

_FILE = "ONWARD_TEST_CLOCK_FILE"
_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile long long *offset;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ONWARD_TEST_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file >= 0) {
        void *at = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
        if (at != MAP_FAILED) offset = at;
    }
}

int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, now);
    if (!failed && offset && which == CLOCK_REALTIME) now->tv_sec += *offset;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int failed = real(now, zone);
    if (!failed && offset) now->tv_sec += *offset;
    return failed;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
"""


class Clock:
    """A clock that jumps, for whoever is started with ``settings``."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(struct.pack("q", 0))
        self._shim = folder / "clock.so"

    def build(self) -> None:
        """Make the shim. Raises ``CannotStartError`` where there is no compiler."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise CannotStartError("no C compiler: the clock cannot be moved")
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", str(self._shim), "-ldl"],
            input=_SOURCE,
            check=False,
            capture_output=True,
            text=True,
        )
        if built.returncode != 0:
            raise CannotStartError(f"the clock's shim does not build: {built.stderr[:200]}")

    @property
    def settings(self) -> dict[str, str]:
        """What a process must be started with."""
        return {"LD_PRELOAD": str(self._shim), _FILE: str(self._file)}

    def jump(self, seconds: int) -> None:
        """Let it be so many seconds ahead, or behind, from now."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))
