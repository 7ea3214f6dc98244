"""Which temporary copies are there, where do they lie, and until when?

The key of one that lies with the other files stands in its row alone: with that it opens, and
without it nowhere. So one that is taken, or whose time is over, is unreadable at once, wherever
its bytes still lie.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, or_, select, update

from contracts.vocabulary import Carried, Gone
from store.engine import Transaction
from store.rights import untouched
from store.tables import transfers

_KEY_BYTES = 32
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Transfer:
    """One temporary copy; ``place`` is of one in a folder, none of one with the other files."""

    id: UUID
    customer_ref: str | None
    kind: Carried
    host: str | None
    file: str | None
    sha256: str | None
    request_id: UUID | None
    delivery_id: UUID | None
    made_at: datetime
    until: datetime
    gone: Gone | None
    gone_at: datetime | None
    removed_at: datetime | None
    place: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransferKey:
    """What one temporary copy is sealed with, and opens with."""

    transfer_id: UUID
    _key: bytes = field(repr=False)

    def seal(self, content: bytes) -> bytes:
        """Encrypt its content."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, content, self.transfer_id.bytes)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt its content. Raises ``cryptography.exceptions.InvalidTag``."""
        return AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], self.transfer_id.bytes)


def stored_at(transfer_id: UUID) -> str:
    """Give where a temporary copy lies among the other files."""
    return f"transfers/{transfer_id}"


def register(
    tx: Transaction,
    kind: Carried,
    ref: str | None,
    until: datetime,
    request_id: UUID | None = None,
) -> TransferKey:
    """Enter a temporary copy that is about to be kept with the other files; give its key."""
    row_id, key = tx.new_id(), os.urandom(_KEY_BYTES)
    _enter(
        tx,
        id=row_id,
        kind=kind,
        customer_ref=ref,
        key=tx.seal(None, f"transfers.key:{row_id}", key),
        request_id=request_id,
        until=until,
    )
    return TransferKey(row_id, key)


def register_in_folder(
    tx: Transaction,
    kind: Carried,
    ref: str | None,
    until: datetime,
    place: str,
    host: str,
    file: str,
) -> UUID:
    """Enter a temporary copy that is about to be written to a folder; give its id.

    What stood at its place before has been moved away: else it could not be written.
    """
    for before in listed(tx):
        if before.host == host and before.place == place:
            end(tx, before.id, Gone.MOVED)
            removed(tx, before.id)
    row_id = tx.new_id()
    sealed = tx.seal(None, f"transfers.place:{row_id}", place.encode())
    _enter(
        tx, id=row_id, kind=kind, customer_ref=ref, place=sealed, host=host, file=file, until=until
    )
    return row_id


def finished(tx: Transaction, transfer_id: UUID, sha256: str) -> None:
    """Note the digest of a temporary copy that is whole."""
    _change(tx, transfer_id, sha256=sha256)


def sent_with(tx: Transaction, transfer_id: UUID, delivery_id: UUID) -> None:
    """Note the delivery whose link hands a temporary copy out."""
    _change(tx, transfer_id, delivery_id=delivery_id)


def of_delivery(tx: Transaction, delivery_id: UUID) -> Transfer | None:
    """Give what a delivery's link hands out, held until the end of the transaction."""
    where = transfers.c.delivery_id == delivery_id
    found = _found(tx, select(transfers).where(where).with_for_update())
    return found[0] if found else None


def key_of(tx: Transaction, transfer_id: UUID) -> TransferKey | None:
    """Give the key of a temporary copy; none once it is gone."""
    key = tx.connection.execute(
        select(transfers.c.key).where(transfers.c.id == transfer_id)
    ).scalar_one_or_none()
    return TransferKey(transfer_id, tx.open(f"transfers.key:{transfer_id}", key)) if key else None


def end(tx: Transaction, transfer_id: UUID, why: Gone) -> None:
    """Destroy a temporary copy's key: it opens nowhere any more. Its file is to be deleted yet."""
    where = (transfers.c.id == transfer_id) & transfers.c.gone_at.is_(None)
    tx.connection.execute(update(transfers).where(where).values(key=None, gone=why, gone_at=tx.now))


def end_of(tx: Transaction, request_id: UUID, why: Gone) -> list[UUID]:
    """End what was made for a request before; give what was to send it."""
    c = transfers.c
    found = select(c.id, c.delivery_id).where(c.request_id == request_id, c.gone_at.is_(None))
    rows = tx.connection.execute(found).all()
    for row in rows:
        end(tx, row.id, why)
    return [row.delivery_id for row in rows if row.delivery_id is not None]


def removed(tx: Transaction, transfer_id: UUID) -> None:
    """Note that the file of a temporary copy is deleted."""
    _change(tx, transfer_id, removed_at=tx.now, place=None)


def over(tx: Transaction, host: str, limit: int) -> list[Transfer]:
    """Give temporary copies whose files are to go; of those in folders, this host's alone."""
    c = transfers.c
    return _found(
        tx,
        select(transfers)
        .where(
            c.removed_at.is_(None),
            or_(c.until <= tx.now, c.gone_at.is_not(None)),
            or_(c.host.is_(None), c.host == host),
        )
        .order_by(c.until, c.id)
        .limit(limit),
    )


def listed(tx: Transaction, *, gone: bool = False) -> list[Transfer]:
    """Give temporary copies whose files are there, the first to end first; the others too."""
    c = transfers.c
    which = [] if gone else [c.removed_at.is_(None)]
    return _found(tx, select(transfers).where(*which).order_by(c.until, c.id))


def on_their_way(tx: Transaction) -> list[Transfer]:
    """Give those whose links are out, and that nobody has taken yet."""
    return [one for one in listed(tx) if one.delivery_id is not None and one.gone_at is None]


def forget(tx: Transaction, removed_before: datetime) -> int:
    """Delete the rows of those whose files were deleted before an instant.

    Those of somebody whose records are left alone stay.
    """
    c = transfers.c
    theirs = c.customer_ref.is_not(None) & c.customer_ref.in_(untouched.refs())
    gone = delete(transfers).where(c.removed_at < removed_before, ~theirs)
    return int(tx.connection.execute(gone).rowcount)


def stored_of(tx: Transaction, ref: str) -> tuple[str, ...]:
    """Give where a customer's temporary copies lie among the other files."""
    c = transfers.c
    found = select(c.id).where(c.customer_ref == ref, c.host.is_(None), c.removed_at.is_(None))
    return tuple(stored_at(one) for one in tx.connection.execute(found).scalars())


def leave_to_sweep(tx: Transaction, ref: str) -> None:
    """Have a customer's copies in folders deleted at once, by the machines where they are.

    What says where they lie stands until then, under a key of its own, and names nobody any more.
    """
    c = transfers.c
    tx.connection.execute(
        update(transfers)
        .where(c.customer_ref == ref, c.host.is_not(None), c.removed_at.is_(None))
        .values(customer_ref=None, gone=Gone.EXPIRED, gone_at=tx.now)
    )


def _enter(tx: Transaction, **values: Any) -> None:
    tx.connection.execute(insert(transfers).values(made_at=tx.now, **values))


def _change(tx: Transaction, transfer_id: UUID, **values: Any) -> None:
    tx.connection.execute(update(transfers).where(transfers.c.id == transfer_id).values(**values))


def _found(tx: Transaction, query: Any) -> list[Transfer]:
    plain = [name for name in Transfer.__dataclass_fields__ if name != "place"]
    rows: Sequence[Any] = tx.connection.execute(query).mappings().all()
    return [Transfer(**{name: row[name] for name in plain}, place=_place(tx, row)) for row in rows]


def _place(tx: Transaction, row: Any) -> str | None:
    if row["place"] is None:
        return None
    return tx.open(f"transfers.place:{row['id']}", row["place"]).decode()
