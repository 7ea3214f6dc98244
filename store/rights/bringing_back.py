"""How does a restored database learn who opted out since its backup? From the register outside.

What was said later counts: nothing is done over again that this database knows of already.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contracts.vocabulary import Channel, Purpose, Reason, SuppressedBy
from store.customers import consenting
from store.customers.changes import touch, upsert
from store.engine import Transaction
from store.rights import erased, erasing, objections
from store.rights.outside import OBJECTED, PLACES, WITHDRAWN, Entry
from store.tables import suppressions

_HOW = "known from the register outside, after a restore"


def whose(tx: Transaction) -> dict[bytes, str]:
    """Give every reference that anything is held of, by its keyed digest."""
    return {erased.index_of(tx, ref): ref for ref in erasing.known_refs(tx)}


def bring_back(tx: Transaction, entry: Entry, refs: Mapping[bytes, str]) -> int:
    """Do what an entry says, where this database does not have it; give how much that was."""
    said, done = json.loads(entry.content), 0
    for place in said.get(PLACES, ()):
        done += _bar(tx, place, entry.at)
    if withdrawn := said.get(WITHDRAWN):
        ref = refs.get(bytes.fromhex(withdrawn["customer"]))
        if ref is not None:
            purpose, channel = Purpose(withdrawn["purpose"]), Channel(withdrawn["channel"])
            at = datetime.fromisoformat(withdrawn["at"])
            done += consenting.end_consents(tx, ref, purpose, channel, at, _HOW, given_by=entry.at)
            touch(tx, ref)
    if objected := said.get(OBJECTED):
        ref = refs.get(bytes.fromhex(objected["customer"]))
        if ref is not None and not objections.has_objected(tx, ref):
            objections.stop_interests(tx, ref)
            done += 1
    return done


def _bar(tx: Transaction, place: dict[str, Any], told_at: datetime) -> int:
    """Have a place stand as it did: barred, or let be used again."""
    s = suppressions.c
    since, lifted_at = _instant(place["since"]), _instant(place["lifted_at"])
    row = {
        "value_index": bytes.fromhex(place["place"]),
        "purpose": Purpose(place["purpose"]),
        "reason": Reason(place["reason"]),
        "set_by": None if place["set_by"] is None else SuppressedBy(place["set_by"]),
        "since": since,
        "lifted_at": lifted_at,
    }
    now = tx.connection.execute(
        select(s.since, s.lifted_at, s.set_by).where(
            s.value_index == row["value_index"], s.purpose == row["purpose"]
        )
    ).first()
    if now is not None and max(now.since, now.lifted_at or now.since) > told_at:
        return 0
    if now is not None and tuple(now) == (since, lifted_at, row["set_by"]):
        return 0
    upsert(tx, suppressions, row, ["value_index", "purpose"])
    return 1


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
