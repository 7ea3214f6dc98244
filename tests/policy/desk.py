"""What an office needs to answer people's rights: a house, the register outside it, its files."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.audit import By
from store.files import Files
from store.reading.attention import CLOCK, attention
from store.rights.erasure_register import ErasureRegister
from store.tables import metadata
from tests.building import House
from workers.rights.complaints import Complaints
from workers.rights.copies import Copies
from workers.rights.delivering import DeliveringCopies
from workers.rights.disclosures import Disclosing
from workers.rights.erasure import Erasing
from workers.rights.incidents import Incidents
from workers.rights.requests import Clock, Requests
from workers.rights.restoring import Restoring, tell_register
from workers.rights.reviews import Reviewing
from workers.rights.transfers import Limits, Transfers

HOST = "office-1"
OFFICER = By("privacy", "they asked for it")
COMPANY: Mapping[str, str | None] = {
    "legal_name": "Brindle & Hart Virtual Offices Ltd",
    "trading_name": "Brindle & Hart",
    "phone": "+441632960100",
    "email": "office@brindle-hart.example",
}


@dataclass(frozen=True, slots=True)
class Office:
    """A house and what answers people's rights in it."""

    house: House
    folder: Path

    @property
    def files(self) -> Files:
        """Where scans are kept."""
        return Files((self.folder / "blobs").as_uri(), self.house.store.root)

    @property
    def register(self) -> ErasureRegister:
        """Who was erased, outside the database."""
        return ErasureRegister((self.folder / "erasures").as_uri())

    @property
    def erasing(self) -> Erasing:
        """What erases."""
        return Erasing(self.house.store, lambda: self.register, lambda: self.files)

    @property
    def restoring(self) -> Restoring:
        """What brings a restored database up to the register."""
        return Restoring(self.house.store, self.erasing, lambda: self.register)

    def tell_register(self) -> int:
        """Tell the register what it is to know yet, as upkeep does."""
        return tell_register(self.house.store, lambda: self.register)

    @property
    def copies(self) -> Copies:
        """What copies."""
        kept = self.house.policies.retention
        return Copies(self.house.store, lambda: self.files, COMPANY, self.transfers, kept)

    @property
    def transfers(self) -> Transfers:
        """What keeps temporary copies."""
        return Transfers(self.house.store, lambda: self.files, Limits(7, 72), HOST)

    @property
    def reviewing(self) -> Reviewing:
        """What decides which other persons may be seen."""
        return Reviewing(self.house.store)

    @property
    def disclosing(self) -> Disclosing:
        """What answers authorities."""
        return Disclosing(self.house.store, self.copies, self.transfers)

    @property
    def incidents(self) -> Incidents:
        """What deals with breaches."""
        return Incidents(self.house.store)

    @property
    def complaints(self) -> Complaints:
        """What runs complaints."""
        return Complaints(self.house.store, Clock(self.house.policies))

    @property
    def delivering(self) -> DeliveringCopies:
        """What delivers copies."""
        lanes = self.house.policies.lanes
        return DeliveringCopies(self.house.store, self.copies, self.transfers, lanes)

    @property
    def requests(self) -> Requests:
        """What runs requests."""
        return Requests(self.house.store, Clock(self.house.policies))

    @property
    def clocks(self) -> dict[str, int]:
        """Which clocks an operator is shown, and how many run alike."""
        with self.house.store.read() as tx:
            return {one.cause: one.count for one in attention(tx) if one.kind == CLOCK}

    def everything_stored(self) -> bytes:
        """All bytes of the store as it lies on a SQLite disk, and of the folders beside it."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return b"".join(path.read_bytes() for path in paths)

    def rows_of(self, ref: str) -> dict[str, int]:
        """How many rows of each table name a customer."""
        found: dict[str, int] = {}
        for name, table in metadata.tables.items():
            if "customer_ref" in table.c:
                found[name] = len(self.house.rows(table, customer_ref=ref))
        return {name: count for name, count in found.items() if count}


def texts(value: Any) -> str:
    """All that stands in a nest of JSON values."""
    match value:
        case dict():
            return " ".join(texts(one) for one in value.values())
        case list():
            return " ".join(texts(one) for one in value)
        case _:
            return str(value)


def copied(office: Office, ref: str) -> dict[str, list[dict[str, Any]]]:
    """Make a copy of all that is held about a customer; give its records, table by table."""
    to = office.folder / "copied.zip"
    assert office.copies.copy(ref, to, OFFICER, release_all=True) is not None
    with zipfile.ZipFile(to) as archive:
        found: dict[str, list[dict[str, Any]]] = json.loads(archive.read("records.json"))
        return found
