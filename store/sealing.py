"""How ledger entries become a chain, and how the chain is checked.

One sealer at a time gives positions to entries that have none yet, whatever order they were
committed in, and chains a Merkle root over the batch to the seal before it. ``previous`` is
unique, so a sealer that was stopped and woke up late fails instead of forking the chain.
"""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.engine import RowMapping

from store import bulk
from store.engine import Store, Transaction
from store.keys import Unopenable
from store.ledger import canonical, commitments_hold
from store.merkle import GENESIS, leaf_hash, root, seal_hash
from store.tables import ledger, seals

_READ_AT_ONCE = 2_000


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


_NOTHING = Trusted(0, GENESIS, 0)


def verify(store: Store, trusted: Trusted = _NOTHING) -> Verified:
    """Check every seal and entry after what is trusted; stop at the first that is broken.

    All as of one moment: what is sealed meanwhile is no break.
    """
    checked, entries, previous, expected = 0, 0, trusted.head, trusted.entries + 1
    with store.snapshot() as tx:
        unsealed = _count_unsealed(tx)
        found = select(seals).where(seals.c.number > trusted.seal).order_by(seals.c.number)
        for seal in tx.connection.execute(found).mappings().all():
            number = trusted.seal + checked + 1
            broken = _check_seal(tx, seal, previous, expected, number)
            if broken:
                return Verified(checked, entries, unsealed, previous.hex(), broken)
            checked, entries = checked + 1, entries + seal["count"]
            previous, expected = seal["seal"], expected + seal["count"]
        stray = tx.connection.execute(
            select(ledger.c.id, ledger.c.position)
            .where(or_(ledger.c.position >= expected, ledger.c.position < 1))
            .order_by(ledger.c.position)
            .limit(1)
        ).first()
    broken = None
    if stray:
        broken = Broken(
            "an entry has a position that no seal covers",
            position=stray.position,
            entry=str(stray.id),
        )
    return Verified(checked, entries, unsealed, previous.hex(), broken)


def _count_unsealed(tx: Transaction) -> int:
    counted = select(func.count()).select_from(ledger).where(ledger.c.position.is_(None))
    return int(tx.connection.execute(counted).scalar_one())


def _check_seal(
    tx: Transaction, seal: RowMapping, previous: bytes, expected: int, number: int
) -> Broken | None:
    if seal["number"] != number:
        return Broken(f"seal {number} is missing", seal=number)
    if seal["previous"] != previous:
        return Broken("the seal does not follow the one before it", seal=number)
    if seal["first_position"] != expected:
        return Broken("the seal does not begin where the one before it ended", seal=number)
    leaves: list[bytes] = []
    end = expected + seal["count"]
    for start in range(expected, end, _READ_AT_ONCE):
        upto = min(start + _READ_AT_ONCE, end)
        broken = _check_entries(tx, number, start, upto, leaves)
        if broken:
            return broken
    if root(leaves) != seal["root"]:
        return Broken("the entries do not make the sealed root", seal=number)
    made = seal_hash(previous, number, seal["root"], expected, seal["count"])
    if made != seal["seal"]:
        return Broken("the seal is not the hash of what it covers", seal=number)
    return None


def _check_entries(
    tx: Transaction, number: int, start: int, upto: int, leaves: list[bytes]
) -> Broken | None:
    rows = (
        tx.connection.execute(
            select(ledger)
            .where(ledger.c.position >= start, ledger.c.position < upto)
            .order_by(ledger.c.position)
        )
        .mappings()
        .all()
    )
    tx.prepare_opening(row["personal"] for row in rows)
    for position, row in zip(range(start, upto), rows, strict=False):
        if row["position"] != position:
            return Broken("an entry is missing", seal=number, position=position)
        broken = _check_entry(tx, row, number)
        if broken:
            return Broken(broken, seal=number, position=position, entry=str(row["id"]))
        leaves.append(row["leaf"])
    if len(rows) < upto - start:
        return Broken("an entry is missing", seal=number, position=start + len(rows))
    return None


def _check_entry(tx: Transaction, row: RowMapping, number: int) -> str | None:
    if row["seal"] != number:
        return "the entry names another seal than the one that covers it"
    if leaf_hash(canonical(row)) != row["leaf"]:
        return "the entry was altered: its leaf is not the hash of its columns"
    try:
        holds = commitments_hold(tx, row)
    except (Unopenable, KeyError):
        return "the entry's sealed values do not open"
    return None if holds else "the entry's sealed values are not those it commits to"
