"""What people asked of us about their own data, and whom we have erased."""

from sqlalchemy import Column, Date, Index, Integer, LargeBinary, Table, Text, Uuid

from contracts.vocabulary import (
    ContestedField,
    Retention,
    RightsKind,
    RightsStatus,
    Role,
    Settlement,
)
from store.tables.append_only import only_new_rows
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# One for each request, by the event that told of it. `due_on` is the last day to answer, as it
# stands now; while the clock is stopped (`stopped_on`) none passes, and `stopped_days` have so far.
rights_requests = Table(
    "rights_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", nullable=False),
    name("request_id", nullable=False),
    Column("kind", Word(RightsKind), nullable=False),
    name("via", nullable=False),
    Column("status", Word(RightsStatus), nullable=False),
    Column("detail", Sealed),
    Column("answer", Sealed),
    instant("received_at", nullable=False),
    Column("due_on", Date, nullable=False),
    Column("stopped_on", Date),
    Column("stopped_days", Integer, nullable=False),
    instant("closed_at"),
)
Index("ix_rights_requests_customer", rights_requests.c.customer_ref, rights_requests.c.received_at)
_open = rights_requests.c.closed_at.is_(None)
Index(
    "ix_rights_requests_open", rights_requests.c.due_on, postgresql_where=_open, sqlite_where=_open
)

# Who was erased, by the keyed digest of their reference. The same stands outside the database
# (`store.rights.erasure_register`), from where a restored backup is told of it again.
erasures = Table(
    "erasures",
    metadata,
    Column("ref_index", LargeBinary(16), primary_key=True),
    instant("at", nullable=False),
)

# What the register outside the database is told: who opted out, or in again (JSON, keyed digests
# alone), and that somebody was erased. Once it is told, the id alone stays, to know it by.
outside_entries = Table(
    "outside_entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    instant("at", nullable=False),
    Column("content", Text),
    instant("told_at"),
)
_untold = outside_entries.c.told_at.is_(None)
Index(
    "ix_outside_entries_untold",
    outside_entries.c.id,
    postgresql_where=_untold,
    sqlite_where=_untold,
)

# What a person says is wrong: a destination or a field. It is not used while this stands open; how
# it was settled stands there afterwards. `rights_request_id` is the request that it is part of.
contests = Table(
    "contests",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", nullable=False, index=True),
    name("destination_id"),
    Column("field", Word(ContestedField)),
    Column("rights_request_id", Uuid),
    instant("since", nullable=False),
    instant("settled_at"),
    Column("settled_as", Word(Settlement)),
)

# What suppliers were told of a customer. `fields` are the names of what `content` holds, `outcome`
# is that which told it.
supplier_disclosures = only_new_rows(
    Table(
        "supplier_disclosures",
        metadata,
        Column("id", Uuid, primary_key=True),
        name("customer_ref", nullable=False),
        Column("supplier", Word(Role), nullable=False),
        name("outcome", nullable=False),
        name("fields", nullable=False),
        Column("content", Sealed, nullable=False),
        Column("event_id", Uuid),
        instant("at", nullable=False),
    )
)
Index(
    "ix_supplier_disclosures_customer",
    supplier_disclosures.c.customer_ref,
    supplier_disclosures.c.at,
)

# Which processors were asked to erase somebody, and when they confirmed it. `erasure_id` is the
# request's that it answers, where there was one: there is none where their time was over. `parts`
# are what they do for us, and `named` is JSON: by what names they know what was sent through them,
# until they have confirmed.
erasures_asked = Table(
    "erasures_asked",
    metadata,
    Column("erasure_id", Uuid, primary_key=True),
    name("processor", primary_key=True),
    name("customer_ref", nullable=False, index=True),
    name("parts", nullable=False),
    Column("named", Text),
    instant("asked_at", nullable=False),
    instant("due_at", nullable=False),
    instant("erased_at"),
    instant("confirmed_at"),
)
_unconfirmed = erasures_asked.c.confirmed_at.is_(None)
Index(
    "ix_erasures_asked_open",
    erasures_asked.c.due_at,
    postgresql_where=_unconfirmed,
    sqlite_where=_unconfirmed,
)

# While one stands, nothing of the customer is destroyed, however old.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", nullable=False, index=True),
    Column("reason", Sealed, nullable=False),
    instant("since", nullable=False),
    instant("lifted_at"),
)

# A certificate for each class of a customer's records that was destroyed because its time was over.
# `ended_at` is when that time began, the end of their services; `begun_at` is when its key went,
# and is empty where more came since; `destroyed_at` is empty while some of it is still to go.
destructions = Table(
    "destructions",
    metadata,
    name("customer_ref", primary_key=True),
    Column("retention", Word(Retention), primary_key=True),
    instant("ended_at", nullable=False),
    instant("begun_at"),
    instant("destroyed_at"),
    Column("rows", Integer, nullable=False),
    Column("files", Integer, nullable=False),
)
