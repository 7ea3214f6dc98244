"""How much waits in each lane of each channel, for how long, and how fast does it go?

Counted from partial indexes that hold what is open and nothing else, and from the last minute of
the record by its primary key: a backlog of hundreds of thousands costs some tens of milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from contracts.vocabulary import Channel, DeliveryStatus, Lane
from store.engine import Transaction
from store.tables import deliveries, ledger

RATE_SECONDS = 60
_CLOCKS_APART = timedelta(seconds=60)  # a row's id is by its writer's clock, its time by ours


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One lane of one channel.

    ``due`` should go now, ``later`` has its time still to come (a window, a retry), ``held`` waits
    for a verification, or for the mailroom's word. ``oldest_due`` is since when the oldest has
    been due. ``sent`` is how many providers accepted in the last ``RATE_SECONDS``.
    """

    lane: Lane
    channel: Channel
    due: int = 0
    later: int = 0
    held: int = 0
    oldest_due: datetime | None = None
    sending: int = 0
    uncertain: int = 0
    sent: int = 0

    def oldest_seconds(self, now: datetime) -> float | None:
        """For how long the oldest has been due."""
        return None if self.oldest_due is None else (now - self.oldest_due).total_seconds()


def queue_figures(tx: Transaction) -> list[QueueFigures]:
    """Give every lane of every channel that anything is known of, the most urgent lane first."""
    found: dict[tuple[Lane, Channel], QueueFigures] = {}
    for key, figures in (*_pending(tx), *_under_way(tx), *_sent(tx)):
        lane, channel = key
        found[key] = replace(found.get(key, QueueFigures(lane, channel)), **figures)
    lanes, channels = list(Lane), list(Channel)
    return [
        found[key] for key in sorted(found, key=lambda k: (lanes.index(k[0]), channels.index(k[1])))
    ]


_Found = Iterator[tuple[tuple[Lane, Channel], dict[str, Any]]]


def _pending(tx: Transaction) -> _Found:
    d = deliveries.c
    is_due = d.due_at <= tx.now
    rows = tx.connection.execute(
        select(
            d.lane,
            d.channel,
            func.count(case((is_due, 1))).label("due"),
            func.count(d.due_at).label("timed"),
            func.count().label("all"),
            func.min(case((is_due, d.due_at))).label("oldest"),
        )
        .where(d.status == DeliveryStatus.PENDING)
        .group_by(d.lane, d.channel)
    )
    for row in rows:
        figures = {
            "due": row.due,
            "later": row.timed - row.due,
            "held": row.all - row.timed,
            "oldest_due": row.oldest,
        }
        yield (row.lane, row.channel), figures


def _under_way(tx: Transaction) -> _Found:
    d = deliveries.c
    for status in (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN):
        rows = tx.connection.execute(
            select(d.lane, d.channel, func.count().label("many"))
            .where(d.status == status)
            .group_by(d.lane, d.channel)
        )
        for row in rows:
            yield (row.lane, row.channel), {status.value: row.many}


def _sent(tx: Transaction) -> _Found:
    since = tx.now - timedelta(seconds=RATE_SECONDS)
    rows = tx.connection.execute(
        select(ledger.c.lane, ledger.c.channel, func.count().label("many"))
        .where(
            ledger.c.id >= _first_id_of(since - _CLOCKS_APART),
            ledger.c.settled_at > since,
            ledger.c.outcome == DeliveryStatus.ACCEPTED.value,
            ledger.c.lane.is_not(None),
        )
        .group_by(ledger.c.lane, ledger.c.channel)
    )
    for row in rows:
        yield (row.lane, row.channel), {"sent": row.many}


def _first_id_of(moment: datetime) -> UUID:
    """Give the least id that a row made at a moment can have (``store.ids``)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
