"""Post items: what the mailroom is to do with each, and what was done.

Until an item's customer is known and has said what they want, the answer is to hold it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from contracts.planning import PostInstruction
from contracts.vocabulary import PostAction, Reason, Role
from store import outbox
from store.bulk import insert_rows
from store.engine import Transaction
from store.tables import items


@dataclass(frozen=True, slots=True)
class Item:
    """One letter or parcel in the mailroom. ``done_as`` says how it left."""

    item_id: str
    customer_ref: str | None
    do: PostAction
    why: Reason
    authority: str | None
    destination_id: str | None
    consolidate: str | None
    until: datetime | None
    delivery_id: UUID | None
    done_as: str | None
    done_at: datetime | None


def arrived(tx: Transaction, item_id: str, class_: str, received_at: datetime) -> None:
    """Note that an item is here; what to do with it is not known yet, so it is held."""
    row = {
        "item_id": item_id,
        "class": class_,
        "do": PostAction.HOLD,
        "why": Reason.NO_RULE,
        "received_at": received_at,
        "changed_at": tx.now,
    }
    insert_rows(tx, items, [row], skip_existing=True)


def find(tx: Transaction, item_ids: Sequence[str]) -> dict[str, Item]:
    """Give the items that are known among ``item_ids``."""
    rows = tx.connection.execute(
        select(items).where(items.c.item_id.in_(sorted(item_ids)))
    ).mappings()
    return {row["item_id"]: _item(row) for row in rows}


def instruct(
    tx: Transaction,
    item_id: str,
    customer_ref: str,
    event_id: UUID,
    instruction: PostInstruction,
    delivery_id: UUID | None,
) -> None:
    """Put an instruction in force, and tell the mailroom of it."""
    until = (
        datetime.combine(instruction.until, time(), UTC) if instruction.until is not None else None
    )
    tx.connection.execute(
        update(items)
        .where(items.c.item_id == item_id)
        .values(
            customer_ref=customer_ref,
            do=instruction.do,
            why=instruction.why,
            authority=instruction.authority,
            destination_id=instruction.destination_id,
            consolidate=instruction.consolidate,
            until=until,
            delivery_id=delivery_id,
            changed_at=tx.now,
        )
    )
    facts: dict[str, Any] = {"items": [item_id], "consolidate": instruction.consolidate}
    if instruction.destination_id is not None:
        facts["destination_id"] = instruction.destination_id
    if instruction.authority is not None:
        facts["authority"] = instruction.authority
    outbox.add(
        tx,
        [
            outbox.Outcome(
                id=f"{event_id}:{item_id}:{instruction.do.value}",
                audience=outbox.to_role(Role.MAILROOM),
                name=f"post.{instruction.do.value}_requested",
                at=tx.now,
                facts=facts,
                customer_ref=customer_ref,
                event_id=event_id,
            )
        ],
    )


def done(tx: Transaction, item_ids: Sequence[str], how: str, at: datetime) -> None:
    """Note that items have left us, and how."""
    tx.connection.execute(
        update(items)
        .where(items.c.item_id.in_(sorted(item_ids)))
        .values(done_as=how, done_at=at, changed_at=tx.now)
    )


def _item(row: Any) -> Item:
    return Item(
        item_id=row["item_id"],
        customer_ref=row["customer_ref"],
        do=row["do"],
        why=row["why"],
        authority=row["authority"],
        destination_id=row["destination_id"],
        consolidate=row["consolidate"],
        until=row["until"],
        delivery_id=row["delivery_id"],
        done_as=row["done_as"],
        done_at=row["done_at"],
    )
