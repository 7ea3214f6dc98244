"""What publishers reported: events, what they wait for, what was rejected or is to be planned."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid

from contracts.vocabulary import EventStatus, Purpose, Reason, Service
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# `service` is the one that it was reported for, from its taking up on; none for what is for all.
events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("source", nullable=False),
    name("event_id", nullable=False),
    name("type", nullable=False),
    name("publisher", nullable=False),
    name("customer_ref"),
    Column("status", Word(EventStatus), nullable=False),
    name("correlation"),
    Column("content", Sealed, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("rules_version", Integer),
    Column("service", Word(Service)),
    name("traceparent"),
    instant("happened_at"),
    instant("received_at", nullable=False),
)
Index("uq_events_source_event_id", events.c.source, events.c.event_id, unique=True)
Index("ix_events_customer", events.c.customer_ref, events.c.received_at)
Index(
    "ix_events_correlation",
    events.c.correlation,
    postgresql_where=events.c.correlation.is_not(None),
    sqlite_where=events.c.correlation.is_not(None),
)

# `awaits` is the keyed HMAC of the one thing the event needs next; `kind` says what it is.
waits = Table(
    "waits",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("awaits", LargeBinary(16), nullable=False, index=True),
    name("kind", nullable=False),
    Column("told", Text),
    instant("since", nullable=False),
    instant("limit_at", nullable=False),
)

# `closed_at`: taken in anew, or dismissed by an operator. One whose publisher has sent it again,
# mended, needs no closing: the event of its name came later than it. `subject_index` is the keyed
# digest of whose it would have been, so that it is erased with them.
rejected_events = Table(
    "rejected_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("publisher", nullable=False),
    name("source"),
    name("event_id"),
    name("type"),
    name("route", nullable=False),
    Column("problems", Text, nullable=False),
    Column("subject_index", LargeBinary(16), index=True),
    Column("body", Sealed),
    instant("received_at", nullable=False, index=True),
    instant("closed_at"),
)
_open = rejected_events.c.closed_at.is_(None)
Index(
    "ix_rejected_events_open",
    rejected_events.c.received_at,
    postgresql_where=_open,
    sqlite_where=_open,
)
Index("ix_rejected_events_source", rejected_events.c.source, rejected_events.c.event_id)

search_terms = Table(
    "search_terms",
    metadata,
    Column("term", BigInteger, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
)

# A notice to all commits with one of these; upkeep plans it, some customers at a time. Who becomes
# a customer before `until` is told too. `trouble` is why it could not be planned at `tried_at`.
planning_tasks = Table(
    "planning_tasks",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("purpose", Word(Purpose), nullable=False),
    name("after_customer", nullable=False),
    Column("planned", Integer, nullable=False),
    instant("created_at", nullable=False),
    instant("until"),
    instant("done_at"),
    instant("tried_at"),
    name("trouble"),
)

# Each customer that a notice was planned for, once. `reason` is why nothing was to be sent.
notice_recipients = Table(
    "notice_recipients",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    name("customer_ref", primary_key=True),
    instant("planned_at", nullable=False),
    Column("newcomer", Boolean, nullable=False),
    Column("reason", Word(Reason)),
)
