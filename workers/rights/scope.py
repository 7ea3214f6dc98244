"""What of somebody's records may an authority be given? What is in scope, and not a field more.

Pure: records in, records out. A scope names tables of the copy, and their fields; of what has a
time it takes only what lies within the period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from store.rights.copying import SOURCES
from store.rights.disclosures import Asked

FILES: Final = "files"  # the scans and documents of the events in scope
# When a record is of; what is in none of these two lists fails the tests.
WHEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acts": "at",
        "attempts": "started_at",
        "bounces": "at",
        "complaints": "received_at",
        "consents": "given_at",
        "contests": "since",
        "contradictions": "at",
        "correspondence": "at",
        "custody": "at",
        "deliveries": "planned_at",
        "earlier_values": "replaced_at",
        "erasures_asked": "asked_at",
        "events": "received_at",
        "ledger": "settled_at",
        "legs": "accepted_at",
        "notes": "at",
        "notice_recipients": "planned_at",
        "openings": "at",
        "outbox": "at",
        "payment_requests": "requested_at",
        "rejected_events": "received_at",
        "replies": "received_at",
        "rights_requests": "received_at",
        "rule_sets": "set_at",
        "supplier_disclosures": "at",
        "destructions": "destroyed_at",
        "items": "received_at",
        "information_requests": "decided_at",
    }
)
# Of no time: who somebody is and how they are reached, as it stands.
STANDING: Final = frozenset({"customers", "destinations", "numbers", "services", "subscriptions"})
# What we did about them, or gave another authority, is no record of theirs to disclose; and whose
# identity was checked is for the vault's officer, and for no other purpose.
NEVER: Final = frozenset({"disclosures", "incident_sends", "individuals"})
_COLUMNS = {source.table.name: frozenset(source.table.c.keys()) for source in SOURCES}
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """One table in scope, with the paths of its fields; none means all of them."""

    table: str
    fields: tuple[str, ...] = ()


class ScopeError(ValueError):
    """A scope that names what there is not; the text says which, and what there is."""


def read_scope(records: Sequence[str]) -> list[Part]:
    """Read what is in scope. Raises ``ScopeError``."""
    if not records:
        raise ScopeError("name what is in scope: --records ledger, or events:received_at")
    return [_part(one) for one in records]


def in_scope(tables: Mapping[str, Rows], asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """Give of somebody's records those in scope, with the fields in scope."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in read_scope(asked.records):
        if part.table != FILES:
            rows = _within(tables, part.table, asked)
            found.setdefault(part.table, []).extend(_picked(row, part) for row in rows)
    return found


def with_files(tables: Mapping[str, Rows], asked: Asked) -> list[dict[str, Any]]:
    """Give the events in scope whose scans and documents are in scope too."""
    wanted = any(part.table == FILES for part in read_scope(asked.records))
    return [dict(row) for row in _within(tables, "events", asked)] if wanted else []


def _part(text: str) -> Part:
    table, _, named = text.partition(":")
    if table == FILES and not named:
        return Part(FILES)
    if table not in _COLUMNS or table in NEVER:
        known = ", ".join([*sorted(_COLUMNS.keys() - NEVER), FILES])
        raise ScopeError(f"records: {table} is none that can be disclosed; there are {known}")
    fields = tuple(one for one in named.split(",") if one)
    for one in fields:
        if one.partition(".")[0] not in _COLUMNS[table]:
            known = ", ".join(sorted(_COLUMNS[table]))
            raise ScopeError(f"records: {table} has no field {one}; it has {known}")
    return Part(table, fields)


def _within(tables: Mapping[str, Rows], table: str, asked: Asked) -> Iterator[Mapping[str, Any]]:
    for row in tables.get(table, ()):
        if table == "events" and asked.event_types and row["type"] not in asked.event_types:
            continue
        if table == "ledger" and row["purpose"] == "disclosure":
            continue
        if table in STANDING or _is_of(row[WHEN[table]], asked):
            yield row


def _is_of(when: str | None, asked: Asked) -> bool:
    if when is None:  # nothing says that it was there when they asked
        return False
    at = datetime.fromisoformat(when)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (asked.since is None or asked.since <= at) and (asked.until is None or at < asked.until)


def _picked(row: Mapping[str, Any], part: Part) -> dict[str, Any]:
    if not part.fields:
        return dict(row)
    return {path: _at(row, path) for path in part.fields}


def _at(row: Mapping[str, Any], path: str) -> object:
    found: object = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
