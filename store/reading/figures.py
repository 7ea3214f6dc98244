"""How does the whole stand, in figures? For whoever watches it, every few seconds.

Each count is of what is open, by an index that holds that and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from contracts.vocabulary import ATTENTION, Channel, DeliveryStatus, Lane
from store.engine import Transaction
from store.providers import ProviderState, states
from store.reading.attention import rejected_count
from store.reading.clocks import Running, running
from store.reading.queues import QueueFigures, queue_figures
from store.tables import deliveries, waits


@dataclass(frozen=True, slots=True)
class Attention:
    """How many deliveries of one status and channel wait for an operator."""

    status: DeliveryStatus
    channel: Channel
    count: int


@dataclass(frozen=True, slots=True)
class Parked:
    """How many deliveries are parked in one lane of one channel."""

    lane: Lane
    channel: Channel
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The store's figures at one moment, by its own clock."""

    at: datetime
    queues: Sequence[QueueFigures]
    parked: Sequence[Parked]
    attention: Sequence[Attention]
    rejected: int
    waiting: int
    overdue: int
    clocks: Sequence[Running]
    providers: Sequence[ProviderState]


def figures(tx: Transaction) -> Figures:
    """Read all of them."""
    waiting, overdue = _waiting(tx)
    return Figures(
        tx.now,
        queue_figures(tx),
        _parked(tx),
        _attention(tx),
        rejected_count(tx),
        waiting,
        overdue,
        running(tx),
        states(tx),
    )


def _parked(tx: Transaction) -> list[Parked]:
    d = deliveries.c
    rows = tx.connection.execute(
        select(d.lane, d.channel, func.count())
        .where(d.status == DeliveryStatus.PARKED)
        .group_by(d.lane, d.channel)
    )
    return [Parked(*row) for row in rows]


def _attention(tx: Transaction) -> list[Attention]:
    d = deliveries.c
    rows = tx.connection.execute(
        select(d.status, d.channel, func.count())
        .where(d.status.in_(sorted(ATTENTION)))
        .group_by(d.status, d.channel)
    )
    return [Attention(*row) for row in rows]


def _waiting(tx: Transaction) -> tuple[int, int]:
    over = func.count(case((waits.c.limit_at <= tx.now, 1)))
    waiting, overdue = tx.connection.execute(select(func.count(), over).select_from(waits)).one()
    return int(waiting - overdue), int(overdue)
