"""Repeat payments: how each is to be taken, and which have been asked for."""

from sqlalchemy import Column, Date, Index, Table, Uuid

from contracts.vocabulary import Repeats
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# Payments are asked for from `counts_from` on, at the days that `starts_on` and the period give.
# `due_on` is the next of them, and `due_at` when it begins for the customer; empty: none is due.
# `content` is how it is paid, and how much.
subscriptions = Table(
    "subscriptions",
    metadata,
    name("customer_ref", primary_key=True),
    name("subscription_id", primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("content", Sealed, nullable=False),
    Column("repeats", Word(Repeats), nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("counts_from", Date, nullable=False),
    Column("ended_on", Date),
    Column("due_on", Date, nullable=False),
    instant("due_at"),
    instant("changed_at", nullable=False),
)
_due = subscriptions.c.due_at.is_not(None)
Index("ix_subscriptions_due", subscriptions.c.due_at, postgresql_where=_due, sqlite_where=_due)

# The key is the promise: no period is asked for twice.
payment_requests = Table(
    "payment_requests",
    metadata,
    name("customer_ref", primary_key=True),
    name("subscription_id", primary_key=True),
    Column("due_on", Date, primary_key=True),
    name("request_id", nullable=False, unique=True),
    instant("requested_at", nullable=False),
)
