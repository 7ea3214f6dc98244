"""How is all that is held about one customer erased?

Rows go, keys are destroyed, and of the ledger, whose chain must still verify, what is sealed goes:
the digests that its leaves commit to are salted, and the salts are destroyed with the rest. What
is kept, and why, stands in ``KEPT``; a table that is in neither list fails the tests.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, or_, select, update

from contracts.vocabulary import DeliveryStatus, Retention
from store import bulk
from store import tables as t
from store.customers.consenting import suppress_for_good
from store.encryption.vault import evidence_place
from store.engine import Transaction
from store.files import blob_path
from store.rights import destroying, forgetting_acts
from store.rights.transfers import leave_to_sweep, stored_of

UNDER_WAY: Final = (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)
UNSETTLED: Final = (DeliveryStatus.PENDING, *UNDER_WAY)

# Rows that name the customer themselves.
OF_CUSTOMER: Final[tuple[Table, ...]] = (
    t.services,
    t.numbers,
    t.names,
    t.destinations,
    t.earlier_values,
    t.rule_sets,
    t.consents,
    t.individuals,
    t.information_requests,
    t.notice_recipients,
    t.gathered,
    t.replies,
    t.notes,
    t.correspondence,
    t.outbox,
    t.subscriptions,
    t.payment_requests,
    t.contradictions,
    t.contests,
    t.supplier_disclosures,
    t.legal_holds,
    t.transfers,
)
OF_DELIVERIES: Final[tuple[Table, ...]] = (
    t.attempts,
    t.inquiries,
    t.legs,
    t.bounces,
    t.openings,
)
OF_EVENTS: Final[tuple[Table, ...]] = (t.search_terms, t.waits, t.file_uses)
# Erased in ways of their own, below.
OTHERWISE: Final[tuple[Table, ...]] = (
    t.identities,
    t.customers,
    t.events,
    t.deliveries,
    t.items,
    t.custody,
    t.ledger,
    t.texted,
    t.rejected_events,
    t.blobs,
    t.data_keys,
)
KEPT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "suppressions": "a keyed digest alone, so that nothing is ever sent there again",
        "outside_entries": "keyed digests alone, until the register outside has them",
        "erasures": "a keyed digest alone, so that nothing brings them back",
        "acts": "who did what; why is erased",
        "act_targets": "ids alone",
        "destructions": "that their time was over, and what went",
        "erasures_asked": "which processors were asked to erase, and that they confirmed it",
        "rights_requests": "that they asked, and when; their words went with the key",
        "planning_tasks": "a reference alone, how far a notice has come",
        "complaints": "that they complained, and when; their words went with the key",
        "decisions": "ids alone",
        "disclosures": "that an authority was given something, and what the law had us give",
        "disclosure_subjects": "a reference alone: whom that was about",
        "incidents": "what went wrong, under a key of its own",
        "incident_sends": "ids alone",
        "providers": "nothing about customers",
    }
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: how many rows, and the paths of files that nothing refers to any more."""

    rows: int
    files: tuple[str, ...]


def known_refs(tx: Transaction) -> list[str]:
    """Give every reference that anything is held of; for finding out who came back."""
    found: set[str] = set(tx.connection.execute(select(t.customers.c.ref)).scalars())
    for table in (*OF_CUSTOMER, t.events, t.deliveries, t.identities):
        column = table.c.customer_ref
        found |= {ref for ref in tx.connection.execute(select(column).distinct()).scalars() if ref}
    return sorted(found)


def standing(tx: Transaction, ref: str) -> tuple[bool, bool]:
    """Whether a customer is known, and whether a service of theirs has ever begun."""
    c = t.customers.c
    row = tx.connection.execute(select(c.started_at).where(c.ref == ref)).first()
    return row is not None, row is not None and row.started_at is not None


def classes_held(tx: Transaction, ref: str) -> tuple[Retention, ...]:
    """Give the classes of records kept of a customer: those whose key was not destroyed.

    Identity data have the vault's, and are asked for by their rows: few have any.
    """
    k, i = t.data_keys.c, t.identities.c
    keys = select(k.retention).where(k.owner == ref, k.destroyed_at.is_(None))
    held = set(tx.connection.execute(keys).scalars())
    if tx.connection.execute(select(i.id).where(i.customer_ref == ref).limit(1)).first():
        held.add(Retention.IDENTITY)
    return tuple(one for one in Retention if one in held)


def erase_spare(tx: Transaction, ref: str, wanted: Collection[str]) -> int:
    """Erase of a customer what serves nothing that must be kept: consents, and spare places.

    Spare is what is out of use, and what is not ``wanted``, unless something is on its way there.
    """
    destroying.allow(tx)
    suppress_for_good(tx, ref)
    d, s, i, v = t.destinations.c, t.deliveries.c, t.items.c, t.earlier_values.c
    sent_there = exists().where(
        s.customer_ref == ref, s.destination_id == d.destination_id, s.status.in_(UNSETTLED)
    )
    posted_there = exists().where(
        i.customer_ref == ref, i.destination_id == d.destination_id, i.done_at.is_(None)
    )
    unwanted = d.destination_id.not_in(sorted(wanted)) & ~sent_there & ~posted_there
    spare = (d.customer_ref == ref) & (d.removed_at.is_not(None) | unwanted)
    names = list(tx.connection.execute(select(d.destination_id).where(spare)).scalars())
    of_spare = (v.customer_ref == ref) & v.destination_id.in_(names)
    gone = _delete(tx, t.earlier_values, of_spare)
    gone += _delete(tx, t.consents, t.consents.c.customer_ref == ref)
    gone += _delete(tx, t.destinations, (d.customer_ref == ref) & d.destination_id.in_(names))
    c = t.customers.c
    tx.connection.execute(update(t.customers).where(c.ref == ref).values(revision=c.revision + 1))
    return gone


def under_way(tx: Transaction, ref: str) -> int:
    """Count what is being sent to a customer right now, or may have been."""
    d = t.deliveries.c
    counted = select(func.count()).select_from(t.deliveries)
    where = (d.customer_ref == ref, d.status.in_(UNDER_WAY))
    return int(tx.connection.execute(counted.where(*where)).scalar_one())


def erase(tx: Transaction, ref: str, ref_index: bytes, awaited: list[bytes]) -> Erased:
    """Erase all that is held about a customer, who must be held alone by the caller.

    ``awaited`` are the keyed names that events of theirs may wait for.
    """
    suppress_for_good(tx, ref)
    destroying.allow(tx)
    e = t.events.c
    waiting = select(t.waits.c.event_id).where(t.waits.c.awaits.in_(awaited))
    events = select(e.id).where(or_(e.customer_ref == ref, e.id.in_(waiting)))
    event_ids = list(tx.connection.execute(events).scalars())
    rows = 0
    of_customer = select(t.deliveries.c.id).where(t.deliveries.c.customer_ref == ref)
    for table in OF_DELIVERIES:
        rows += _delete(tx, table, table.c.delivery_id.in_(of_customer))
    rows += _delete(tx, t.texted, t.texted.c.value_index.in_(_indexes_of(ref)))
    of_items = select(t.items.c.item_id).where(t.items.c.customer_ref == ref)
    rows += _delete(tx, t.custody, t.custody.c.item_id.in_(of_items))
    identities, files = delete_identities(tx, ref)
    files += stored_of(tx, ref)
    leave_to_sweep(tx, ref)
    for table in (*OF_CUSTOMER, t.items, t.deliveries):
        rows += _delete(tx, table, table.c.customer_ref == ref)
    theirs, more = delete_events(tx, event_ids)
    rows += identities + theirs + delete_rejected(tx, [ref_index])
    rows += _delete(tx, t.customers, t.customers.c.ref == ref)
    tx.connection.execute(
        update(t.ledger).where(t.ledger.c.customer_ref == ref).values(personal=None)
    )
    forgetting_acts.silence(tx, ref)
    destroy_keys(tx, ref)
    return Erased(rows, files + more)


def delete_events(tx: Transaction, event_ids: Sequence[UUID]) -> tuple[int, tuple[str, ...]]:
    """Delete events with all that hangs on them; give how many rows, and files nobody uses now."""
    used = select(t.file_uses.c.sha256).where(bulk.among(tx, t.file_uses.c.event_id, event_ids))
    files = sorted(set(tx.connection.execute(used).scalars()))
    rows = sum(_delete(tx, one, bulk.among(tx, one.c.event_id, event_ids)) for one in OF_EVENTS)
    rows += _delete(tx, t.events, bulk.among(tx, t.events.c.id, event_ids))
    still = select(t.file_uses.c.sha256).where(bulk.among(tx, t.file_uses.c.sha256, files))
    kept = set(tx.connection.execute(still).scalars())
    gone = [one for one in files if one not in kept]
    rows += _delete(tx, t.blobs, bulk.among(tx, t.blobs.c.sha256, gone))
    return rows, tuple(blob_path(one) for one in gone)


def delete_identities(tx: Transaction, ref: str) -> tuple[int, tuple[str, ...]]:
    """Delete what the vault holds of a customer; give how many rows, and the copies that go."""
    i = t.identities.c
    copies = select(i.id).where(i.customer_ref == ref, i.moved_at.is_not(None))
    files = tuple(evidence_place(one) for one in tx.connection.execute(copies).scalars())
    return _delete(tx, t.identities, i.customer_ref == ref), files


def delete_rejected(tx: Transaction, ref_indexes: Sequence[bytes]) -> int:
    """Delete rejected events of these customers, by their keyed digests."""
    r = t.rejected_events
    return _delete(tx, r, bulk.among(tx, r.c.subject_index, ref_indexes))


def destroy_keys(tx: Transaction, ref: str, retention: Retention | None = None) -> None:
    """Destroy a customer's keys, or that of one class: no copy of a row opens any more."""
    k = t.data_keys.c
    which = [] if retention is None else [k.retention == retention]
    tx.connection.execute(
        update(t.data_keys)
        .where(k.owner == ref, k.destroyed_at.is_(None), *which)
        .values(wrapped=None, destroyed_at=tx.now)
    )
    tx.after_commit.append(lambda: tx.store.forget_keys(ref))


def forget_that_keys_were(tx: Transaction, ref: str) -> None:
    """Let somebody who was forgotten, and not erased, come back one day with keys anew."""
    tx.connection.execute(delete(t.data_keys).where(t.data_keys.c.owner == ref))


def _indexes_of(ref: str) -> Select[tuple[bytes]]:
    return select(t.destinations.c.value_index).where(t.destinations.c.customer_ref == ref)


def _delete(tx: Transaction, table: Table, which: ColumnElement[bool]) -> int:
    return int(tx.connection.execute(delete(table).where(which)).rowcount)
