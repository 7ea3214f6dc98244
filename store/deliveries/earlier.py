"""Was what is in doubt now taken at an earlier try after all, as has come out since?

A provider's answer may come on record late: the worker that had it died, and its journal was read
only after the delivery had been tried again. The customer has it then, whatever became of the later
try, and a further one would only tell them twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select

from store import bulk
from store.engine import Transaction
from store.tables import attempts, deliveries

ACCEPTED = "accepted"  # an attempt's verdict


@dataclass(frozen=True, slots=True)
class Taken:
    """An earlier try that a provider accepted, by its fence."""

    attempt: int
    provider: str
    reference: str | None


def taken_earlier(tx: Transaction, delivery_ids: Sequence[UUID]) -> dict[UUID, Taken]:
    """Find those whose earlier try was accepted, as came on record after the last one had begun.

    What was on record before is left out: then somebody sends it again who knows of it.
    """
    if not delivery_ids:
        return {}
    d, earlier, last = deliveries, attempts.alias("earlier"), attempts.alias("last")
    rows = tx.connection.execute(
        select(d.c.id, earlier.c.fence, earlier.c.provider, earlier.c.reference)
        .join(earlier, and_(earlier.c.delivery_id == d.c.id, earlier.c.fence < d.c.fence))
        .join(last, and_(last.c.delivery_id == d.c.id, last.c.fence == d.c.fence))
        .where(
            bulk.among(tx, d.c.id, sorted(set(delivery_ids))),
            earlier.c.verdict == ACCEPTED,
            earlier.c.settled_at > last.c.started_at,
        )
        .order_by(d.c.id, earlier.c.fence)
    )
    return {row.id: Taken(row.fence, row.provider, row.reference) for row in rows}
