"""What is known of customers: the readings that planning and people need.

A reading is kept by the process for as long as the customer's ``revision`` stands; every change
(``store.customers.changes``) raises it.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_

from contracts.planning import Customer, Destination
from contracts.rules import RuleSet
from contracts.vocabulary import CustomerKind, DestinationKind, Purpose, Service
from store import bulk
from store.customers import identity
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.tables import (
    consents,
    customers,
    destinations,
    names,
    numbers,
    rule_sets,
    services,
    suppressions,
)

_KEPT = 20_000


class Readings:
    """One process's readings of customers, by reference."""

    def __init__(self) -> None:
        self._kept: dict[str, Customer] = {}

    def load(self, tx: Transaction, refs: Collection[str]) -> dict[str, Customer]:
        """Give the customers that exist among ``refs``, each as this transaction sees it."""
        if not refs:
            return {}
        revisions = {
            row.ref: row.revision
            for row in tx.connection.execute(
                select(customers.c.ref, customers.c.revision).where(
                    bulk.among(tx, customers.c.ref, sorted(refs))
                )
            )
        }
        found = {
            ref: kept
            for ref, revision in revisions.items()
            if (kept := self._kept.get(ref)) is not None and kept.revision == revision
        }
        stale = sorted(revisions.keys() - found.keys())
        if stale:
            read = _read(tx, stale)
            found.update(read)
            # Only what is committed may be kept: this transaction may yet be rolled back.
            tx.after_commit.append(lambda: self._keep(read))
        return found

    def kept(self, ref: str) -> Customer | None:
        """Give the last reading of a customer, which may be out of date by now."""
        return self._kept.get(ref)

    def _keep(self, read: dict[str, Customer]) -> None:
        if len(self._kept) + len(read) > _KEPT:
            self._kept.clear()
        self._kept.update(read)


def _read(tx: Transaction, refs: list[str]) -> dict[str, Customer]:
    tx.prepare_keys(refs)
    # First: what another transaction commits between these queries may make a reading newer than
    # its revision, which the next look mends, but never older, which nothing would.
    rows = tx.connection.execute(select(customers).where(customers.c.ref.in_(refs))).all()
    contracted: dict[str, set[Service]] = defaultdict(set)
    started: dict[str, set[Service]] = defaultdict(set)
    for row in tx.connection.execute(select(services).where(services.c.customer_ref.in_(refs))):
        contracted[row.customer_ref].add(row.service)
        if row.started_at is not None:
            started[row.customer_ref].add(row.service)
    places = _read_destinations(tx, refs)
    agreed = _read_consents(tx, refs)
    proven = identity.read(tx, refs)
    rules = _read_rules(tx, [(row.ref, row.rules_version) for row in rows])
    return {
        row.ref: Customer(
            ref=row.ref,
            revision=row.revision,
            time_zone=row.time_zone,
            locale=row.locale,
            registered=row.registered_at is not None,
            contracted=frozenset(contracted[row.ref]),
            started=frozenset(started[row.ref]),
            terminated_at=row.terminated_at,
            restricted=row.restricted_at is not None,
            rules=rules.get(row.ref),
            rules_version=row.rules_version,
            destinations=places[row.ref],
            consents=frozenset(agreed[row.ref]),
            kind=row.kind or CustomerKind.LEGAL_PERSON,
            individuals=proven.get(row.ref, ()),
        )
        for row in rows
    }


def _read_destinations(tx: Transaction, refs: list[str]) -> dict[str, dict[str, Destination]]:
    places: dict[str, dict[str, Destination]] = defaultdict(dict)
    for row in tx.connection.execute(
        select(destinations).where(
            destinations.c.customer_ref.in_(refs), destinations.c.removed_at.is_(None)
        )
    ):
        place = f"{row.customer_ref}/{row.destination_id}/{row.version}"
        places[row.customer_ref][row.destination_id] = Destination(
            destination_id=row.destination_id,
            kind=row.kind,
            version=row.version,
            verified=row.verified_at is not None,
            masked=tx.open(f"destinations.masked:{place}", row.masked).decode(),
            person=open_person(tx, row),
        )
    return places


def _read_consents(tx: Transaction, refs: list[str]) -> dict[str, set[Purpose]]:
    agreed: dict[str, set[Purpose]] = defaultdict(set)
    for row in tx.connection.execute(
        select(consents.c.customer_ref, consents.c.purpose).where(
            consents.c.customer_ref.in_(refs), consents.c.withdrawn_at.is_(None)
        )
    ):
        agreed[row.customer_ref].add(row.purpose)
    return agreed


def _read_rules(tx: Transaction, in_force_at: list[tuple[str, int]]) -> dict[str, RuleSet]:
    r = rule_sets.c
    in_force = select(rule_sets).where(tuple_(r.customer_ref, r.version).in_(in_force_at))
    return {row.customer_ref: _rule_set(tx, row) for row in tx.connection.execute(in_force)}


def _rule_set(tx: Transaction, row: Any) -> RuleSet:
    place = f"rule_sets.content:{row.customer_ref}/{row.version}"
    return RuleSet.model_validate_json(tx.open(place, row.content))


def rules_at(tx: Transaction, ref: str, version: int) -> RuleSet | None:
    """Give one version of a customer's rules, in force or not."""
    row = tx.connection.execute(
        select(rule_sets).where(rule_sets.c.customer_ref == ref, rule_sets.c.version == version)
    ).first()
    return _rule_set(tx, row) if row else None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whose a number is, and which of their services it is for."""

    customer_ref: str
    service: Service


def assigned(tx: Transaction, e164: Iterable[str]) -> dict[str, Assigned]:
    """Give, of those numbers that are assigned, whose each is."""
    index = {tx.store.root.index("number", n): n for n in e164}
    rows = tx.connection.execute(
        select(numbers.c.number_index, numbers.c.customer_ref, numbers.c.service).where(
            numbers.c.number_index.in_(sorted(index))
        )
    )
    return {index[row.number_index]: Assigned(row.customer_ref, row.service) for row in rows}


def is_rung_for_somebody(tx: Transaction, e164: str) -> bool:
    """Whether a number is a place that some customer's calls are put through to."""
    d = destinations.c
    found = tx.connection.execute(
        select(d.customer_ref)
        .where(
            d.value_index == tx.store.root.index("destination", e164),
            d.kind.in_([DestinationKind.MOBILE, DestinationKind.VOICE]),
            d.removed_at.is_(None),
        )
        .limit(1)
    )
    return found.first() is not None


def owner_of_name(tx: Transaction, addressee: str) -> str | None:
    """Give the one customer that an addressee can be; none where none or several match."""
    index = tx.store.root.index("name", normal_name(addressee))
    found = tx.connection.execute(
        select(names.c.customer_ref).where(names.c.name_index == index).limit(2)
    ).all()
    return found[0].customer_ref if len(found) == 1 else None


def normal_name(text: str) -> str:
    """Bring a name into the form that addressees are compared in."""
    words = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
    dropped = {"ltd", "limited", "llp", "plc", "the", "mr", "mrs", "ms", "miss", "dr"}
    kept = [w for w in words if w not in dropped]
    return " ".join(kept or words)


@dataclass(frozen=True, slots=True)
class Reachable:
    """A destination with its value: for the one send, or the one clerk, that needs it."""

    kind: DestinationKind
    version: int
    verified: bool
    contested: bool
    value: str
    masked: str


def reach(tx: Transaction, ref: str, destination_id: str) -> Reachable | None:
    """Give a destination's value; none where it is unknown or removed."""
    row = tx.connection.execute(
        select(destinations).where(
            destinations.c.customer_ref == ref,
            destinations.c.destination_id == destination_id,
            destinations.c.removed_at.is_(None),
        )
    ).first()
    return open_destination(tx, row) if row else None


def described(tx: Transaction, ref: str, destination_id: str) -> dict[str, str]:
    """Give what a destination in use is: its kind, what its customer calls it, and whose it is."""
    row = tx.connection.execute(
        select(destinations).where(
            destinations.c.customer_ref == ref,
            destinations.c.destination_id == destination_id,
            destinations.c.removed_at.is_(None),
        )
    ).first()
    if row is None:
        return {}
    place = f"{ref}/{destination_id}/{row.version}"
    told = {"label": row.label, "person": row.person}
    return {"kind": row.kind.value} | {
        name: tx.open(f"destinations.{name}:{place}", sealed).decode()
        for name, sealed in told.items()
        if sealed is not None
    }


def open_destination(tx: Transaction, row: Any) -> Reachable:
    """Decrypt a row of ``destinations``."""
    place = f"{row.customer_ref}/{row.destination_id}/{row.version}"
    return Reachable(
        kind=row.kind,
        version=row.version,
        verified=row.verified_at is not None,
        contested=row.contested_at is not None,
        value=tx.open(f"destinations.value:{place}", row.value).decode(),
        masked=tx.open(f"destinations.masked:{place}", row.masked).decode(),
    )


def open_person(tx: Transaction, row: Any) -> str | None:
    """Decrypt whose a row of ``destinations`` is; none where nobody said."""
    place = f"{row.customer_ref}/{row.destination_id}/{row.version}"
    return tx.open(f"destinations.person:{place}", row.person).decode() if row.person else None


def numbers_to_ring(tx: Transaction, ref: str, names: Sequence[str], purpose: Purpose) -> list[str]:
    """Give the numbers of a customer's destinations that can be rung, in the order of ``names``.

    Left out is what is no number, not verified, removed, contested, suppressed for the purpose, or
    does not open.
    """
    p, s = destinations.c, suppressions.c
    suppressed = select(s.value_index).where(
        s.value_index == p.value_index, s.purpose == purpose, s.lifted_at.is_(None)
    )
    rows = tx.connection.execute(
        select(destinations).where(
            p.customer_ref == ref,
            p.destination_id.in_(list(names)),
            p.kind.in_([DestinationKind.MOBILE, DestinationKind.VOICE]),
            p.verified_at.is_not(None),
            p.removed_at.is_(None),
            p.contested_at.is_(None),
            ~suppressed.exists(),
        )
    ).all()
    found = {}
    for row in rows:
        with suppress(Unopenable, KeyError):
            found[row.destination_id] = open_destination(tx, row).value
    return [found[name] for name in dict.fromkeys(names) if name in found]


def profile_of(tx: Transaction, ref: str) -> dict[str, Any] | None:
    """Give what a customer told us about itself; none where there is no such customer."""
    row = tx.connection.execute(
        select(customers.c.profile, customers.c.revision).where(customers.c.ref == ref)
    ).first()
    if row is None:
        return None
    profile: dict[str, Any] = json.loads(tx.open(f"customers.profile:{ref}", row.profile))
    return profile
