"""Who was erased? Asked wherever something could bring them back: intake, replays, backups.

The register holds keyed digests of references alone. It stands twice: in the database, to be asked
here, and outside it (``store.rights.erasure_register``), so that a restored database can be told.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from store import bulk
from store.engine import Transaction
from store.tables import erasures

_KIND = "erased"


def index_of(tx: Transaction, ref: str) -> bytes:
    """Give the keyed digest of a reference, as the register has it."""
    return tx.store.index(_KIND, ref)


def enter(tx: Transaction, ref_index: bytes, at: datetime) -> None:
    """Enter somebody into the database's register; again is harmless."""
    bulk.insert_rows(tx, erasures, [{"ref_index": ref_index, "at": at}], skip_existing=True)


def among(tx: Transaction, refs: Iterable[str]) -> dict[str, datetime]:
    """Give who of these was erased, and when."""
    by_index = {index_of(tx, ref): ref for ref in refs}
    if not by_index:
        return {}
    rows = tx.connection.execute(
        select(erasures).where(bulk.among(tx, erasures.c.ref_index, sorted(by_index)))
    )
    return {by_index[bytes(row.ref_index)]: row.at for row in rows}
