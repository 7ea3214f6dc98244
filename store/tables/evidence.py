"""What came back of what was sent: providers' answers, customers' replies, bounces, openings."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint, Uuid

from contracts.vocabulary import BounceKind, Inquiry, Opening, ReplyKind, Said
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# One row for an attempt and a question; `times` counts the askings, `answered` the answers.
# `due_at` empty: it is not asked again.
inquiries = Table(
    "inquiries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("inquiry", Word(Inquiry), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("said", Word(Said)),
    name("detail"),
    instant("asked_at", nullable=False),
    instant("due_at"),
)
_to_be_asked = inquiries.c.due_at.is_not(None)
Index(
    "ix_inquiries_due",
    inquiries.c.inquiry,
    inquiries.c.due_at,
    postgresql_where=_to_be_asked,
    sqlite_where=_to_be_asked,
)

# One row for each number that was rung for a delivery, by the provider's id of that leg. It may be
# heard of first when its key is pressed, or when it ends.
legs = Table(
    "legs",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    name("reference", primary_key=True),
    Column("fence", Integer, nullable=False),
    instant("accepted_at"),
    instant("ended_at"),
)

# `reference` is the provider's own id: a webhook that comes again is known by it.
replies = Table(
    "replies",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("reference", nullable=False),
    Column("value_index", LargeBinary(16), nullable=False),
    name("customer_ref"),
    Column("delivery_id", Uuid),
    Column("kind", Word(ReplyKind), nullable=False),
    Column("content", Sealed, nullable=False),
    instant("received_at", nullable=False),
    UniqueConstraint("reference"),
)
Index("ix_replies_sender", replies.c.value_index, replies.c.received_at)
Index("ix_replies_customer", replies.c.customer_ref, replies.c.received_at)
Index(
    "ix_replies_delivery",
    replies.c.delivery_id,
    postgresql_where=replies.c.delivery_id.is_not(None),
    sqlite_where=replies.c.delivery_id.is_not(None),
)

# One row for an attempt that is said to have failed after all; `value_index` is of the address that
# it went to, so that an address's bounces can be counted. `status` is the enhanced code.
bounces = Table(
    "bounces",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("value_index", LargeBinary(16), nullable=False),
    Column("kind", Word(BounceKind), nullable=False),
    name("status", nullable=False),
    instant("at", nullable=False),
)
Index("ix_bounces_address", bounces.c.value_index, bounces.c.at)

# Who has the link was asked for the address that it was sent to. `until` is when the link ends, and
# tells the links of one delivery apart.
openings = Table(
    "openings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("delivery_id", Uuid, nullable=False),
    instant("until", nullable=False),
    Column("opening", Word(Opening), nullable=False),
    instant("at", nullable=False),
)
Index("ix_openings_link", openings.c.delivery_id, openings.c.until)
