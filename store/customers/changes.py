"""How what is known of customers changes; each change raises the customer's revision.

Personal values are sealed under the customer's key for the very row and version they stand in.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from contracts.masking import mask
from contracts.planning import INVOICE_EMAIL
from contracts.rules import RuleSet
from contracts.vocabulary import (
    DestinationKind,
    Purpose,
    Reason,
    Service,
    SuppressedBy,
)
from store.customers import earlier_values
from store.customers.known import normal_name, profile_of
from store.engine import Transaction
from store.rights import outside
from store.tables import (
    customers,
    destinations,
    names,
    numbers,
    rule_sets,
    services,
    suppressions,
)

Profile = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InvoiceEmail:
    """Where a customer's invoices go, and who reads them there, where that is known."""

    address: str = field(repr=False)
    person: str | None = field(default=None, repr=False)


def upsert(
    tx: Transaction,
    table: Any,
    row: Mapping[str, Any],
    key: Iterable[str],
    keeping: Iterable[str] = (),
) -> None:
    """Insert a row, or replace the one with the same key, ``keeping`` some of its columns."""
    make = postgresql_insert if tx.postgresql else sqlite_insert
    statement = make(table).values(**row)
    kept = {*key, *keeping}
    changed = {c: statement.excluded[c] for c in row if c not in kept}
    if changed:
        found = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    else:
        found = statement.on_conflict_do_nothing()
    tx.connection.execute(found)


def touch(tx: Transaction, ref: str, **values: Any) -> None:
    """Raise the revision, and set further columns of the customer."""
    tx.connection.execute(
        update(customers)
        .where(customers.c.ref == ref)
        .values(revision=customers.c.revision + 1, **values)
    )


def note_prospect(tx: Transaction, ref: str, told: Profile) -> None:
    """Keep what somebody told us when asking for a quotation or placing an order."""
    profile = profile_of(tx, ref)
    if profile is None:
        _create(tx, ref, {"prospect": dict(told)}, "Europe/London", "en-GB", None)
        return
    before = profile.get("prospect", {})
    _write_profile(tx, ref, profile, {**profile, "prospect": {**before, **told}})


def register(
    tx: Transaction,
    ref: str,
    profile: Profile,
    *,
    contracted: Iterable[Service],
    time_zone: str,
    locale: str,
    known_as: Iterable[str],
    invoice_email: InvoiceEmail | None,
) -> None:
    """Make a customer, or of a prospect a customer."""
    before = profile_of(tx, ref)
    if before is None:
        _create(tx, ref, profile, time_zone, locale, tx.now)
    else:
        _write_profile(tx, ref, before, {**before, **profile})
        touch(tx, ref, time_zone=time_zone, locale=locale, registered_at=tx.now)
    contract(tx, ref, contracted)
    index_names(tx, ref, known_as)
    set_invoice_email(tx, ref, invoice_email)


def correct(
    tx: Transaction,
    ref: str,
    changed: Profile,
    *,
    columns: Mapping[str, str],
    known_as: Iterable[str],
    invoice_email: InvoiceEmail | None,
) -> bool:
    """Put corrected fields in force; the old ones stay on record. ``columns`` are as named there.

    A time zone or locale is no personal value, and is replaced. Gives whether invoices go to
    another place from now on.
    """
    before = profile_of(tx, ref) or {}
    _write_profile(tx, ref, before, {**before, **changed})
    touch(tx, ref, **columns)
    index_names(tx, ref, known_as)
    return set_invoice_email(tx, ref, invoice_email)


def _create(
    tx: Transaction,
    ref: str,
    profile: Profile,
    time_zone: str,
    locale: str,
    registered_at: datetime | None,
) -> None:
    tx.connection.execute(
        insert(customers).values(
            ref=ref,
            revision=1,
            profile=tx.seal(ref, f"customers.profile:{ref}", json.dumps(dict(profile)).encode()),
            time_zone=time_zone,
            locale=locale,
            rules_version=0,
            first_seen_at=tx.now,
            registered_at=registered_at,
        )
    )


def _write_profile(tx: Transaction, ref: str, before: Profile, profile: Profile) -> None:
    if profile != before:
        earlier_values.keep_profile(tx, ref, before)
    sealed = tx.seal(ref, f"customers.profile:{ref}", json.dumps(dict(profile)).encode())
    touch(tx, ref, profile=sealed)


def contract(tx: Transaction, ref: str, contracted: Iterable[Service]) -> None:
    """Note the services that a customer has ordered; none of them has started."""
    for service in sorted(set(contracted)):
        row = {"customer_ref": ref, "service": service, "contracted_at": tx.now}
        upsert(tx, services, row, ["customer_ref", "service"], ["contracted_at"])


def index_names(tx: Transaction, ref: str, known_as: Iterable[str]) -> None:
    """Keep the names that post may be addressed to, as keyed digests."""
    index = {tx.store.root.index("name", normal_name(n)) for n in known_as if normal_name(n)}
    tx.connection.execute(delete(names).where(names.c.customer_ref == ref))
    rows = [{"name_index": i, "customer_ref": ref} for i in sorted(index)]
    if rows:
        tx.connection.execute(insert(names), rows)


def set_invoice_email(tx: Transaction, ref: str, where: InvoiceEmail | None) -> bool:
    """Keep where invoices go: specified by the customer, and in need of no verification.

    Gives whether that is another place than before.
    """
    if where is None:
        return False
    version = _version_at(tx, ref, INVOICE_EMAIL, where.address)
    if version is not None:
        place = f"destinations.person:{ref}/{INVOICE_EMAIL}/{version}"
        person = tx.seal(ref, place, where.person.encode()) if where.person else None
        _change_destination(tx, ref, INVOICE_EMAIL, person=person)
        return False
    kind, whose = DestinationKind.EMAIL, where.person
    put_destination(tx, ref, INVOICE_EMAIL, kind, where.address, person=whose)
    verify_destination(tx, ref, INVOICE_EMAIL, "specified as the invoice email", tx.now)
    return True


def _version_at(tx: Transaction, ref: str, destination_id: str, value: str) -> int | None:
    """The version of a destination in use that has this value now; none where it has another."""
    d = destinations.c
    found = select(d.version).where(
        d.customer_ref == ref,
        d.destination_id == destination_id,
        d.value_index == tx.store.root.index("destination", value),
        d.removed_at.is_(None),
    )
    return tx.connection.execute(found).scalar()


def start(tx: Transaction, ref: str, started: Iterable[Service], at: datetime) -> None:
    """Begin services."""
    for service in sorted(set(started)):
        row = {
            "customer_ref": ref,
            "service": service,
            "contracted_at": tx.now,
            "started_at": at,
        }
        upsert(tx, services, row, ["customer_ref", "service"], ["contracted_at"])
    touch(tx, ref, started_at=at, terminated_at=None)


def terminate(tx: Transaction, ref: str, at: datetime) -> None:
    """End all services."""
    touch(tx, ref, terminated_at=at)


def is_restricted(tx: Transaction, ref: str) -> bool:
    """Whether what is held of a customer is to be kept, and nothing else."""
    found = select(customers.c.restricted_at).where(customers.c.ref == ref)
    return tx.connection.execute(found).scalar() is not None


def restrict(tx: Transaction, ref: str, at: datetime | None) -> None:
    """Have what is held of a customer kept, and nothing else done with it; none ends that."""
    touch(tx, ref, restricted_at=at)


def assign_number(tx: Transaction, ref: str, e164: str, service: Service) -> None:
    """Give a number to a customer; from now on calls to it are that customer's."""
    index = tx.store.root.index("number", e164)
    row = {
        "number_index": index,
        "number": tx.seal(ref, f"numbers.number:{index.hex()}", e164.encode()),
        "customer_ref": ref,
        "service": service,
        "assigned_at": tx.now,
    }
    upsert(tx, numbers, row, ["number_index"])
    touch(tx, ref)


def release_number(tx: Transaction, ref: str, e164: str) -> bool:
    """Take a number back; false where it was not this customer's."""
    gone = tx.connection.execute(
        delete(numbers).where(
            numbers.c.number_index == tx.store.root.index("number", e164),
            numbers.c.customer_ref == ref,
        )
    )
    touch(tx, ref)
    return bool(gone.rowcount)


def put_destination(
    tx: Transaction,
    ref: str,
    destination_id: str,
    kind: DestinationKind,
    value: str,
    *,
    label: str | None = None,
    person: str | None = None,
) -> int:
    """Add a destination, or replace its value: unverified again, at the next version.

    The value before stays on record.
    """
    version = earlier_values.keep_destination(tx, ref, destination_id) + 1
    place = f"{ref}/{destination_id}/{version}"

    def sealed(column: str, text: str | None) -> bytes | None:
        return tx.seal(ref, f"destinations.{column}:{place}", text.encode()) if text else None

    row = {
        "customer_ref": ref,
        "destination_id": destination_id,
        "kind": kind,
        "version": version,
        "value": sealed("value", value),
        "masked": sealed("masked", mask(kind, value)),
        "label": sealed("label", label),
        "person": sealed("person", person),
        "value_index": tx.store.root.index("destination", value),
        "changed_at": tx.now,
        "verified_at": None,
        "verified_how": None,
        "removed_at": None,
        "contested_at": None,
    }
    upsert(tx, destinations, row, ["customer_ref", "destination_id"])
    touch(tx, ref)
    return version


def verify_destination(
    tx: Transaction, ref: str, destination_id: str, how: str, at: datetime
) -> None:
    """Note that a destination was shown to be the customer's; so it is no dead address."""
    found = tx.connection.execute(
        select(destinations.c.version, destinations.c.value_index).where(
            destinations.c.customer_ref == ref, destinations.c.destination_id == destination_id
        )
    ).first()
    if found is None:
        return
    place = f"destinations.verified_how:{ref}/{destination_id}/{found.version}"
    sealed = tx.seal(ref, place, how.encode())
    _change_destination(tx, ref, destination_id, verified_at=at, verified_how=sealed)
    lift_suppressions(tx, found.value_index, SuppressedBy.BOUNCE)


def remove_destination(tx: Transaction, ref: str, destination_id: str) -> None:
    """Take a destination out of use; its row stays for the records."""
    _change_destination(tx, ref, destination_id, removed_at=tx.now)


def _change_destination(tx: Transaction, ref: str, destination_id: str, **values: Any) -> None:
    tx.connection.execute(
        update(destinations)
        .where(destinations.c.customer_ref == ref, destinations.c.destination_id == destination_id)
        .values(**values)
    )
    touch(tx, ref)


def set_rules(tx: Transaction, ref: str, rules: RuleSet, *, told_us_by: str, set_by: str) -> None:
    """Put a new version of the rules in force. Versions are never changed."""
    place = f"{ref}/{rules.version}"
    content = rules.model_dump_json(exclude_unset=True, exclude_none=True).encode()
    tx.connection.execute(
        insert(rule_sets).values(
            customer_ref=ref,
            version=rules.version,
            content=tx.seal(ref, f"rule_sets.content:{place}", content),
            set_by=tx.seal(ref, f"rule_sets.set_by:{place}", set_by.encode()),
            told_us_by=told_us_by,
            set_at=tx.now,
        )
    )
    touch(tx, ref, rules_version=rules.version)


def suppress(
    tx: Transaction,
    value_index: bytes,
    purpose: Purpose,
    reason: Reason,
    set_by: SuppressedBy | None = None,
) -> None:
    """Bar a destination from a purpose, whoever it belongs to. What bars it already, stays."""
    make = postgresql_insert if tx.postgresql else sqlite_insert
    row = {
        "value_index": value_index,
        "purpose": purpose,
        "reason": reason,
        "set_by": set_by,
        "since": tx.now,
        "lifted_at": None,
    }
    changed = tx.connection.execute(
        make(suppressions)
        .values(**row)
        .on_conflict_do_update(
            index_elements=["value_index", "purpose"],
            set_={name: row[name] for name in ("reason", "set_by", "since", "lifted_at")},
            where=suppressions.c.lifted_at.is_not(None),
        )
        .returning(suppressions)
    )
    outside.note_places(tx, changed.all())


def lift_suppressions(
    tx: Transaction,
    value_index: bytes,
    set_by: SuppressedBy,
    purposes: Iterable[Purpose] = tuple(Purpose),
) -> int:
    """Lift what was barred in one way, and nothing else; tell how many purposes that were."""
    lifted = tx.connection.execute(
        update(suppressions)
        .where(
            suppressions.c.value_index == value_index,
            suppressions.c.set_by == set_by,
            suppressions.c.purpose.in_(sorted(purposes)),
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=tx.now)
        .returning(suppressions)
    ).all()
    outside.note_places(tx, lifted)
    return len(lifted)


def suppress_place(
    tx: Transaction, delivery: Mapping[str, Any], reason: Reason, set_by: SuppressedBy
) -> None:
    """Bar where a delivery went from its purpose.

    Nothing is barred where the customer has given another value since.
    """
    value_index = tx.connection.execute(
        select(destinations.c.value_index).where(
            destinations.c.customer_ref == delivery["customer_ref"],
            destinations.c.destination_id == delivery["destination_id"],
            destinations.c.version == delivery["destination_version"],
        )
    ).scalar()
    if value_index is not None:
        suppress(tx, value_index, delivery["purpose"], reason, set_by)
