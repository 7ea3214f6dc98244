"""How ledger entries become a chain, and how the chain is checked.

One sealer at a time gives positions to entries that have none yet, whatever order they were
committed in, and chains a Merkle root over the batch to the seal before it. ``previous`` is
unique, so a sealer that was stopped and woke up late fails instead of forking the chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.engine import RowMapping

from contracts.vocabulary import Purpose
from store import bulk
from store.engine import Store, Transaction
from store.record import leaves
from store.record.merkle import GENESIS, root, seal_hash
from store.tables import ledger, seals

_SEALS = 1_000


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing in the chain that does not hold. ``what`` says it in plain words."""

    what: str
    seal: int | None = None
    position: int | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain was checked; ``broken`` is empty when all of it holds."""

    seals: int
    entries: int
    unsealed: int
    head: str
    broken: Broken | None


def seal_next(tx: Transaction, limit: int = 5_000) -> int:
    """Seal up to ``limit`` entries; give how many. Call under the sealer's lease alone."""
    rows = tx.connection.execute(
        select(ledger.c.id, ledger.c.leaf)
        .where(ledger.c.position.is_(None))
        .order_by(ledger.c.id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    last = tx.connection.execute(select(seals).order_by(seals.c.number.desc()).limit(1)).first()
    number = last.number + 1 if last else 1
    first = last.first_position + last.count if last else 1
    previous = last.seal if last else GENESIS
    batch_root = root([row.leaf for row in rows])
    sealed = {
        "number": number,
        "previous": previous,
        "root": batch_root,
        "seal": seal_hash(previous, number, batch_root, first, len(rows)),
        "first_position": first,
        "count": len(rows),
        "sealed_at": tx.now,
    }
    bulk.insert_rows(tx, seals, [sealed])
    placed = [{"id": row.id, "position": first + i, "seal": number} for i, row in enumerate(rows)]
    bulk.update_rows(tx, ledger, ["id"], placed)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Trusted:
    """Up to where the chain is taken as it is: the last seal, its hash, the entries it ends."""

    seal: int
    head: bytes
    entries: int


NOTHING = Trusted(0, GENESIS, 0)


def verify(store: Store, trusted: Trusted = NOTHING, last: int | None = None) -> Verified:
    """Check every seal and entry after what is trusted; stop at the first that is broken.

    Of an entry: that it stands where its seal put it, that its leaf is the hash of its columns, and
    that its sealed values are those it commits to, but where they were destroyed. All as of one
    moment: what is sealed meanwhile is no break. With ``last``, only up to that seal, and nothing
    of what no seal covers.
    """
    checked, entries, head = 0, trusted.entries, trusted.head
    with store.snapshot(Purpose.RECORD) as tx:
        rows = leaves.read_from(tx, trusted.entries + 1)
        for seal in _seals(tx, trusted.seal, last):
            number = trusted.seal + checked + 1
            broken = _check_seal(tx, seal, Trusted(number - 1, head, entries), rows)
            if broken:
                return Verified(checked, entries - trusted.entries, 0, head.hex(), broken)
            checked, entries, head = checked + 1, entries + seal["count"], seal["seal"]
        unsealed, broken = 0, None
        if last is None:
            unsealed, broken = _count_unsealed(tx), _stray(tx, entries)
        elif trusted.seal + checked < last:
            broken = _missing(trusted.seal + checked + 1)
    return Verified(checked, entries - trusted.entries, unsealed, head.hex(), broken)


def _seals(tx: Transaction, after: int, last: int | None) -> Iterator[RowMapping]:
    """Give the seals after one, in their order; some thousand in memory."""
    n = seals.c.number
    upto = [] if last is None else [n <= last]
    while found := (
        tx.connection.execute(select(seals).where(n > after, *upto).order_by(n).limit(_SEALS))
        .mappings()
        .all()
    ):
        yield from found
        after = found[-1]["number"]


def _count_unsealed(tx: Transaction) -> int:
    counted = select(func.count()).select_from(ledger).where(ledger.c.position.is_(None))
    return int(tx.connection.execute(counted).scalar_one())


def _stray(tx: Transaction, entries: int) -> Broken | None:
    p = ledger.c.position
    found = select(ledger.c.id, p).where(or_(p > entries, p < 1)).order_by(p).limit(1)
    stray = tx.connection.execute(found).first()
    if stray is None:
        return None
    what = "an entry has a position that no seal covers"
    return Broken(what, position=stray.position, entry=str(stray.id))


def _missing(number: int) -> Broken:
    return Broken(f"seal {number} is missing", seal=number)


def _check_seal(
    tx: Transaction, seal: RowMapping, before: Trusted, rows: Iterator[leaves.Row]
) -> Broken | None:
    number, first = before.seal + 1, before.entries + 1
    if seal["number"] != number:
        return _missing(number)
    if seal["previous"] != before.head:
        return Broken("the seal does not follow the one before it", seal=number)
    if seal["first_position"] != first:
        return Broken("the seal does not begin where the one before it ended", seal=number)
    made: list[bytes] = []
    for position in range(first, first + seal["count"]):
        row = next(rows, None)
        if row is None or row[0] != position:
            return Broken("an entry is missing", seal=number, position=position)
        if row[1] != number:
            fault: str | None = "the entry names another seal than the one that covers it"
        else:
            fault = leaves.fault_of(tx, row)
        if fault:
            return Broken(fault, seal=number, position=position, entry=row[leaves.ID])
        made.append(row[2])
    if root(made) != seal["root"]:
        return Broken("the entries do not make the sealed root", seal=number)
    if seal_hash(before.head, number, seal["root"], first, seal["count"]) != seal["seal"]:
        return Broken("the seal is not the hash of what it covers", seal=number)
    return None
