"""How many entries of the ledger are alike, by month? Counted from the entries themselves.

What a provider charged is a later word about a send, and no outcome: such entries are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Subquery, case, func, select

from contracts.vocabulary import Channel, Reason, Service
from store.engine import Transaction
from store.tables import ledger


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its name, as ``2026-10``: the instants from ``begin`` on, before ``end``."""

    name: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """So many entries of a month that are alike, and how many customers they are about."""

    month: str
    service: Service | None
    channel: Channel | None
    outcome: str
    entries: int
    customers: int


def first_entry_at(tx: Transaction) -> datetime | None:
    """Give when the oldest entry was settled."""
    _through_the_table(tx)
    first: datetime | None = tx.connection.execute(select(func.min(ledger.c.settled_at))).scalar()
    return first


def cells(tx: Transaction, months: Sequence[Month]) -> list[Cell]:
    """Count the entries of some months, which follow one another; empty cells are not given."""
    if not months:
        return []
    _through_the_table(tx)
    e = ledger.c
    alike = (e.service, e.channel, e.outcome)
    c = _of_each_customer(months, *alike).c
    kinds = (c.month, *(c[column.name] for column in alike))
    sums = (func.sum(c.entries).label("entries"), func.count().label("customers"))
    counted = select(*kinds, *sums).group_by(*kinds).order_by(*kinds)
    return [
        Cell(
            month=months[row.month].name,
            service=row.service,
            channel=row.channel,
            outcome=row.outcome,
            entries=int(row.entries),
            customers=row.customers,
        )
        for row in tx.connection.execute(counted)
    ]


def customers(tx: Transaction, months: Sequence[Month]) -> dict[str, int]:
    """Give how many customers the entries of each month are about."""
    if not months:
        return {}
    _through_the_table(tx)
    month = _of_each_customer(months).c.month
    counted = tx.connection.execute(select(month, func.count()).group_by(month))
    return {months[number].name: count for number, count in counted}


def _of_each_customer(months: Sequence[Month], *alike: Column[Any]) -> Subquery:
    e = ledger.c
    month = case(*((e.settled_at < one.end, number) for number, one in enumerate(months)))
    return (
        select(month.label("month"), *alike, e.customer_ref, func.count().label("entries"))
        .where(
            e.settled_at >= months[0].begin,
            e.settled_at < months[-1].end,
            e.reason != Reason.PRICED,
        )
        .group_by("month", *alike, e.customer_ref)
        .subquery()
    )


def _through_the_table(tx: Transaction) -> None:
    """Let PostgreSQL go through the whole table, which is off elsewhere: here it is the way."""
    if tx.postgresql:
        tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
