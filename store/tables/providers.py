"""Which providers may be used now: their breakers, and what operators paused."""

from sqlalchemy import Column, Integer, Table

from contracts.vocabulary import BreakerState, Channel, Reason
from store.tables.base import instant, metadata, name
from store.types import Word

# `place` is a provider's turn in its channel, from 0; empty: no longer set up, and kept because
# it may come back paused. `openings` counts how often it opened without having held since. Until
# `priced_until` it has been asked what its texts cost.
providers = Table(
    "providers",
    metadata,
    name("name", primary_key=True),
    Column("channel", Word(Channel), nullable=False),
    Column("place", Integer),
    Column("state", Word(BreakerState), nullable=False),
    Column("reason", Word(Reason)),
    name("code"),
    instant("opened_at"),
    instant("probe_at"),
    Column("openings", Integer, nullable=False),
    Column("harmless", Integer, nullable=False),
    instant("wait_until"),
    instant("usable_since"),
    instant("paused_at"),
    name("paused_by"),
    name("pause_reason"),
    name("resumed_by"),
    instant("priced_until"),
    instant("changed_at", nullable=False),
)
