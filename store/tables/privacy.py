"""What privacy officers answer for: temporary copies, disclosures, incidents, complaints."""

from sqlalchemy import Boolean, Column, Date, Index, Table, Uuid

from contracts.vocabulary import (
    Carried,
    ComplaintStatus,
    DisclosureStatus,
    Gone,
    Review,
    Ruling,
    Telling,
)
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# One for each temporary file. Of one that lies with the other files, its key stands here alone:
# without it the file opens nowhere, and once `gone_at` is set there is none. Of one that somebody
# had written to a folder, `place` says where, on `host`, and `file` which it is (device and inode),
# until its content's `sha256` does. `removed_at` is when the file was seen to be deleted.
transfers = Table(
    "transfers",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", index=True),
    Column("kind", Word(Carried), nullable=False),
    Column("place", Sealed),
    name("host"),
    name("file"),
    Column("key", Sealed),
    name("sha256"),
    Column("request_id", Uuid),
    Column("delivery_id", Uuid),
    instant("made_at", nullable=False),
    instant("until", nullable=False),
    Column("gone", Word(Gone)),
    instant("gone_at"),
    instant("removed_at"),
)
_there = transfers.c.removed_at.is_(None)
Index("ix_transfers_there", transfers.c.until, postgresql_where=_there, sqlite_where=_there)
_sent = transfers.c.delivery_id.is_not(None)
Index("ix_transfers_delivery", transfers.c.delivery_id, postgresql_where=_sent, sqlite_where=_sent)

# What a person decided, about a record or case by its id; the act says why. The last one counts.
decisions = Table(
    "decisions",
    metadata,
    Column("act_id", Uuid, primary_key=True),
    name("about", primary_key=True),
    Column("decided", Word((Review, Ruling, Telling)), nullable=False),
    name("actor", nullable=False),
    instant("at", nullable=False),
)
Index("ix_decisions_about", decisions.c.about, decisions.c.act_id)

# `content` says who asks, under which reference, on what ground and for what. While it is `hidden`,
# its subjects' copies leave it out. `sha256` is of what was exported last.
disclosures = Table(
    "disclosures",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("opened_by", nullable=False),
    instant("opened_at", nullable=False),
    Column("content", Sealed, nullable=False),
    Column("status", Word(DisclosureStatus), nullable=False),
    Column("hidden", Boolean, nullable=False),
    name("sha256"),
    instant("exported_at"),
    instant("closed_at"),
)
disclosure_subjects = Table(
    "disclosure_subjects",
    metadata,
    Column("disclosure_id", Uuid, primary_key=True),
    name("customer_ref", primary_key=True),
)
Index("ix_disclosure_subjects_customer", disclosure_subjects.c.customer_ref)

# `due_at` is 72 hours after we became aware of it. `content` says what happened, and by what its
# sends were found; these stand as they were when it was opened,
# each by its first entry on the ledger.
incidents = Table(
    "incidents",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("opened_by", nullable=False),
    instant("opened_at", nullable=False),
    instant("aware_at", nullable=False),
    instant("due_at", nullable=False),
    Column("content", Sealed, nullable=False),
    instant("closed_at"),
)
incident_sends = Table(
    "incident_sends",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("entry_id", Uuid, primary_key=True),
    Column("delivery_id", Uuid),
    name("customer_ref", nullable=False),
)
Index("ix_incident_sends_customer", incident_sends.c.customer_ref)

# Whoever complains need not be a customer. `acknowledge_by` is the last day to tell them that it
# came.
complaints = Table(
    "complaints",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", index=True),
    name("via", nullable=False),
    Column("status", Word(ComplaintStatus), nullable=False),
    instant("received_at", nullable=False),
    Column("acknowledge_by", Date, nullable=False),
    instant("acknowledged_at"),
    instant("closed_at"),
    Column("detail", Sealed),
    Column("answer", Sealed),
)
