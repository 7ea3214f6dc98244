"""How events are kept: once each by (source, id), waiting where something is missing, or rejected.

The content of an event is sealed: under its customer's key, or, while nobody knows whose it is,
under a key of its own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update

from contracts.events import TYPES
from contracts.vocabulary import EventStatus, Service
from store import bulk
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.ids import read_id
from store.rights import erased, untouched
from store.tables import events, rejected_events, search_terms, waits
from store.types import SealedBytes


@dataclass(frozen=True, slots=True)
class Known:
    """An event that is here already."""

    id: UUID
    digest: bytes
    status: EventStatus
    publisher: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it was stored, its content open."""

    id: UUID
    source: str
    event_id: str
    type: str
    publisher: str
    customer_ref: str | None
    status: EventStatus
    received_at: datetime
    service: Service | None
    head: Mapping[str, Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """What an event needs next, and until when that is nobody's worry."""

    event_id: UUID
    awaits: bytes
    kind: str
    limit_at: datetime
    told: str | None


@dataclass(frozen=True, slots=True)
class Named:
    """What an event that breaks its contract called itself, as far as that could be read."""

    source: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    subject: str | None = None


def known(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """Find which of (source, id) are here already."""
    if not pairs:
        return {}
    e = events
    columns = (e.c.id, e.c.source, e.c.event_id, e.c.digest, e.c.status, e.c.publisher)
    if tx.postgresql:
        rows = tx.connection.exec_driver_sql(
            "SELECT e.id, e.source, e.event_id, e.digest, e.status, e.publisher FROM events e"
            " JOIN unnest(%s::text[], %s::text[]) AS v(s, i)"
            " ON e.source = v.s AND e.event_id = v.i",
            ([s for s, _ in pairs], [i for _, i in pairs]),
        ).all()
    else:
        rows = list(
            tx.connection.execute(
                select(*columns).where(tuple_(e.c.source, e.c.event_id).in_(list(pairs)))
            )
        )
    return {
        (row[1], row[2]): Known(row[0], bytes(row[3]), EventStatus(row[4]), row[5]) for row in rows
    }


def content(
    tx: Transaction,
    event_id: UUID,
    event_type: str,
    owner: str | None,
    head: Mapping[str, Any],
    data: bytes,
) -> SealedBytes:
    """Seal an event's content: a line of JSON (subject, extensions), then its data.

    For as long as what its type tells of is kept.
    """
    plain = json.dumps(dict(head), separators=(",", ":")).encode() + b"\n" + data
    return tx.seal(owner, f"events.content:{event_id}", plain, TYPES[event_type].retention)


def split_content(plain: bytes) -> tuple[dict[str, Any], bytes]:
    """Take an opened content apart again."""
    head, _, data = plain.partition(b"\n")
    return json.loads(head), data


def add_events(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events. One that another transaction took in meanwhile raises ``IntegrityError``.

    By their names' order: two intakes that hold the same events would else deadlock.
    """
    bulk.insert_rows(tx, events, sorted(rows, key=lambda row: (row["source"], row["event_id"])))


def take_up(
    tx: Transaction,
    kept: Kept,
    customer_ref: str | None,
    rules_version: int | None,
    status: EventStatus,
    service: Service | None = None,
) -> None:
    """Note that a waiting event's wait is over; its content now belongs to its customer."""
    sealed = content(tx, kept.id, kept.type, customer_ref, kept.head, kept.data)
    tx.connection.execute(
        update(events)
        .where(events.c.id == kept.id)
        .values(
            status=status,
            customer_ref=customer_ref,
            rules_version=rules_version,
            service=service,
            content=sealed,
        )
    )
    tx.connection.execute(delete(waits).where(waits.c.event_id == kept.id))


def forget_refused(tx: Transaction, event_id: UUID) -> None:
    """Free the name of an event that was refused after waiting; it stays among the rejected."""
    tx.connection.execute(
        delete(events).where(events.c.id == event_id, events.c.status == EventStatus.REFUSED)
    )
    tx.connection.execute(delete(search_terms).where(search_terms.c.event_id == event_id))


def customer_name(ref: str) -> str:
    """The name by which a customer's record is locked, and waited for."""
    return f"customer:{ref}"


def name_digest(tx: Transaction, name: str) -> bytes:
    """The keyed digest under which a name is locked and waited for."""
    return tx.store.index("awaits", name)


def owner_of_event(tx: Transaction, source: str, event_id: str) -> str | None:
    """Give whose an event is; none where it is nobody's, not known yet, or a notice to everyone."""
    found = select(events.c.customer_ref).where(
        events.c.source == source, events.c.event_id == event_id
    )
    return tx.connection.execute(found).scalar()


def withdraw(tx: Transaction, event_id: UUID) -> None:
    """Note that an event was taken back; its claims see it."""
    tx.connection.execute(
        update(events).where(events.c.id == event_id).values(status=EventStatus.WITHDRAWN)
    )


def load(tx: Transaction, event_ids: Iterable[UUID]) -> list[Kept]:
    """Give events with their content, in the order in which they came; what does not open is not.

    One such event must not keep all that is looked at with it from going on.
    """
    rows = tx.connection.execute(
        select(events).where(events.c.id.in_(sorted(event_ids))).order_by(events.c.id)
    ).all()
    tx.prepare_opening(row.content for row in rows)
    kept = []
    for row in rows:
        try:
            head, data = split_content(tx.open(f"events.content:{row.id}", row.content))
        except (Unopenable, KeyError):
            continue
        kept.append(
            Kept(
                row.id,
                row.source,
                row.event_id,
                row.type,
                row.publisher,
                row.customer_ref,
                row.status,
                row.received_at,
                row.service,
                head,
                data,
            )
        )
    return kept


def named(tx: Transaction, name: str, source: str | None = None) -> list[UUID]:
    """Give the events that a name means: our id of one, or its publisher's, of one source or any.

    A publisher's id may stand for several events, each of another source.
    """
    e = events.c
    own = read_id(name) if source is None else None
    wanted = [e.event_id == name] if own is None else [or_(e.id == own, e.event_id == name)]
    if source is not None:
        wanted.append(e.source == source)
    return list(tx.connection.execute(select(e.id).where(*wanted).order_by(e.id)).scalars())


def put_waits(tx: Transaction, rows: Sequence[Wait]) -> None:
    """Note what events wait for; an event waits for one thing at a time."""
    ids = [row.event_id for row in rows]
    if ids:
        tx.connection.execute(delete(waits).where(bulk.among(tx, waits.c.event_id, ids)))
    bulk.insert_rows(
        tx,
        waits,
        [
            {
                "event_id": row.event_id,
                "awaits": row.awaits,
                "kind": row.kind,
                "told": row.told,
                "since": tx.now,
                "limit_at": row.limit_at,
            }
            for row in rows
        ],
    )


def waiting_for(tx: Transaction, names: Iterable[bytes], limit: int) -> list[UUID]:
    """Give events that wait for any of some things, in the order in which they came."""
    return list(
        tx.connection.execute(
            select(waits.c.event_id)
            .where(bulk.among(tx, waits.c.awaits, sorted(set(names))))
            .order_by(waits.c.event_id)
            .limit(limit)
        ).scalars()
    )


def some_awaited(tx: Transaction, limit: int = 100) -> list[bytes]:
    """Give some of the names that events wait for, by chance, for upkeep to look at again."""
    names = select(waits.c.awaits).distinct().subquery()
    return list(
        tx.connection.execute(select(names.c.awaits).order_by(func.random()).limit(limit)).scalars()
    )


def wait_of(tx: Transaction, event_id: UUID) -> Wait | None:
    """Give what an event waits for."""
    row = tx.connection.execute(select(waits).where(waits.c.event_id == event_id)).first()
    if row is None:
        return None
    return Wait(row.event_id, row.awaits, row.kind, row.limit_at, row.told)


def reject(
    tx: Transaction,
    *,
    publisher: str,
    route: str,
    problems: Sequence[Mapping[str, str]],
    body: bytes | None,
    named: Named,
) -> UUID:
    """Keep an event that breaks its contract. ``body`` is none where it must not be kept."""
    row_id = tx.new_id()
    sealed = None if body is None else tx.seal(None, f"rejected_events.body:{row_id}", body)
    row = {
        "id": row_id,
        "publisher": publisher,
        "source": named.source,
        "event_id": named.event_id,
        "type": named.event_type,
        "route": route,
        "problems": json.dumps([dict(p) for p in problems]),
        "subject_index": None if named.subject is None else erased.index_of(tx, named.subject),
        "body": sealed,
        "received_at": tx.now,
    }
    bulk.insert_rows(tx, rejected_events, [row])
    return row_id


def forget(tx: Transaction, closed_before: datetime) -> int:
    """Delete rejected events that were taken in anew or dismissed before an instant.

    What names somebody whose records are left alone stays.
    """
    r = rejected_events.c
    named = bulk.among(tx, r.subject_index, untouched.indexes(tx))
    theirs = r.subject_index.is_not(None) & named
    gone = delete(rejected_events).where(r.closed_at < closed_before, ~theirs)
    return int(tx.connection.execute(gone).rowcount)


def add_terms(tx: Transaction, terms: Iterable[tuple[str, UUID]]) -> None:
    """Make events findable by their terms, kept as keyed digests alone."""
    root = tx.store.root
    given = set(terms)
    digests = {term: root.term(term) for term in {term for term, _ in given}}
    # Sorted by the digest alone, for the index: nobody else can write the terms of these events.
    rows = sorted(((digests[term], event_id) for term, event_id in given), key=itemgetter(0))
    bulk.insert_rows(
        tx,
        search_terms,
        [{"term": term, "event_id": event_id} for term, event_id in rows],
        skip_existing=True,
    )


def find_by_terms(tx: Transaction, terms: Sequence[str], limit: int) -> list[UUID]:
    """Give the events that have all of some terms, the newest first."""
    found: set[UUID] | None = None
    for term in terms:
        ids = set(
            tx.connection.execute(
                select(search_terms.c.event_id).where(
                    search_terms.c.term == tx.store.root.term(term)
                )
            ).scalars()
        )
        found = ids if found is None else found & ids
    return sorted(found or (), reverse=True)[:limit]
