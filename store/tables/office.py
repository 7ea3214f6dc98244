"""What the office keeps beside events: keys, publishers, files, post items, and leases."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, Uuid

from contracts.vocabulary import PostAction, Reason
from store.tables.base import instant, metadata, name
from store.types import Word

data_keys = Table(
    "data_keys",
    metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    name("owner", nullable=False, unique=True),
    Column("wrapped", LargeBinary(128), nullable=False),
    instant("created_at", nullable=False),
)

# `grants` is JSON: types, sources, doors, roles, broker user.
publishers = Table(
    "publishers",
    metadata,
    name("name", primary_key=True),
    Column("grants", Text, nullable=False),
    Column("key_digest", LargeBinary(32), nullable=False, unique=True),
    instant("created_at", nullable=False),
    instant("revoked_at"),
)

# The file itself stands in the object store, sealed under a key of its own that it carries.
blobs = Table(
    "blobs",
    metadata,
    name("sha256", primary_key=True),
    name("media_type", nullable=False),
    Column("bytes", BigInteger, nullable=False),
    name("publisher", nullable=False),
    instant("stored_at", nullable=False),
)

items = Table(
    "items",
    metadata,
    name("item_id", primary_key=True),
    name("customer_ref", index=True),
    name("class", nullable=False),
    Column("do", Word(PostAction), nullable=False),
    Column("why", Word(Reason), nullable=False),
    name("detail"),
    name("authority"),
    name("destination_id"),
    name("consolidate"),
    instant("until"),
    Column("delivery_id", Uuid),
    name("done_as"),
    instant("done_at"),
    instant("received_at", nullable=False),
    instant("changed_at", nullable=False),
)

# One holder at a time; the fence tells a holder that was stopped and woke up that it is late.
leases = Table(
    "leases",
    metadata,
    name("name", primary_key=True),
    name("holder", nullable=False),
    Column("fence", BigInteger, nullable=False),
    instant("until", nullable=False),
)


Index("ix_items_open", items.c.customer_ref, items.c.done_at)
