"""The copy of our records that a person may ask for: one ZIP, for people and for machines.

It holds everything as JSON, each table as CSV, a page to read, the scans, and a manifest with the
digest of each of these. Where an event tells of another person, a caller or a sender, that person's
name and number are left out until a reviewer has said that they may be seen.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, select_autoescape

from contracts.vocabulary import Target, Verb
from store import audit
from store.audit import By, Concerned
from store.copying import NOT_COPIED, everything
from store.engine import Store
from workers.rights.private_files import private_file

if TYPE_CHECKING:
    from store.files import Files

WITHHELD = "(another person: withheld until reviewed)"
_OTHERS = ("caller", "sender", "from", "to")  # who else an event's data may tell of
_PROVIDED = frozenset({"customers", "destinations", "rule_sets", "consents"})
_FILE = frozenset({"uri", "sha256", "media_type", "bytes"})
_NO_FORMULA = frozenset({"=", "+", "-", "@", "\t", "\r", "'"})
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: rows of each table, files, and events with another person withheld."""

    rows: Mapping[str, int]
    files: int
    missing: int
    withheld: tuple[str, ...]
    sha256: str


class Copies:
    """Makes copies. ``open_files`` is called when a customer has files."""

    def __init__(
        self, store: Store, open_files: "Callable[[], Files]", company: Mapping[str, str | None]
    ) -> None:
        self._store = store
        self._open_files = open_files
        self._company = company

    def copy(
        self,
        ref: str,
        to: Path,
        by: By,
        released: Collection[str] = (),
        *,
        release_all: bool = False,
        provided_alone: bool = False,
    ) -> Copied | None:
        """Write a copy of all that is held about a customer; none where nothing is.

        The file must not be there yet, and is for this user's eyes alone. Raises ``OSError``.

        ``released`` are events, by our id, whose other persons may be seen. With
        ``provided_alone`` it holds what they gave us themselves, for another provider (Article 20).
        """
        with self._store.snapshot() as tx:
            tables = dict(everything(tx, ref))
            now = tx.now
        if not any(tables.values()):
            return None
        if provided_alone:
            tables = {name: rows for name, rows in tables.items() if name in _PROVIDED}
        withheld = [] if release_all else list(_withhold(tables.get("events", []), released))
        files = {} if provided_alone else dict(self._files(tables["events"]))
        members = dict(self._members(ref, now, tables, files, withheld))
        manifest = {
            "made_at": now.isoformat(),
            "customer": ref,
            "files": {name: sha256(body).hexdigest() for name, body in members.items()},
            "withheld": withheld,
            "not_copied": dict(NOT_COPIED),
        }
        _archive(to, members | {"manifest.json": _json(manifest)})
        with self._store.write() as tx:
            audit.put(tx, Verb.COPY, by, [Concerned(Target.CUSTOMER, ref, customer_ref=ref)])
        return Copied(
            {name: len(rows) for name, rows in tables.items()},
            sum(body is not None for body in files.values()),
            sum(body is None for body in files.values()),
            tuple(withheld),
            sha256(to.read_bytes()).hexdigest(),
        )

    def _members(
        self,
        ref: str,
        now: datetime,
        tables: Mapping[str, list[dict[str, Any]]],
        files: Mapping[str, bytes | None],
        withheld: Collection[str],
    ) -> Iterator[tuple[str, bytes]]:
        yield "records.json", _json(tables)
        for name, rows in tables.items():
            if rows:
                yield f"csv/{name}.csv", _csv(rows)
        for name, body in files.items():
            if body is not None:
                yield f"files/{name}", body
        page = _PAGES.get_template("copy.html").render(
            ref=ref,
            made_at=now,
            tables={name: rows for name, rows in tables.items() if rows},
            withheld=withheld,
            missing=[name for name, body in files.items() if body is None],
            company=self._company,
        )
        yield "read-me-first.html", page.encode()

    def _files(self, events: list[dict[str, Any]]) -> Iterator[tuple[str, bytes | None]]:
        """The scans and documents of events, each by its digest; none of one that is gone."""
        found = {file["sha256"]: file for event in events for file in _files_in(event["content"])}
        kept = self._open_files() if found else None
        for digest, file in found.items():
            read = kept.read(file["uri"], file["bytes"]) if kept is not None else None
            ending = file["media_type"].rpartition("/")[2]
            yield f"{digest[:16]}.{ending}", read if isinstance(read, bytes) else None


def _archive(to: Path, members: Mapping[str, bytes]) -> None:
    with private_file(to) as out, zipfile.ZipFile(out, "w") as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), body, zipfile.ZIP_DEFLATED)


def _withhold(events: list[dict[str, Any]], released: Collection[str]) -> Iterator[str]:
    """Leave other persons out of events that nobody has released; give the events' ids."""
    for event in events:
        data = event["content"].get("data") if isinstance(event["content"], dict) else None
        if not isinstance(data, dict) or event["id"] in released:
            continue
        others = [name for name in _OTHERS if data.get(name)]
        for name in others:
            data[name] = WITHHELD
        if others:
            yield event["id"]


def _files_in(content: object) -> Iterator[Mapping[str, Any]]:
    match content:
        case dict() if content.keys() >= _FILE:
            yield content
        case dict():
            for one in content.values():
                yield from _files_in(one)
        case list():
            for one in content:
                yield from _files_in(one)
        case _:
            return


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # so that a spreadsheet takes it for UTF-8


def _cell(value: object) -> str:
    """A value as a spreadsheet shows it, and never as one that it computes.

    What could be a formula has an apostrophe before it, as has what begins with one already: so a
    machine that takes the first one away has the very value.
    """
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    told = "" if text is None else str(text)
    return f"'{told}" if told[:1] in _NO_FORMULA else told


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


_PAGES = Environment(
    loader=PackageLoader("workers.rights"), autoescape=select_autoescape(default=True)
)
