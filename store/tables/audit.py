"""What operators did: each act with its reason, and what it was done to. None is changed."""

from sqlalchemy import Column, Index, Integer, Table, Uuid

from contracts.vocabulary import Target, Verb
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# `actor` is who acted, by the name given, and `account` the system account that it was done from.
# `reason` is a person's own words: sealed, under the customer's key where the act concerns one
# customer alone, and empty once one of them was erased. `policy_version` was in force.
acts = Table(
    "acts",
    metadata,
    Column("id", Uuid, primary_key=True),
    instant("at", nullable=False),
    name("actor", nullable=False),
    name("account", nullable=False),
    Column("verb", Word(Verb), nullable=False),
    Column("reason", Sealed),
    Column("done", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    name("policy_version", nullable=False),
)

# `answer` is `done`, or the word for why it was refused; `detail` what exactly was done.
# `customer_ref` is whom it concerns: with their records it goes.
act_targets = Table(
    "act_targets",
    metadata,
    Column("act_id", Uuid, primary_key=True),
    name("target", primary_key=True),
    Column("kind", Word(Target), nullable=False),
    name("answer", nullable=False),
    name("detail"),
    name("customer_ref", index=True),
)

Index("ix_act_targets_target", act_targets.c.target)
