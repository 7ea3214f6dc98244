"""What came back of what was sent: what providers answered when asked, and customers' replies."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint, Uuid

from contracts.vocabulary import Inquiry, ReplyKind, Said
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
Index("ix_replies_customer", replies.c.customer_ref, replies.c.received_at)
Index(
    "ix_replies_delivery",
    replies.c.delivery_id,
    postgresql_where=replies.c.delivery_id.is_not(None),
    sqlite_where=replies.c.delivery_id.is_not(None),
)
