"""The record: ledger entries, the seals that chain them, and the outcomes told to publishers."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid

from contracts.vocabulary import Channel, Lane, Purpose, Reason, Service
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# An entry is written once. `position` and `seal` alone are filled in later, by the one sealer.
# `segments` are of a text, by our count until its provider says how many; `price`, a decimal, and
# `currency` are the provider's later word.
# `personal` holds destination, mask and content digest, each with a salt; `commitments` their
# SHA-256(salt ‖ value), 32 bytes each in that order, which the leaf covers.
ledger = Table(
    "ledger",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("delivery_id", Uuid),
    name("rule_id"),
    Column("rule_version", Integer),
    Column("step", Integer),
    Column("channel", Word(Channel)),
    Column("lane", Word(Lane)),
    Column("purpose", Word(Purpose), nullable=False),
    Column("service", Word(Service)),
    name("destination_id"),
    name("outcome", nullable=False),
    Column("reason", Word(Reason), nullable=False),
    name("detail"),
    Column("marked", Boolean, nullable=False),
    Column("attempt", Integer),
    name("provider"),
    name("reference"),
    name("template_version"),
    name("policy_version", nullable=False),
    Column("segments", Integer),
    name("price"),
    name("currency"),
    instant("intended_at"),
    instant("attempted_at"),
    instant("settled_at", nullable=False),
    Column("personal", Sealed),
    Column("commitments", LargeBinary(96), nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("position", BigInteger),
    Column("seal", BigInteger),
)
_unsealed = ledger.c.position.is_(None)
Index("ix_ledger_unsealed", ledger.c.id, postgresql_where=_unsealed, sqlite_where=_unsealed)
Index("ix_ledger_customer", ledger.c.customer_ref, ledger.c.id)
Index("ix_ledger_event", ledger.c.event_id)
Index(
    "uq_ledger_position",
    ledger.c.position,
    unique=True,
    postgresql_where=~_unsealed,
    sqlite_where=~_unsealed,
)

# `previous` is unique: a stopped leader that wakes up cannot fork the chain.
seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", LargeBinary(32), nullable=False, unique=True),
    Column("root", LargeBinary(32), nullable=False),
    Column("seal", LargeBinary(32), nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    instant("sealed_at", nullable=False),
)

# `facts` holds no personal value; what does is in `content`. `position` is given when upkeep
# lists the row, so that a reader who remembers the last position never misses a late commit.
outbox = Table(
    "outbox",
    metadata,
    name("id", primary_key=True),
    name("audience", nullable=False),
    name("name", nullable=False),
    name("customer_ref"),
    Column("event_id", Uuid),
    Column("delivery_id", Uuid),
    Column("facts", Text, nullable=False),
    Column("content", Sealed),
    instant("at", nullable=False),
    Column("position", BigInteger),
    instant("published_at"),
)
_unlisted = outbox.c.position.is_(None)
Index("ix_outbox_unlisted", outbox.c.at, postgresql_where=_unlisted, sqlite_where=_unlisted)
Index(
    "uq_outbox_position",
    outbox.c.position,
    unique=True,
    postgresql_where=~_unlisted,
    sqlite_where=~_unlisted,
)
_unpublished = outbox.c.published_at.is_(None) & outbox.c.position.is_not(None)
Index(
    "ix_outbox_unpublished",
    outbox.c.position,
    postgresql_where=_unpublished,
    sqlite_where=_unpublished,
)
