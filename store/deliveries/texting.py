"""Has a number had as many texts as it may, and when is there room for one more?

UK networks block a number that gets 20 texts alike or 100 of any kind within an hour. What a number
was lately sent is counted in the transaction that claims more for it, and its row is locked from
the count to the commit: two workers that both find room for one would otherwise both send.

What is counted is what was claimed, once for each delivery however often it is tried, and again
where an earlier try may have gone out. So a text that its provider refused counts, too: rather one
too few than one too many.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from contracts.planning import NETWORK_MOST, TextLimits
from contracts.vocabulary import Lane
from store import bulk
from store.engine import Transaction
from store.tables import texted

_PACKED = struct.Struct(">16sq8s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TURNS = {lane: turn for turn, lane in enumerate((Lane.LIVE, Lane.URGENT, Lane.ROUTINE, Lane.BULK))}


@dataclass(frozen=True, slots=True)
class Text:
    """A text that wants to go: to which number, and what it says (as a keyed digest)."""

    delivery_id: UUID
    value_index: bytes
    said: bytes
    lane: Lane
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A text that was claimed, for whichever delivery."""

    delivery_id: UUID
    at: datetime
    said: bytes


def digest(tx: Transaction, said: str) -> bytes:
    """Digest what a text says, so that whoever sees the digest cannot guess it."""
    return tx.store.root.index("text", said)[:8]


def take_turns(
    tx: Transaction, texts: Sequence[Text], limits: TextLimits
) -> Mapping[UUID, datetime]:
    """Count in those that have room now; give when there is room for each of the others.

    What is urgent goes first. Those that wait for one number are given times one after the other.
    """
    if not texts:
        return {}
    since = tx.now - timedelta(seconds=limits.seconds)
    past = _locked(tx, {text.value_index for text in texts}, since)
    lines = {number: list(lately) for number, lately in past.items()}
    waiting: dict[UUID, datetime] = {}
    for text in sorted(texts, key=lambda one: (_TURNS[one.lane], one.delivery_id)):
        had = _without_itself(past[text.value_index], text)
        line = _without_itself(lines[text.value_index], text)
        at = tx.now
        if opening(had, text, limits, tx.now) > tx.now:
            at = waiting[text.delivery_id] = opening(line, text, limits, tx.now)
        else:
            past[text.value_index] = [*had, Past(text.delivery_id, at, text.said)]
        lines[text.value_index] = [*line, Past(text.delivery_id, at, text.said)]
    _keep(tx, past)
    return waiting


def opening(past: Iterable[Past], text: Text, limits: TextLimits, now: datetime) -> datetime:
    """Give the first moment, from ``now`` on, at which one more text may go to the number."""
    most, alike = limits.of(text.lane)
    times = sorted((one.at, one.said) for one in past)
    within = timedelta(seconds=limits.seconds)
    wanted = [now]
    for room, counted in (
        (most, [at for at, _ in times]),
        (alike, [at for at, said in times if said == text.said]),
    ):
        if len(counted) >= room:
            wanted.append(counted[-room] + within)
    return max(wanted)


def _without_itself(past: Sequence[Past], text: Text) -> list[Past]:
    """Leave out an earlier claim of the very delivery, unless that one may have been sent."""
    if text.marked:
        return list(past)
    return [one for one in past if one.delivery_id != text.delivery_id]


def _locked(tx: Transaction, numbers: Iterable[bytes], since: datetime) -> dict[bytes, list[Past]]:
    """Lock the numbers' rows, made where missing, in their order; give what each had since."""
    ordered = sorted(numbers)
    fresh = [{"value_index": number, "recent": b""} for number in ordered]
    bulk.insert_rows(tx, texted, fresh, skip_existing=True)
    rows = tx.connection.execute(
        select(texted)
        .where(bulk.among(tx, texted.c.value_index, ordered))
        .order_by(texted.c.value_index)
        .with_for_update()
    )
    return {
        bytes(row.value_index): [one for one in _unpack(row.recent) if one.at > since]
        for row in rows
    }


def _keep(tx: Transaction, past: Mapping[bytes, Sequence[Past]]) -> None:
    rows = [
        {"value_index": number, "recent": _pack(past[number][-NETWORK_MOST:])}
        for number in sorted(past)
    ]
    bulk.update_rows(tx, texted, ["value_index"], rows)


def _pack(past: Sequence[Past]) -> bytes:
    return b"".join(
        _PACKED.pack(one.delivery_id.bytes, (one.at - _EPOCH) // _MICROSECOND, one.said)
        for one in past
    )


def _unpack(packed: bytes) -> list[Past]:
    return [
        Past(UUID(bytes=delivery_id), _EPOCH + at * _MICROSECOND, said)
        for delivery_id, at, said in _PACKED.iter_unpack(packed)
    ]
