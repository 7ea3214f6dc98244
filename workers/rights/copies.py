"""The copy of our records that a person may ask for: one ZIP, for people and for machines.

It holds everything as JSON, each table as CSV, a page to read, the scans, and a manifest with the
digest of each of these. Where an event tells of another person, a caller or a sender, that person's
name and number are left out until a reviewer has said that they may be seen
(``workers.rights.reviews``).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, select_autoescape

from config.policies import RetentionPolicy
from contracts.vocabulary import Carried, Purpose, Review, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.engine import Store
from store.personal import REGISTER
from store.rights.copying import NOT_COPIED, everything
from workers.rights.packing import archive, as_csv, as_json
from workers.rights.register import how_long
from workers.rights.remedies import REMEDY
from workers.rights.reviews import Reviewing, marks, withhold
from workers.rights.transfers import Transfers

if TYPE_CHECKING:
    from store.files import Files

WITHHELD = "(another person: withheld until reviewed)"
_PROVIDED = frozenset({"customers", "destinations", "rule_sets", "consents"})
_FILE = frozenset({"uri", "sha256", "media_type", "bytes"})


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: rows of each table, files, and events with another person withheld.

    Of these, nobody has decided yet about ``undecided``.
    """

    rows: Mapping[str, int]
    files: int
    missing: int
    withheld: tuple[str, ...]
    undecided: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that lies nowhere yet."""

    copied: Copied
    body: bytes


class Copies:
    """Makes copies. ``open_files`` is called when a customer has files."""

    def __init__(
        self,
        store: Store,
        open_files: "Callable[[], Files]",
        company: Mapping[str, str | None],
        transfers: Transfers,
        retention: RetentionPolicy,
    ) -> None:
        self._store = store
        self._open_files = open_files
        self._company = company
        self._transfers = transfers
        self._retention = retention

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

        The file must not be there yet, is for this user's eyes alone, and is deleted in time.
        Raises ``OSError``.

        ``released`` are events, by our id, whose other persons may be seen: that is decided, and
        stands for later copies too. With ``provided_alone`` it holds what they gave us themselves,
        for another provider (Article 20).
        """
        if released or release_all:
            Reviewing(self._store).decide(ref, list(released), Review.RELEASED, by)
        made = self.make(ref, provided_alone=provided_alone)
        if made is None:
            return None
        with self._transfers.written(Carried.ACCESS_COPY, ref, to) as out:
            out.write(made.body)
        with self._store.write() as tx:
            audit.put(tx, Verb.COPY, by, [Concerned(Target.CUSTOMER, ref, customer_ref=ref)])
        return made.copied

    def make(self, ref: str, *, provided_alone: bool = False) -> Made | None:
        """Make a copy of all that is held about a customer; none where nothing is."""
        with self._store.snapshot(Purpose.RIGHTS) as tx:
            tables = dict(everything(tx, ref))
            now = tx.now
            if not any(tables.values()):
                return None
            if provided_alone:
                tables = {name: rows for name, rows in tables.items() if name in _PROVIDED}
            found = marks(tx, tables)
        withheld = list(withhold(tables, found, WITHHELD))  # with its scan, where all of it is
        files = {} if provided_alone else dict(self.files_of(tables["events"]))
        members = dict(self._members(ref, now, tables, files, withheld))
        manifest = {
            "made_at": now.isoformat(),
            "customer": ref,
            "files": {name: sha256(body).hexdigest() for name, body in members.items()},
            "withheld": withheld,
            "not_copied": dict(NOT_COPIED),
            "why": {name: self._why(name) for name, rows in tables.items() if rows},
            "remedy": REMEDY,
        }
        body = archive(members | {"manifest.json": as_json(manifest)})
        copied = Copied(
            {name: len(rows) for name, rows in tables.items()},
            sum(content is not None for content in files.values()),
            sum(content is None for content in files.values()),
            tuple(withheld),
            tuple(one.id for one in found if one.decided is None),
            sha256(body).hexdigest(),
        )
        return Made(copied, body)

    def _members(
        self,
        ref: str,
        now: datetime,
        tables: Mapping[str, list[dict[str, Any]]],
        files: Mapping[str, bytes | None],
        withheld: Collection[str],
    ) -> Iterator[tuple[str, bytes]]:
        yield "records.json", as_json(tables)
        for name, rows in tables.items():
            if rows:
                yield f"csv/{name}.csv", as_csv(rows)
        for name, body in files.items():
            if body is not None:
                yield f"files/{name}", body
        page = _PAGES.get_template("copy.html").render(
            ref=ref,
            made_at=now,
            tables={name: rows for name, rows in tables.items() if rows},
            withheld=withheld,
            missing=[name for name, body in files.items() if body is None],
            why={name: self._why(name) for name, rows in tables.items() if rows},
            remedy=REMEDY,
            company=self._company,
        )
        yield "read-me-first.html", page.encode()

    def _why(self, table: str) -> dict[str, str]:
        """Say of a table's records what Article 15(1) has to be told with a copy."""
        held = REGISTER[table]
        return {
            "purpose": held.purpose,
            "basis": held.basis.value,
            "kept": how_long(held, self._retention),
            "given_to": "; ".join(held.recipients) or "nobody",
        }

    def files_of(self, events: list[dict[str, Any]]) -> Iterator[tuple[str, bytes | None]]:
        """The scans and documents of events, each by its digest; none of one that is gone."""
        found = {file["sha256"]: file for event in events for file in _files_in(event["content"])}
        kept = self._open_files() if found else None
        for digest, file in found.items():
            read = kept.read(file["uri"], file["bytes"]) if kept is not None else None
            ending = file["media_type"].rpartition("/")[2]
            yield f"{digest[:16]}.{ending}", read if isinstance(read, bytes) else None


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


_PAGES = Environment(
    loader=PackageLoader("workers.rights"), autoescape=select_autoescape(default=True)
)
