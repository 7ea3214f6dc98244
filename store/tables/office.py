"""What the office keeps beside events: keys, publishers, files, post items, and leases."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from contracts.vocabulary import Contradiction, Custody, PostAction, Reason, Retention
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# The root key, wrapped by each master key that opens it; `master` is that one's short name.
root_keys = Table(
    "root_keys",
    metadata,
    name("master", primary_key=True),
    Column("wrapped", LargeBinary(128), nullable=False),
    instant("added_at", nullable=False),
)

# One key for an owner and a retention class. A destroyed one keeps its row without its key: what
# it sealed is gone, and it is never made again.
data_keys = Table(
    "data_keys",
    metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    name("owner", nullable=False),
    Column("retention", Word(Retention), nullable=False),
    Column("wrapped", LargeBinary(128)),
    instant("created_at", nullable=False),
    instant("destroyed_at"),
    UniqueConstraint("owner", "retention"),
)

# `grants` is JSON: types, sources, doors, roles, and which processor it is.
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

# Which events refer to a file: it goes when the last of them does.
file_uses = Table(
    "file_uses",
    metadata,
    name("sha256", primary_key=True),
    Column("event_id", Uuid, primary_key=True, index=True),
)

# `kinds` are the words for what an item holds and who sent it. `arrival_id` is the event that told
# of it first, `event_id` that of the instruction in force, and `revision` counts these. `round_at`
# is when a consolidated letter is due, `requested_at` when the mailroom was told so; `held_since`
# runs while it is to be held.
items = Table(
    "items",
    metadata,
    name("item_id", primary_key=True),
    name("customer_ref", index=True),
    name("class", nullable=False),
    name("kinds", nullable=False),
    Column("do", Word(PostAction), nullable=False),
    Column("why", Word(Reason), nullable=False),
    name("rule_id"),
    name("authority"),
    Column("may_shred", Boolean, nullable=False),
    name("destination_id"),
    name("consolidate"),
    instant("until"),
    instant("round_at"),
    instant("requested_at"),
    Column("arrival_id", Uuid, nullable=False),
    Column("event_id", Uuid),
    Column("delivery_id", Uuid),
    Column("revision", Integer, nullable=False),
    instant("held_since"),
    instant("asked_at"),
    name("done_as"),
    instant("done_at"),
    instant("received_at", nullable=False),
    instant("changed_at", nullable=False),
)

# One line for everything that befell an item; only ever added to. `content` is who did it and on
# what authority.
custody = Table(
    "custody",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("item_id", nullable=False),
    instant("at", nullable=False),
    Column("what", Word(Custody), nullable=False),
    Column("do", Word(PostAction)),
    Column("why", Word(Reason)),
    Column("contradiction", Word(Contradiction)),
    name("destination_id"),
    name("reference"),
    Column("event_id", Uuid),
    Column("content", Sealed),
)
Index("ix_custody_item", custody.c.item_id, custody.c.at)

# What was reported against an item's instruction, or of an email against what was reported before
# (then there is no item), until an operator has seen to it.
contradictions = Table(
    "contradictions",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("item_id"),
    name("customer_ref", nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("what", Word(Contradiction), nullable=False),
    instant("at", nullable=False),
    instant("closed_at"),
)
_unseen = contradictions.c.closed_at.is_(None)
Index(
    "ix_contradictions_open",
    contradictions.c.what,
    contradictions.c.at,
    postgresql_where=_unseen,
    sqlite_where=_unseen,
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
_for_a_round = (
    items.c.round_at.is_not(None) & items.c.requested_at.is_(None) & items.c.done_at.is_(None)
)
Index(
    "ix_items_round",
    items.c.round_at,
    postgresql_where=_for_a_round,
    sqlite_where=_for_a_round,
)
_still_held = items.c.held_since.is_not(None) & items.c.done_at.is_(None)
Index(
    "ix_items_held",
    items.c.held_since,
    postgresql_where=_still_held,
    sqlite_where=_still_held,
)
