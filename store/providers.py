"""Which providers may be used now? Their breakers, their waits, and what operators paused."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from contracts.vocabulary import BreakerState, Channel, Reason
from store import bulk
from store.engine import Transaction
from store.tables import providers


@dataclass(frozen=True, slots=True)
class Known:
    """A provider that is set up; ``place`` is its turn in its channel, from 0."""

    name: str
    channel: Channel
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """How a provider stands.

    ``reason`` and ``code`` say why it opened, or why it waits until ``wait_until``, last.
    ``openings`` counts how often it opened without having held since, ``harmless`` the probes
    that went well in a row. ``usable_since`` is when it last became usable again.
    """

    name: str
    channel: Channel
    place: int
    state: BreakerState = BreakerState.CLOSED
    reason: Reason | None = None
    code: str | None = None
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    openings: int = 0
    harmless: int = 0
    wait_until: datetime | None = None
    usable_since: datetime | None = None
    paused_at: datetime | None = None
    paused_by: str | None = None
    pause_reason: str | None = None
    resumed_by: str | None = None
    changed_at: datetime

    @property
    def paused(self) -> bool:
        """Whether an operator has taken it out of use."""
        return self.paused_at is not None

    def waits(self, now: datetime) -> bool:
        """Whether it told us to wait, and the time is not over."""
        return self.wait_until is not None and self.wait_until > now

    def usable(self, now: datetime) -> bool:
        """Whether it may be given something to send."""
        return self.state is BreakerState.CLOSED and not self.paused and not self.waits(now)


_COLUMNS = tuple(field.name for field in fields(ProviderState))
_BREAKER = (
    "state",
    "reason",
    "code",
    "opened_at",
    "probe_at",
    "openings",
    "harmless",
    "wait_until",
    "usable_since",
)


def states(tx: Transaction) -> list[ProviderState]:
    """Give every provider that is set up, by channel and in the order of its turn."""
    rows = tx.connection.execute(
        select(providers)
        .where(providers.c.place.is_not(None))
        .order_by(providers.c.channel, providers.c.place)
    )
    return [_state(row) for row in rows]


def pause(tx: Transaction, name: str, by: str, reason: str) -> ProviderState | None:
    """Take a provider out of use until it is resumed; none: there is no such provider.

    The next of its channel takes over; where none is left the channel stands still, and what is
    due waits. What is paused already stays as it is, with who paused it first.
    """
    state = locked(tx, name)
    if state is None or state.paused:
        return state
    return _set(
        tx, name, {"paused_at": tx.now, "paused_by": by, "pause_reason": reason, "resumed_by": None}
    )


def resume(tx: Transaction, name: str, by: str) -> ProviderState | None:
    """Put a paused provider back into use; none: there is no such provider.

    A breaker that is open stays open: it closes by probes alone.
    """
    state = locked(tx, name)
    if state is None or not state.paused:
        return state
    return _set(
        tx,
        name,
        {
            "paused_at": None,
            "paused_by": None,
            "pause_reason": None,
            "resumed_by": by,
            "usable_since": tx.now,
        },
    )


def know(tx: Transaction, known: Sequence[Known]) -> None:
    """Note which providers are set up, and their order; new ones begin closed.

    The others are no longer shown or used. Their rows stay: one that comes back is still paused.
    """
    ordered = sorted(known, key=lambda one: one.name)
    new = [
        {
            "name": one.name,
            "channel": one.channel,
            "place": one.place,
            "state": BreakerState.CLOSED,
            "openings": 0,
            "harmless": 0,
            "changed_at": tx.now,
        }
        for one in ordered
    ]
    bulk.insert_rows(tx, providers, new, skip_existing=True)
    kept = tx.connection.execute(
        select(providers.c.name, providers.c.channel, providers.c.place)
        .order_by(providers.c.name)
        .with_for_update()
    ).all()
    wanted = {one.name: one for one in ordered}
    for row in kept:
        one = wanted.get(row.name)
        channel, place = (one.channel, one.place) if one else (row.channel, None)
        if (row.channel, row.place) != (channel, place):
            _set(tx, row.name, {"channel": channel, "place": place})


def locked(tx: Transaction, name: str) -> ProviderState | None:
    """Give one provider that is set up, held until the end of the transaction."""
    row = tx.connection.execute(
        select(providers)
        .where(providers.c.name == name, providers.c.place.is_not(None))
        .with_for_update()
    ).first()
    return None if row is None else _state(row)


def save(tx: Transaction, state: ProviderState) -> ProviderState:
    """Keep what became of a provider's breaker; ``locked`` must have given what it was.

    What operators and settings decide (pause, place) is not touched.
    """
    return _set(tx, state.name, {column: getattr(state, column) for column in _BREAKER})


def _set(tx: Transaction, name: str, values: dict[str, Any]) -> ProviderState:
    row = tx.connection.execute(
        update(providers)
        .where(providers.c.name == name)
        .values(**values, changed_at=tx.now)
        .returning(*providers.c)
    ).one()
    return _state(row)


def _state(row: Row[Any]) -> ProviderState:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return ProviderState(**{column: found[column] for column in _COLUMNS})
