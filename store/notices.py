"""Notices to everyone: planning tasks committed with their event, carried out in chunks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from store.engine import Transaction
from store.tables import planning_tasks


@dataclass(frozen=True, slots=True)
class Task:
    """One notice that is still to be planned for customers after ``after_customer``."""

    event_id: UUID
    after_customer: str
    planned: int


def next_task(tx: Transaction) -> Task | None:
    """Give the oldest task that is not done."""
    row = tx.connection.execute(
        select(planning_tasks)
        .where(planning_tasks.c.done_at.is_(None))
        .order_by(planning_tasks.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    return Task(row.event_id, row.after_customer, row.planned) if row else None


def advance(tx: Transaction, task: Task, upto: str | None, planned: int) -> None:
    """Note how far a task has come; without ``upto`` it is done."""
    values = {"done_at": tx.now} if upto is None else {"after_customer": upto}
    tx.connection.execute(
        update(planning_tasks)
        .where(planning_tasks.c.event_id == task.event_id)
        .values(planned=task.planned + planned, **values)
    )
