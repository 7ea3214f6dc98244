"""How a provider's answer is kept: the attempt always, the delivery if the claim still holds.

Evidence of sending beats not knowing: an acceptance also settles a delivery that has meanwhile
been called uncertain or parked, or waits to be sent again, as long as it was not tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.vocabulary import DeliveryStatus, Reason
from store import bulk
from store.deliveries.claiming import Claimed, where
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import attempts

_STILL_OURS = (DeliveryStatus.SENDING,)
_OPEN_TO_EVIDENCE = (
    DeliveryStatus.SENDING,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.PARKED,
    DeliveryStatus.PENDING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one attempt, and what the delivery becomes by it.

    ``advance`` is for whoever plans what comes next: it changes nothing here.
    """

    claimed: Claimed
    verdict: str
    to: DeliveryStatus
    reason: Reason
    code: str | None = None
    provider: str | None = None
    reference: str | None = None
    due_at: datetime | None = None
    spends_attempt: bool = True
    content_digest: str = ""
    template_version: str | None = None
    marked: bool = False
    advance: bool = False


def record(tx: Transaction, results: Sequence[Result]) -> list[dict[str, Any]]:
    """Keep the results; give the rows of the deliveries that they changed."""
    ordered = sorted(results, key=lambda r: r.claimed.delivery_id)
    accepted = [r for r in ordered if r.to is DeliveryStatus.ACCEPTED]
    others = [r for r in ordered if r.to is not DeliveryStatus.ACCEPTED]
    changed = move(tx, [_move(r) for r in accepted], _OPEN_TO_EVIDENCE)
    changed += move(tx, [_move(r) for r in others], _STILL_OURS)
    # After the deliveries, as receipts do it: the other way round the two deadlock. No answer of
    # our own unsays the reference that a receipt has brought meanwhile.
    for referred in (True, False):
        bulk.update_rows(
            tx,
            attempts,
            ["delivery_id", "fence"],
            [_attempt(tx, r) for r in ordered if (r.reference is not None) == referred],
        )
    return [dict(row) for row in changed]


def _attempt(tx: Transaction, result: Result) -> dict[str, Any]:
    row = {
        "delivery_id": result.claimed.delivery_id,
        "fence": result.claimed.fence,
        "settled_at": tx.now,
        "verdict": result.verdict,
        "reason": result.reason,
        "code": result.code,
    }
    return row if result.reference is None else {**row, "reference": result.reference}


def _move(result: Result) -> Move:
    claimed = result.claimed
    return Move(
        delivery_id=claimed.delivery_id,
        to=result.to,
        reason=result.reason,
        detail=result.code,
        fence=claimed.fence,
        due_at=result.due_at,
        provider=result.provider,
        reference=result.reference,
        attempts=None if result.spends_attempt else claimed.tries - 1,
        template_version=result.template_version,
        attempted_at=claimed.started_at,
        where=where(claimed, result.content_digest),
        marked=result.marked,
    )
