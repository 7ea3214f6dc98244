"""The record: durable before anyone is told, whole after a crash, small in memory."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workers.sandbox.record import Record, RecordError, RecordInUseError

SMS = {"to": "+447700900123", "from": "Onward", "body": "Ring back"}


class Disk:
    """Counts syncs; breaks when told to."""

    def __init__(self) -> None:
        self.syncs = 0
        self.full = False

    def __call__(self, _fd: int) -> None:
        self.syncs += 1
        if self.full:
            raise OSError(28, "No space left on device")


@contextmanager
def opened(path: Path, disk: Disk | None = None) -> Iterator[Record]:
    """Open a record for a while."""
    record = Record(path, disk or Disk())
    try:
        yield record
    finally:
        record.close()


async def append(record: Record, count: int) -> list[str]:
    """Accept so many at once."""

    async def one() -> str:
        reference = record.next_reference("SM")
        await record.append(reference, "sms", SMS)
        return reference

    return list(await asyncio.gather(*(one() for _ in range(count))))


def test_what_arrives_together_shares_one_sync(tmp_path: Path) -> None:
    """A disk syncs some thousand times a second; requests come faster."""
    disk = Disk()

    with opened(tmp_path / "record.jsonl", disk) as record:
        asyncio.run(append(record, 100))

    assert disk.syncs == 1
    assert len((tmp_path / "record.jsonl").read_bytes().splitlines()) == 100


def test_every_reference_finds_its_line(tmp_path: Path) -> None:
    """The position that it ends with is where the line is."""
    with opened(tmp_path / "record.jsonl") as record:
        references = asyncio.run(append(record, 20))

        found = [record.find(reference) for reference in references]

    assert [entry and entry["position"] for entry in found] == list(range(20))


def test_a_full_disk_accepts_nothing_more(tmp_path: Path) -> None:
    """What is not surely written was not accepted, and must not be answered as if."""
    disk = Disk()
    with opened(tmp_path / "record.jsonl", disk) as record:
        disk.full = True
        with pytest.raises(RecordError):
            asyncio.run(append(record, 1))
        disk.full = False

        with pytest.raises(RecordError):
            asyncio.run(append(record, 1))


def test_a_record_goes_on_after_a_restart(tmp_path: Path) -> None:
    """A fault test kills the sandbox too, and compares with all that it ever accepted."""
    path = tmp_path / "record.jsonl"
    with opened(path) as record:
        first = asyncio.run(append(record, 3))

    with opened(path) as record:
        second = asyncio.run(append(record, 2))
        entries = list(record.entries())

    assert [entry["reference"] for entry in entries] == first + second
    assert [entry["position"] for entry in entries] == list(range(5))


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """Its sender was never answered; what follows must not be glued to it."""
    path = tmp_path / "record.jsonl"
    with opened(path) as record:
        asyncio.run(append(record, 2))
    with path.open("ab") as torn:
        torn.write(b'{"position":2,"kind":"sms","to":"+44')

    with opened(path) as record:
        asyncio.run(append(record, 1))

    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["position"] for line in lines] == [0, 1, 2]


def test_two_sandboxes_do_not_share_a_record(tmp_path: Path) -> None:
    """Two writers would name each other's lines."""
    path = tmp_path / "record.jsonl"

    with opened(path), pytest.raises(RecordInUseError):
        Record(path, Disk())


@pytest.mark.parametrize(
    ("after", "limit", "positions"),
    [(0, None, [0, 1, 2, 3]), (2, None, [2, 3]), (1, 2, [1, 2]), (9, None, [])],
)
def test_lines_are_read_back_in_order(
    tmp_path: Path, after: int, limit: int | None, positions: list[int]
) -> None:
    """A reader goes on from where it was."""
    with opened(tmp_path / "record.jsonl") as record:
        asyncio.run(append(record, 4))

        read = [entry["position"] for entry in record.entries(after, limit)]

    assert read == positions
