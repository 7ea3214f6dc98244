"""Who the company serves: customers, their services, numbers, names, places, rules, consents."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Uuid

from contracts.vocabulary import (
    Channel,
    Checked,
    CustomerKind,
    DestinationKind,
    IdentityGround,
    Information,
    Purpose,
    Reason,
    Service,
    SuppressedBy,
)
from store.tables.append_only import only_new_rows
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# `revision` rises with every change to the customer or to anything below, so that a process may
# keep its own reading of a customer for as long as the revision stands. `sms_sender` is whom
# texts to this customer come from, `mail_from` in whose name its emails come, where that is not
# the company. `objected_at`: they object to what rests on our interests alone.
customers = Table(
    "customers",
    metadata,
    name("ref", primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("profile", Sealed, nullable=False),
    Column("mail_from", Sealed),
    name("time_zone", nullable=False),
    name("locale", nullable=False),
    Column("rules_version", Integer, nullable=False),
    instant("first_seen_at", nullable=False),
    instant("registered_at", index=True),
    instant("started_at", index=True),
    instant("terminated_at"),
    instant("restricted_at"),
    instant("objected_at"),
    Column("sms_sender", Sealed),
    Column("kind", Word(CustomerKind)),
)

services = Table(
    "services",
    metadata,
    name("customer_ref", primary_key=True),
    Column("service", Word(Service), primary_key=True),
    instant("contracted_at", nullable=False),
    instant("started_at"),
)

# Who will use the services, by registration's name, and what came of each check; `check` is empty,
# and there is no result, while there was none. What was checked stands in the vault alone.
individuals = Table(
    "individuals",
    metadata,
    name("customer_ref", primary_key=True),
    name("individual_id", primary_key=True),
    Column("check_index", LargeBinary(16), primary_key=True),
    Column("result", Word(Checked)),
    instant("changed_at", nullable=False),
)

# What must be known of a customer, and why, as was decided under a version of the policy. It is
# asked for once, and not before they have paid.
information_requests = Table(
    "information_requests",
    metadata,
    name("customer_ref", primary_key=True),
    Column("what", Word(Information), primary_key=True),
    Column("why", Word(IdentityGround), nullable=False),
    Column("request_id", Uuid, nullable=False),
    name("policy_version", nullable=False),
    instant("decided_at", nullable=False),
    instant("asked_at"),
)

# `number_index` and `name_index` are keyed HMACs: a look-up needs no plain value.
numbers = Table(
    "numbers",
    metadata,
    Column("number_index", LargeBinary(16), primary_key=True),
    Column("number", Sealed, nullable=False),
    name("customer_ref", nullable=False, index=True),
    Column("service", Word(Service), nullable=False),
    instant("assigned_at", nullable=False),
)

names = Table(
    "names",
    metadata,
    Column("name_index", LargeBinary(16), primary_key=True),
    name("customer_ref", primary_key=True, index=True),
)

destinations = Table(
    "destinations",
    metadata,
    name("customer_ref", primary_key=True),
    name("destination_id", primary_key=True),
    Column("kind", Word(DestinationKind), nullable=False),
    Column("version", Integer, nullable=False),
    Column("value", Sealed, nullable=False),
    Column("masked", Sealed, nullable=False),
    Column("label", Sealed),
    Column("person", Sealed),
    Column("value_index", LargeBinary(16), nullable=False, index=True),
    instant("changed_at", nullable=False),
    instant("verified_at"),
    Column("verified_how", Sealed),
    instant("removed_at"),
    instant("contested_at"),
)

# What stood there before a correction: of a destination, or of the whole profile under the name
# `@profile`. `content` is that value with what was known of it.
earlier_values = only_new_rows(
    Table(
        "earlier_values",
        metadata,
        name("customer_ref", primary_key=True),
        name("destination_id", primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("content", Sealed, nullable=False),
        instant("replaced_at", nullable=False),
    )
)

rule_sets = Table(
    "rule_sets",
    metadata,
    name("customer_ref", primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Sealed, nullable=False),
    Column("set_by", Sealed, nullable=False),
    name("told_us_by", nullable=False),
    instant("set_at", nullable=False),
)

# `policy_version` is that which they agreed under.
consents = Table(
    "consents",
    metadata,
    name("customer_ref", primary_key=True),
    Column("purpose", Word(Purpose), primary_key=True),
    Column("channel", Word(Channel), primary_key=True),
    instant("given_at", primary_key=True),
    Column("evidence", Sealed, nullable=False),
    Column("method", Sealed, nullable=False),
    name("wording_version"),
    name("policy_version", nullable=False),
    instant("withdrawn_at"),
    Column("withdrawn_how", Sealed),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("value_index", LargeBinary(16), primary_key=True),
    Column("purpose", Word(Purpose), primary_key=True),
    Column("reason", Word(Reason), nullable=False),
    Column("set_by", Word(SuppressedBy)),
    instant("since", nullable=False),
    instant("lifted_at"),
)

Index("ix_names_lookup", names.c.name_index)
