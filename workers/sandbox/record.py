"""What has been accepted, and how is it made sure that it is written before anyone is told?

One append-only file, one JSON line for each acceptance. Requests that arrive together share one
write and one ``fdatasync``: the flush runs at the end of the event loop's turn. Lines are read
back from the file; memory holds only where each begins.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KINDS = ("sms", "email", "call")
_NONCE_BYTES = 12
_POSITION_DIGITS = 8


class RecordError(Exception):
    """The record could not be written: nothing more is accepted. ``path`` says where."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"the record at {path} cannot be written")


class RecordInUseError(RecordError):
    """Another sandbox keeps its record there."""


class Record:
    """The sandbox's memory, in ``path``. One writer: the file is locked while it is open.

    A reference ends with the line's position, so that finding it again needs no index.
    """

    def __init__(self, path: Path, sync: Callable[[int], None]) -> None:
        self._path = path
        self._sync = sync
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._nonce = secrets.token_hex(_NONCE_BYTES)
        self._starts = array("Q", [0])
        self._kinds = bytearray()
        self._by_to: dict[str, array[int]] = {}
        self._waiting: list[tuple[bytes, int, str, asyncio.Future[None]]] = []
        self._broken = False
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._take_up()
        except BlockingIOError as locked:
            os.close(self._fd)
            raise RecordInUseError(path) from locked
        except BaseException:
            os.close(self._fd)
            raise

    def __len__(self) -> int:
        """How many acceptances are durable."""
        return len(self._kinds)

    def next_reference(self, prefix: str) -> str:
        """The reference of the line appended next, if that is done before anything is awaited."""
        position = len(self._kinds) + len(self._waiting)
        return f"{prefix}{self._nonce}{position:0{_POSITION_DIGITS}x}"

    async def append(self, reference: str, kind: str, fields: Mapping[str, Any]) -> int:
        """Write one acceptance; return its position once it is durable."""
        if self._broken:
            raise RecordError(self._path)
        loop = asyncio.get_running_loop()
        position = len(self._kinds) + len(self._waiting)
        entry = {
            "position": position,
            "at": datetime.now(UTC).isoformat(),
            "kind": kind,
            "reference": reference,
            **fields,
        }
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
        durable: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        content = line.encode(errors="backslashreplace")
        self._waiting.append((content, KINDS.index(kind), fields["to"], durable))
        await durable
        return position

    def find(self, reference: str) -> dict[str, Any] | None:
        """Read the acceptance that a reference of ours names."""
        try:
            position = int(reference[-_POSITION_DIGITS:], 16)
        except ValueError:
            return None
        if position >= len(self):
            return None
        entry = self.read(position)
        return entry if entry["reference"] == reference else None

    def read(self, position: int) -> dict[str, Any]:
        """Read one line back from the file."""
        start, end = self._starts[position], self._starts[position + 1]
        entry: dict[str, Any] = json.loads(os.pread(self._fd, end - start, start))
        return entry

    def entries(self, after: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Read lines in order, from position ``after`` on."""
        end = len(self) if limit is None else min(len(self), after + limit)
        return (self.read(position) for position in range(max(after, 0), end))

    def newest_first(self, kind: str, to: str | None, before: int | None) -> Iterator[int]:
        """Positions of one kind, latest first, optionally to one number, below ``before``."""
        wanted = KINDS.index(kind)
        top = len(self) if before is None else min(before, len(self))
        candidates: array[int] | range
        candidates = range(top) if to is None else self._by_to.get(to, array("I"))
        return (p for p in reversed(candidates) if p < top and self._kinds[p] == wanted)

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        found = Counter(self._kinds)
        return {kind: found[number] for number, kind in enumerate(KINDS)}

    def close(self) -> None:
        """Write what waits, and give the file back."""
        if self._waiting:
            self._flush()
        os.close(self._fd)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:  # written already, as the record closed
            return
        try:
            _write_all(self._fd, b"".join(content for content, *_ in batch))
            self._sync(self._fd)
        except OSError:
            # What is on disk is not known any more: promise nothing further.
            self._broken = True
            for *_, durable in batch:
                if not durable.done():
                    durable.set_exception(RecordError(self._path))
            return
        for content, kind, to, durable in batch:
            self._note(kind, to, len(content))
            if not durable.done():  # a client that went away has cancelled its wait
                durable.set_result(None)

    def _note(self, kind: int, to: str, size: int) -> None:
        position = len(self._kinds)
        self._kinds.append(kind)
        self._starts.append(self._starts[-1] + size)
        if KINDS[kind] == "sms":
            self._by_to.setdefault(to, array("I")).append(position)

    def _take_up(self) -> None:
        with self._path.open("rb") as lines:
            for line in lines:
                entry = None
                with contextlib.suppress(ValueError):
                    entry = json.loads(line) if line.endswith(b"\n") else None
                if entry is None:  # torn by a crash: its sender was never answered
                    break
                self._note(KINDS.index(entry["kind"]), entry["to"], len(line))
        os.ftruncate(self._fd, self._starts[-1])


def _write_all(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
