"""Post items: what the mailroom is to do with each, and what was done.

Until an item's customer is known and has said what they want, the answer is to hold it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from contracts.planning import PostInstruction
from contracts.vocabulary import Custody, DeliveryStatus, PostAction, Reason, Role
from store import bulk, outbox
from store.engine import Transaction
from store.office import custody
from store.office.custody import Line
from store.rights import untouched
from store.tables import customers, deliveries, items


@dataclass(frozen=True, slots=True)
class Item:
    """One letter or parcel in the mailroom. ``done_as`` says how it left."""

    item_id: str
    customer_ref: str | None
    kinds: frozenset[str]
    do: PostAction
    why: Reason
    rule_id: str | None
    authority: str | None
    may_shred: bool
    destination_id: str | None
    consolidate: str | None
    until: datetime | None
    round_at: datetime | None
    requested_at: datetime | None
    arrival_id: UUID
    event_id: UUID | None
    delivery_id: UUID | None
    revision: int
    held_since: datetime | None
    received_at: datetime
    done_as: str | None
    done_at: datetime | None

    @property
    def waits_for_its_day(self) -> bool:
        """Whether it is to be sent on, and not before a day that is yet to come."""
        return self.do is PostAction.FORWARD and self.round_at is not None and not self.requested_at


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an event tells of an item that is here."""

    item_id: str
    class_: str
    kinds: frozenset[str]
    received_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Instructed:
    """An item, what is to be done with it now, and the letter that was planned for it."""

    item: Item
    instruction: PostInstruction
    delivery_id: UUID | None = None


def arrived(tx: Transaction, told: Arrival) -> bool:
    """Note that an item is here, held until it is known what to do with it; whether it is new.

    Of one that is here already, what is told of its kind is added to what is known.
    """
    before = find(tx, [told.item_id]).get(told.item_id)
    if before is not None:
        if not told.kinds <= before.kinds:
            kinds = _words(before.kinds | told.kinds)
            _change(tx, items.c.item_id == told.item_id, kinds=kinds)
        return False
    row = {
        "item_id": told.item_id,
        "class": told.class_,
        "kinds": _words(told.kinds),
        "do": PostAction.HOLD,
        "why": Reason.NO_RULE,
        "may_shred": False,
        "arrival_id": told.event_id,
        "revision": 0,
        "held_since": tx.now,
        "received_at": told.received_at,
        "changed_at": tx.now,
    }
    bulk.insert_rows(tx, items, [row], skip_existing=True)
    return True


def find(tx: Transaction, item_ids: Sequence[str]) -> dict[str, Item]:
    """Give the items that are known among ``item_ids``."""
    return {item.item_id: item for item in _found(tx, items.c.item_id.in_(sorted(item_ids)))}


def open_of_customer(tx: Transaction, ref: str, destination_id: str | None = None) -> list[Item]:
    """Give a customer's items that are still here; of a place, those that go there, or would."""
    i = items.c
    there = (i.destination_id == destination_id,) if destination_id is not None else ()
    return _found(tx, i.customer_ref == ref, i.done_at.is_(None), *there)


def due_for_a_round(tx: Transaction, limit: int) -> list[Item]:
    """Give the items whose day has come, those that go together beside one another; held."""
    i = items.c
    return _held(
        tx,
        limit,
        i.do == PostAction.FORWARD,
        i.round_at <= tx.now,
        i.requested_at.is_(None),
        i.done_at.is_(None),
    )


def to_be_asked_about(tx: Transaction, held_since: datetime, limit: int) -> list[Item]:
    """Give items that have been held for so long, and nobody was asked about them; held."""
    return _held(tx, limit, *_held_since(held_since), items.c.asked_at.is_(None))


def whose_may_be_shredded(
    tx: Transaction, held_since: datetime, asked_by: datetime, limit: int
) -> list[str]:
    """Give customers of whom some item may be shredded (``to_be_shredded``)."""
    ref = items.c.customer_ref
    theirs = select(ref).where(*_may_be_shredded(held_since, asked_by), _is_unrestricted())
    return list(tx.connection.execute(theirs.distinct().order_by(ref).limit(limit)).scalars())


def to_be_shredded(
    tx: Transaction, refs: Sequence[str], held_since: datetime, asked_by: datetime, limit: int
) -> list[Item]:
    """Give items that have been held for so long, were asked about, and may be shredded; held.

    Those of who is under a legal hold may not. The caller holds these customers alone, so that no
    hold is set meanwhile.
    """
    theirs = bulk.among(tx, items.c.customer_ref, refs)
    return _held(tx, limit, *_may_be_shredded(held_since, asked_by), theirs)


def _may_be_shredded(held_since: datetime, asked_by: datetime) -> tuple[ColumnElement[bool], ...]:
    i = items.c
    may = (i.asked_at <= asked_by, i.may_shred, i.customer_ref.not_in(untouched.held()))
    return (*_held_since(held_since), *may)


def _held_since(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    i = items.c
    held = (i.do == PostAction.HOLD, i.held_since <= moment, i.done_at.is_(None))
    return (*held, i.customer_ref.is_not(None))


def _held(tx: Transaction, limit: int, *conditions: ColumnElement[bool]) -> list[Item]:
    i = items.c
    rows = tx.connection.execute(
        select(items)
        .where(*conditions, _is_unrestricted())
        .order_by(i.customer_ref, i.destination_id, i.consolidate, i.item_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).mappings()
    return [_item(row) for row in rows]


def _is_unrestricted() -> ColumnElement[bool]:
    c = customers.c
    return items.c.customer_ref.not_in(select(c.ref).where(c.restricted_at.is_not(None)))


def _found(tx: Transaction, *conditions: ColumnElement[bool]) -> list[Item]:
    found = select(items).where(*conditions).order_by(items.c.item_id)
    return [_item(row) for row in tx.connection.execute(found).mappings()]


def instruct(
    tx: Transaction, customer_ref: str, event_id: UUID, given: Sequence[Instructed]
) -> None:
    """Put instructions in force, and tell the mailroom: of those that are alike, at once."""
    for one in given:
        _put(tx, customer_ref, event_id, one)
    custody.add(tx, customer_ref, [_instructed(tx, event_id, one) for one in given])
    told = sorted(given, key=_alike)
    outbox.add(
        tx,
        [
            _requested(
                tx,
                f"{group[0].item.revision + 1}",
                customer_ref,
                event_id,
                [one.item for one in group],
                do,
                alike,
            )
            for alike, some in groupby(told, key=_alike)
            if (group := list(some)) and (do := _asked_now(group[0].instruction)) is not None
        ],
    )


def _put(tx: Transaction, customer_ref: str, event_id: UUID, one: Instructed) -> None:
    wanted, before = one.instruction, one.item
    until = datetime.combine(wanted.until, time(), UTC) if wanted.until is not None else None
    held = wanted.do is PostAction.HOLD
    again = (wanted.rule_id or "").startswith("@")  # the customer's own word, said once more
    goes_on = held and before.do is PostAction.HOLD and not again
    _change(
        tx,
        items.c.item_id == before.item_id,
        customer_ref=customer_ref,
        do=wanted.do,
        why=wanted.why,
        rule_id=wanted.rule_id,
        authority=wanted.authority,
        may_shred=wanted.may_shred,
        destination_id=wanted.destination_id,
        consolidate=wanted.consolidate,
        until=until,
        round_at=wanted.round_at,
        requested_at=None,
        event_id=event_id,
        delivery_id=one.delivery_id,
        revision=before.revision + 1,
        # Who says again what to do with an item has been asked enough for a while.
        **({} if goes_on else {"held_since": tx.now if held else None, "asked_at": None}),
    )


def _instructed(tx: Transaction, event_id: UUID, one: Instructed) -> Line:
    wanted = one.instruction
    return Line(
        item_id=one.item.item_id,
        at=tx.now,
        what=Custody.INSTRUCTED,
        do=wanted.do,
        why=Reason.CONSOLIDATED if wanted.round_at is not None else wanted.why,
        destination_id=wanted.destination_id,
        event_id=event_id,
        authority=wanted.authority,
    )


_Alike = tuple[str, str, str, str, str]


def _alike(one: Instructed) -> _Alike:
    wanted = one.instruction
    return (
        wanted.do.value,
        wanted.destination_id or "",
        wanted.consolidate,
        wanted.authority or "",
        wanted.round_at.isoformat() if wanted.round_at is not None else "",
    )


def _asked_now(wanted: PostInstruction) -> PostAction:
    """What the mailroom is asked to do at once: a letter that waits for its day is kept for it."""
    return PostAction.HOLD if wanted.round_at is not None else wanted.do


def _requested(
    tx: Transaction,
    number: str,
    customer_ref: str,
    event_id: UUID | None,
    some: Sequence[Item],
    do: PostAction,
    alike: _Alike,
) -> outbox.Outcome:
    _, destination_id, consolidate, authority, _ = alike
    facts: dict[str, Any] = {"items": [one.item_id for one in some], "consolidate": consolidate}
    if destination_id:
        facts["destination_id"] = destination_id
    if authority:
        facts["authority"] = authority
    return outbox.Outcome(
        id=f"item:{some[0].item_id}:{number}:{do.value}",
        audience=outbox.to_role(Role.MAILROOM),
        name=f"post.{do.value}_requested",
        at=tx.now,
        facts=facts,
        customer_ref=customer_ref,
        event_id=event_id,
    )


def ask_to_forward(tx: Transaction, some: Sequence[Item]) -> None:
    """Tell the mailroom that the day of items that go together has come: one instruction."""
    first = some[0]
    if first.customer_ref is None:
        raise ValueError("an item that goes somewhere has a customer")
    named = items.c.item_id.in_(sorted(one.item_id for one in some))
    _change(tx, named, requested_at=tx.now)
    custody.add(
        tx,
        first.customer_ref,
        [
            Line(
                item_id=one.item_id,
                at=tx.now,
                what=Custody.REQUESTED,
                do=PostAction.FORWARD,
                why=one.why,
                destination_id=one.destination_id,
                authority=one.authority,
            )
            for one in some
        ],
    )
    alike = ("", first.destination_id or "", first.consolidate or "now", first.authority or "", "")
    number = f"{first.revision}:round"
    told = _requested(tx, number, first.customer_ref, None, some, PostAction.FORWARD, alike)
    outbox.add(tx, [told])


def asked(tx: Transaction, item: Item, *, anywhere: bool) -> None:
    """Note that a customer was asked what to do with an item, or could not be ``anywhere``."""
    _change(tx, items.c.item_id == item.item_id, asked_at=tx.now)
    if anywhere:
        line = Line(item_id=item.item_id, at=tx.now, what=Custody.ASKED)
        custody.add(tx, item.customer_ref, [line])


def ask_again(tx: Transaction, item: Item) -> None:
    """Note that the question about an item reached nobody."""
    _change(tx, items.c.item_id == item.item_id, asked_at=None)


def was_told(tx: Transaction, item: Item, way: str) -> bool:
    """Whether what was told of an item in a way of ours went out, and did not come back."""
    d = deliveries.c
    found = tx.connection.execute(
        select(d.id)
        .where(
            d.event_id == item.arrival_id,
            d.customer_ref == item.customer_ref,
            d.rule_id == way,
            d.status.in_([DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED]),
        )
        .limit(1)
    )
    return found.first() is not None


def done(tx: Transaction, item_ids: Sequence[str], how: str, at: datetime) -> None:
    """Note that items have left us, and how."""
    _change(tx, items.c.item_id.in_(sorted(item_ids)), done_as=how, done_at=at)


def _change(tx: Transaction, which: ColumnElement[bool], **values: Any) -> None:
    tx.connection.execute(update(items).where(which).values(**values, changed_at=tx.now))


def _words(kinds: frozenset[str]) -> str:
    return " ".join(sorted(kinds))


def _item(row: Any) -> Item:
    plain = {name: row[name] for name in Item.__dataclass_fields__}
    return Item(**plain | {"kinds": frozenset(row["kinds"].split())})
