"""Where is a canary found, however it is written there?

As it is, in other letters, percent-encoded, escaped for JSON or HTML (letters and digits stay as
they are in all of these), in base64 at any offset, and in hexadecimal.
"""

import base64
import contextlib
import re
import sqlite3
import stat
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pika
import psycopg
from psycopg import sql

from tests.policy.canary.values import MARK

_APART = rb"(?:[ \-.+_]|%20|%2B|&nbsp;|\xc2\xa0)?"
_WIDE = 60
OURS = {b"1632960100", b"7700900100"}  # the sandbox's company, and whom its texts come from


@dataclass(frozen=True, slots=True)
class Hit:
    """One canary: where it stands, how it is written, and what stands around it."""

    place: str
    written: str
    around: str

    def __str__(self) -> str:
        """Tell it in a line."""
        return f"{self.place}: {self.written} in {self.around}"


def _in_base64(text: bytes) -> Iterator[bytes]:
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text)
        # what the letters before and after have a share in is cut off
        first = -(-before * 8 // 6)
        last = (before + len(text)) * 8 // 6
        for one in {whole[first:last], whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))}:
            yield re.escape(one)


def _pattern() -> re.Pattern[bytes]:
    mark = MARK.encode()
    marks = (mark, mark.lower(), mark.upper())
    exact = [one for form in marks for one in _in_base64(form)]
    exact += [one for stem in (b"7700900", b"2079460") for one in _in_base64(stem)]
    exact += [form.hex().encode() for form in marks]
    exact += [form.hex().upper().encode() for form in marks]
    numbers = (
        _apart("7700", "900") + _APART + rb"\d{3}",
        _apart("1632", "960") + _APART + rb"\d{3}",
        _apart("20", "7946", "0") + rb"\d{3}",
        _apart("4242", "4242", "4242", "4242"),
    )
    amounts = (rb"70,?481\.?37", rb"14,?096\.?27", rb"84,?577\.?64")
    born = (rb"1907-?03-?11", rb"11[/.]0?3[/.]1907", rb"11(?:th)? March 1907")
    words = rb"(?i:" + mark + rb"[a-z]{0,4})"
    return re.compile(b"|".join((words, *numbers, *amounts, *born, *exact)))


def _apart(*parts: str) -> bytes:
    return _APART.join(part.encode() for part in parts)


_PATTERN = _pattern()


def hits(place: str, content: bytes) -> list[Hit]:
    """Every canary in some bytes."""
    return [
        Hit(place, one.group().decode(), _around(content, one))
        for one in _PATTERN.finditer(content)
        if re.sub(rb"\D", b"", one.group()) not in OURS
    ]


def _around(content: bytes, one: re.Match[bytes]) -> str:
    shown = content[max(0, one.start() - _WIDE) : one.end() + _WIDE]
    return shown.decode(errors="backslashreplace").replace("\n", "⏎")


def in_folder(folder: Path, *, but: Iterable[Path] = ()) -> Iterator[Hit]:
    """In the files of a folder and all beneath it, and in their names."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        if any(one == path or one in path.parents for one in left_out):
            continue
        name = str(path.relative_to(folder.parent))
        yield from hits("the name of a file", name.encode())
        with contextlib.suppress(FileNotFoundError):  # its time was over meanwhile
            if stat.S_ISREG(path.stat().st_mode):
                yield from hits(name, path.read_bytes())


def in_postgresql(url: str) -> Iterator[Hit]:
    """In every column of every table of ours, as the server gives them to anyone who may read."""
    tables = (
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(tables).fetchall():
            place = sql.Identifier(schema, table)
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(place))
            names = [column.name for column in rows.description or ()]
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield from hits(f"{table}.{name}", content)


def in_sqlite(file: Path) -> Iterator[Hit]:
    """In the same of a SQLite store; its files are searched as bytes beside that."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a table of ours
            names = [column[0] for column in rows.description]
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield from hits(f"{table}.{name}", content)


def bodies(url: str, queues: Iterable[str]) -> dict[str, list[bytes]]:
    """What stands in these queues, headers and all; it stays there."""
    found: dict[str, list[bytes]] = {}
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        for queue in queues:
            channel = connection.channel()
            try:
                found[queue] = []
                while (got := channel.basic_get(queue))[0] is not None:
                    found[queue].append((got[2] or b"") + repr(got[1]).encode())
            except pika.exceptions.ChannelClosedByBroker:  # nobody has declared it yet
                del found[queue]
    return found  # closing gives all of it back


def in_queues(contents: Mapping[str, Iterable[bytes]]) -> Iterator[Hit]:
    """In what stands in queues."""
    for queue, found in contents.items():
        for body in found:
            yield from hits(queue, body)


def scraped(port: int) -> bytes:
    """What a process shows on its operations port."""
    address = f"http://127.0.0.1:{port}"
    with (
        urllib.request.urlopen(f"{address}/metrics", timeout=60) as figures,  # noqa: S310 - http
        urllib.request.urlopen(f"{address}/healthz", timeout=60) as health,  # noqa: S310 - http
    ):
        return bytes(figures.read()) + bytes(health.read())


def in_process(name: str, pid: int) -> Iterator[Hit]:
    """In what anyone on the machine may see of a process, and in its environment."""
    for what in ("cmdline", "environ"):
        yield from hits(f"{what} of {name}", Path(f"/proc/{pid}/{what}").read_bytes())
    for thread in Path(f"/proc/{pid}/task").iterdir():
        yield from hits(f"a thread's name in {name}", (thread / "comm").read_bytes())
