"""What is held about one customer, table by table, opened: for the copy that they may ask for.

Keyed digests are left out: nobody can read them, us included. What is not copied at all, and why,
stands in ``NOT_COPIED``; a table that is in neither list fails the tests.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, Select, Table, select
from sqlalchemy.engine import RowMapping

from contracts.vocabulary import DisclosureStatus, Verb
from store import tables as t
from store.bulk import among
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.inbox import split_content
from store.record.ledger import salted_in
from store.rights import erased
from store.types import Sealed

_AT_ONCE = 1_000
_GONE = "(destroyed)"
_OF_HOLDS = (Verb.HOLD, Verb.LIFT_HOLD)  # they say why, as `legal_holds` in ``NOT_COPIED``
Row = RowMapping


@dataclass(frozen=True, slots=True)
class Source:
    """How the rows of a table about a customer are found, and what each sealed value's place is.

    ``key`` gives the part of the place that names the row.
    """

    table: Table
    found: Callable[[Transaction, str], Select[Any]]
    key: Callable[[Row], str] = lambda row: str(row["id"])


def _of(table: Table, key: Callable[[Row], str] | None = None) -> Source:
    """Rows that name the customer themselves."""

    def found(_: Transaction, ref: str) -> Select[Any]:
        return select(table).where(table.c.customer_ref == ref)

    return Source(table, found) if key is None else Source(table, found, key)


def _of_deliveries(table: Table) -> Source:
    def found(_: Transaction, ref: str) -> Select[Any]:
        theirs = select(t.deliveries.c.id).where(t.deliveries.c.customer_ref == ref)
        return select(table).where(table.c.delivery_id.in_(theirs))

    return Source(table, found)


def _acts(tx: Transaction, ref: str) -> Select[Any]:
    """Acts about the customer, or about a delivery or request of theirs; but of no legal hold."""
    ids = [
        str(found)
        for table in (t.deliveries, t.rights_requests)
        for found in tx.connection.execute(
            select(table.c.id).where(table.c.customer_ref == ref)
        ).scalars()
    ]
    named = select(t.act_targets.c.act_id).where(among(tx, t.act_targets.c.target, [ref, *ids]))
    return select(t.acts).where(t.acts.c.id.in_(named), t.acts.c.verb.not_in(_OF_HOLDS))


def _disclosures(_: Transaction, ref: str) -> Select[Any]:
    """What authorities were given of them, but what they must not be told of yet.

    One that was not handed over is left out: to read that an authority asks would be a tip.
    """
    d = t.disclosures.c
    given = d.status == DisclosureStatus.EXPORTED
    return select(t.disclosures).where(d.id.in_(_about(ref)), given, d.hidden.is_(False))


def _entries(_: Transaction, ref: str) -> Select[Any]:
    """What stands on record, but what they must not be told of yet."""
    g, d = t.ledger.c, t.disclosures.c
    hidden = select(d.id).where(d.id.in_(_about(ref)), d.hidden.is_(True))
    return select(t.ledger).where(g.customer_ref == ref, g.event_id.not_in(hidden))


def _rejected(tx: Transaction, ref: str) -> Select[Any]:
    """What was reported of them wrongly: it is nobody's until it is mended, and names them."""
    index = erased.index_of(tx, ref)
    return select(t.rejected_events).where(t.rejected_events.c.subject_index == index)


def _about(ref: str) -> Select[Any]:
    s = t.disclosure_subjects.c
    return select(s.disclosure_id).where(s.customer_ref == ref)


SOURCES: Final = (
    Source(
        t.customers,
        lambda _, ref: select(t.customers).where(t.customers.c.ref == ref),
        lambda row: str(row["ref"]),
    ),
    _of(t.services),
    _of(t.individuals),
    _of(t.information_requests),
    _of(t.numbers, lambda row: bytes(row["number_index"]).hex()),
    _of(
        t.destinations,
        lambda row: f"{row['customer_ref']}/{row['destination_id']}/{row['version']}",
    ),
    _of(
        t.earlier_values,
        lambda row: f"{row['customer_ref']}/{row['destination_id']}/{row['version']}",
    ),
    _of(t.rule_sets, lambda row: f"{row['customer_ref']}/{row['version']}"),
    _of(
        t.consents,
        lambda row: "/".join(
            (row["customer_ref"], row["purpose"], row["channel"], row["given_at"].isoformat())
        ),
    ),
    _of(t.events),
    Source(t.rejected_events, _rejected),
    _of(t.deliveries),
    _of_deliveries(t.attempts),
    _of_deliveries(t.legs),
    _of_deliveries(t.bounces),
    _of_deliveries(t.openings),
    Source(t.ledger, _entries),
    _of(t.replies),
    _of(t.notes),
    _of(t.correspondence),
    _of(t.notice_recipients),
    _of(t.outbox),
    _of(t.subscriptions, lambda row: f"{row['customer_ref']}/{row['subscription_id']}"),
    _of(t.payment_requests),
    _of(t.items),
    Source(
        t.custody,
        lambda _, ref: select(t.custody).where(
            t.custody.c.item_id.in_(select(t.items.c.item_id).where(t.items.c.customer_ref == ref))
        ),
    ),
    _of(t.contradictions),
    _of(t.rights_requests),
    _of(t.contests),
    _of(t.supplier_disclosures),
    _of(t.erasures_asked),
    _of(t.destructions),
    _of(t.complaints),
    Source(t.disclosures, _disclosures),
    _of(t.incident_sends),
    Source(t.acts, _acts),
)
NOT_COPIED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "identities": "opened by a privacy officer alone, who adds them: onward vault show",
        "legal_holds": "why records are kept may be a matter for a court, and not for a copy",
        "decisions": "who looked at which record; what came of it stands in the copy",
        "disclosure_subjects": "names others beside them; what they may know is in `disclosures`",
        "incidents": "what went wrong, which concerns others too; who is concerned is told",
        "transfers": "temporary files and their keys; what they were for is in `rights_requests`",
        "names": "keyed digests of the names that stand in `customers`",
        "search_terms": "keyed digests of words of the events",
        "suppressions": "keyed digests of places that stand in `destinations`",
        "texted": "keyed digests, an hour old at the most",
        "outside_entries": "keyed digests of what stands in `consents` and `destinations`",
        "erasures": "keyed digests of who was erased",
        "waits": "keyed digests of what events wait for",
        "gathered": "which events one delivery told of together; stands in `deliveries`, `events`",
        "inquiries": "our questions to providers, of which `attempts` holds the answers",
        "file_uses": "which files belong to which events; the files are in the copy",
        "blobs": "the files themselves are in the copy",
        "planning_tasks": "how far a notice to everyone has come",
        "act_targets": "ids of what `acts` were about",
        "providers": "nothing about customers",
        "data_keys": "keys",
    }
)


def everything(tx: Transaction, ref: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give each table's name, and its rows about a customer as JSON takes them."""
    for source in SOURCES:
        yield source.table.name, list(_rows(tx, source, ref))


def _rows(tx: Transaction, source: Source, ref: str) -> Iterator[dict[str, Any]]:
    sealed = [c.name for c in source.table.c if isinstance(c.type, Sealed)]
    digests = {c.name for c in source.table.c if isinstance(c.type, LargeBinary)}
    order = list(source.table.primary_key.columns)
    found = tx.connection.execute(source.found(tx, ref).order_by(*order)).mappings()
    for some in found.partitions(_AT_ONCE):
        tx.prepare_opening(row[name] for row in some for name in sealed)
        for row in some:
            plain = {n: _plain(v) for n, v in row.items() if n not in digests and n not in sealed}
            yield plain | {name: _opened(tx, source, row, name) for name in sealed}


def _opened(tx: Transaction, source: Source, row: Row, name: str) -> Any:
    if row[name] is None:
        return None
    try:
        plain = tx.open(f"{source.table.name}.{name}:{source.key(row)}", row[name])
    except (Unopenable, KeyError):
        return _GONE
    if source.table is t.events:
        head, data = split_content(plain)
        return head | {"data": json.loads(data)}
    if source.table is t.ledger:
        return [value.decode() for _, value in salted_in(plain)]
    return _read(plain.decode(errors="replace"))  # a rejected event may be anything


def _read(text: str) -> Any:
    """What a value says: our own JSON objects and lists read, and somebody's words as they are."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
