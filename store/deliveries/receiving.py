"""How a provider's later word is kept: the attempt always, the delivery where it says more.

Receipts come late, twice and out of order, and some before the provider's own answer is on
record. Each names the attempt it is about; it changes the delivery only while that attempt is the
delivery's last, and never back to an earlier word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from contracts.costs import Cost
from contracts.rule_words import Acknowledge
from contracts.vocabulary import DeliveryStatus, Reason
from store import bulk
from store.deliveries.transitions import Move, entries, move
from store.engine import Transaction
from store.record import ledger
from store.tables import attempts, deliveries

BY_RECEIPT = "receipt"  # the verdict of an attempt whose own answer never came

_S = DeliveryStatus
_NO_ANSWER = frozenset({None, "unknown"})
_WAS_SENT = frozenset({BY_RECEIPT, "accepted"})
_UNSETTLED = frozenset({_S.SENDING, _S.UNCERTAIN, _S.PARKED})


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider says of one attempt, under its ``reference`` for it.

    ``overrules`` lets a word of higher rank stand against an earlier `undelivered`; one that
    ``acknowledges`` is the customer's own, who sent back a code. ``cost`` is
    what the provider charged for it, where it has said so by then.
    """

    delivery_id: UUID
    attempt: int
    to: DeliveryStatus
    reason: Reason
    detail: str | None = None
    reference: str | None = None
    overrules: bool = False
    acknowledges: bool = False
    cost: Cost | None = None


class Told(StrEnum):
    """What a word meant to us."""

    CHANGED = "changed"
    NOTHING_NEW = "nothing_new"
    UNKNOWN = "unknown"  # there is no such delivery, or it was never tried so often


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one word; ``row`` is the delivery as it now is, where it changed."""

    told: Told
    row: dict[str, Any] | None = None


def receive(tx: Transaction, words: Sequence[Word]) -> list[Received]:
    """Keep words and apply those that say more; an answer for each, in order.

    Words about one delivery are applied in the order in which they stand.
    """
    answers: list[Received | None] = [None] * len(words)
    left = list(enumerate(words))
    while left:
        now: dict[UUID, tuple[int, Word]] = {}
        later = []
        for place, word in left:
            if word.delivery_id in now:
                later.append((place, word))
            else:
                now[word.delivery_id] = (place, word)
        for place, answer in _one_each(tx, list(now.values())):
            answers[place] = answer
        left = later
    return [answer for answer in answers if answer is not None]


def _one_each(tx: Transaction, words: Sequence[tuple[int, Word]]) -> list[tuple[int, Received]]:
    rows = _lock(tx, [word for _, word in words])
    known = [word for _, word in words if (word.delivery_id, word.attempt) in rows]
    _keep_evidence(tx, [(word, rows[word.delivery_id, word.attempt]) for word in known])
    groups: dict[tuple[DeliveryStatus, ...], list[Move]] = {}
    for word in known:
        row = rows[word.delivery_id, word.attempt]
        if row.fence == word.attempt:
            groups.setdefault(_open_to(word, row), []).append(_move(word, row))
    changed = {
        row["id"]: dict(row)
        for came_from, moves in groups.items()
        for row in move(tx, moves, came_from)
    }
    _keep_costs(tx, [(word, rows[word.delivery_id, word.attempt]) for word in known], changed)
    answers = []
    for place, word in words:
        if (word.delivery_id, word.attempt) not in rows:
            answers.append((place, Received(Told.UNKNOWN)))
        elif word.delivery_id in changed:
            answers.append((place, Received(Told.CHANGED, changed[word.delivery_id])))
        else:
            answers.append((place, Received(Told.NOTHING_NEW)))
    return answers


def _lock(tx: Transaction, words: Sequence[Word]) -> dict[tuple[UUID, int], Row[Any]]:
    """Give each word's delivery with the attempt that the word is about."""
    d, a = deliveries, attempts
    wanted = {(word.delivery_id, word.attempt) for word in words}
    found: Sequence[Any] = tx.connection.execute(
        select(
            d.c.id,
            d.c.fence,
            d.c.status,
            d.c.reason,
            d.c.acknowledge,
            a.c.fence.label("attempt"),
            a.c.reference,
            a.c.started_at,
            a.c.settled_at,
            a.c.verdict,
            a.c.provider,
            a.c.price,
        )
        .join(a, and_(a.c.delivery_id == d.c.id))
        .where(
            d.c.id.in_(sorted({delivery_id for delivery_id, _ in wanted})),
            a.c.fence.in_(sorted({attempt for _, attempt in wanted})),
        )
        .order_by(d.c.id)
        .with_for_update(of=d)
    ).all()
    return {(row.id, row.attempt): row for row in found if (row.id, row.attempt) in wanted}


def _keep_evidence(tx: Transaction, known: Sequence[tuple[Word, Row[Any]]]) -> None:
    """Note on attempts that nobody answered for that the provider had them after all."""
    fresh = sorted(
        ((word, row) for word, row in known if row.reference is None),
        key=lambda pair: pair[0].delivery_id,
    )
    for named in (True, False):  # a bounce does not know the provider's reference
        bulk.update_rows(
            tx,
            attempts,
            ["delivery_id", "fence"],
            [
                {
                    "delivery_id": word.delivery_id,
                    "fence": word.attempt,
                    "settled_at": row.settled_at or tx.now,
                    "verdict": BY_RECEIPT if row.verdict in _NO_ANSWER else row.verdict,
                }
                | ({"reference": word.reference} if named else {})
                for word, row in fresh
                if bool(word.reference) == named
            ],
        )


def _keep_costs(
    tx: Transaction,
    known: Sequence[tuple[Word, Row[Any]]],
    changed: Mapping[UUID, Mapping[str, Any]],
) -> None:
    """Note what attempts cost, once each; on the ledger it is a later word, if it comes alone."""
    fresh = sorted(
        ((word, row) for word, row in known if word.cost is not None and row.price is None),
        key=lambda pair: pair[0].delivery_id,
    )
    if not fresh:
        return
    bulk.update_rows(
        tx,
        attempts,
        ["delivery_id", "fence"],
        [
            {
                "delivery_id": word.delivery_id,
                "fence": word.attempt,
                "price": word.cost.amount,
                "currency": word.cost.currency,
            }
            for word, _ in fresh
            if word.cost is not None
        ],
    )
    alone = {
        word.delivery_id: (word, row) for word, row in fresh if word.delivery_id not in changed
    }
    moves = {delivery_id: _move(word, row) for delivery_id, (word, row) in alone.items()}
    found = tx.connection.execute(
        select(deliveries)
        .where(bulk.among(tx, deliveries.c.id, sorted(alone)))
        .order_by(deliveries.c.id)
    ).mappings()
    priced = [{**row, **_as_priced(tx, *alone[row["id"]])} for row in found]
    ledger.append(tx, entries(tx, priced, moves))


def _as_priced(tx: Transaction, word: Word, row: Row[Any]) -> dict[str, Any]:
    """What an entry about the cost alone says otherwise than the delivery as it stands."""
    return {
        "reason": Reason.PRICED,
        "detail": None,
        "provider": row.provider,
        "reference": word.reference or row.reference,
        "changed_at": tx.now,
    }


def _open_to(word: Word, row: Row[Any]) -> tuple[DeliveryStatus, ...]:
    """From which statuses this word still says something new.

    A delivery that waits to be sent again because nobody knew of this attempt is settled by it;
    one that waits although the attempt's fate was known (an operator's replay) is not.
    """
    came_from = set(_UNSETTLED)
    if row.reference is None and row.verdict not in _WAS_SENT:  # a bounce names no reference
        came_from.add(_S.PENDING)
    if word.to is not _S.ACCEPTED:
        came_from.add(_S.ACCEPTED)
    if word.overrules:
        came_from.add(_S.UNDELIVERED)
    if word.acknowledges:  # whatever we made of it, it has arrived
        came_from |= {_S.PENDING, _S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.EXPIRED}
    elif row.reason is Reason.NOT_ACKNOWLEDGED and not _acknowledged_by(word, row):
        came_from.discard(_S.PARKED)
    return tuple(sorted(came_from))


def _acknowledged_by(word: Word, row: Row[Any]) -> bool:
    """Whether a provider's word is what the step had asked for; it may also say that all failed."""
    return row.acknowledge is not Acknowledge.CODE and word.to is not _S.ACCEPTED


def _move(word: Word, row: Row[Any]) -> Move:
    return Move(
        delivery_id=word.delivery_id,
        fence=word.attempt,
        to=word.to,
        reason=word.reason,
        detail=word.detail,
        provider=row.provider,
        reference=word.reference,
        cost=word.cost if row.price is None else None,
        attempted_at=row.started_at,
        acknowledged=word.acknowledges,
    )
