"""How a provider's answer is kept: the attempt always, the delivery if the claim still holds.

Evidence beats not knowing, as long as the delivery was not tried again: an acceptance also settles
one that has meanwhile been called uncertain or parked, or waits to be sent again (but not where a
receipt told of it before, for then an operator sends it again knowing that); a definite
refusal, or the proof that nothing left, makes of an uncertain one what it would have made at once.
What is parked is in a person's hands: such proof stands on the attempt for them to see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.rule_words import Acknowledge
from contracts.vocabulary import DeliveryStatus, Reason
from store import bulk
from store.deliveries.claiming import Claimed, Gathered, where
from store.deliveries.earlier import Taken, taken_earlier
from store.deliveries.receiving import BY_RECEIPT
from store.deliveries.siblings import stop_others
from store.deliveries.transitions import Move, hold, move
from store.engine import Transaction
from store.record import ledger
from store.record.ledger import Entry, Where
from store.tables import attempts, deliveries

_NO_PROOF_OF_ABSENCE = frozenset({DeliveryStatus.ACCEPTED, DeliveryStatus.UNCERTAIN})
_STILL_OURS = (DeliveryStatus.SENDING,)
_OPEN_TO_PROOF = (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)
_OPEN_TO_EVIDENCE = (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN, DeliveryStatus.PARKED)
_GOES_AGAIN = (DeliveryStatus.PENDING,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one attempt, and what the delivery becomes by it.

    ``advance`` is for whoever plans what comes next, and so are the events that go ``apart``: they
    change nothing here.
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
    segments: int | None = None
    marked: bool = False
    advance: bool = False
    apart: tuple[UUID, ...] = ()


def record(tx: Transaction, results: Sequence[Result]) -> list[dict[str, Any]]:
    """Keep the results; give the rows of the deliveries that they changed."""
    answered = sorted(results, key=lambda r: r.claimed.delivery_id)
    ordered = _with_earlier(tx, answered)
    accepted = [r for r in ordered if r.to is DeliveryStatus.ACCEPTED]
    unknown = [r for r in ordered if r.to is DeliveryStatus.UNCERTAIN]
    definite = [r for r in ordered if r.to not in _NO_PROOF_OF_ABSENCE]
    if len(accepted) < len(ordered):
        # All accepted are one update; others are several, and receipts take theirs by id.
        hold(tx, [r.claimed.delivery_id for r in ordered])
    changed = move(tx, [_move(r) for r in accepted], _OPEN_TO_EVIDENCE)
    told = {row["id"] for row in changed}
    late = _unrecorded(tx, [r for r in accepted if r.claimed.delivery_id not in told])
    again = move(tx, [_move(r) for r, verdict in late if verdict != BY_RECEIPT], _GOES_AGAIN)
    changed += again
    told = {row["id"] for row in again}
    untold = [r for r, _ in late if r.claimed.delivery_id not in told]
    ledger.append(tx, [each for r in untold for each in _late_entries(tx, r)])
    # A bounce that came first knew no reference; by that the delivery is looked up.
    bulk.update_rows(
        tx,
        deliveries,
        ["id", "fence"],
        [
            {"id": r.claimed.delivery_id, "fence": r.claimed.fence, "reference": r.reference}
            for r in untold
            if r.reference is not None
        ],
        only_if="t.reference IS NULL",
    )
    changed += move(tx, [_move(r) for r in definite], _OPEN_TO_PROOF)
    changed += move(tx, [_move(r) for r in unknown], _STILL_OURS)
    # After the deliveries, as receipts do it: the other way round the two deadlock. No answer of
    # our own unsays what a receipt has brought meanwhile.
    for referred in (True, False):
        bulk.update_rows(
            tx,
            attempts,
            ["delivery_id", "fence"],
            [_attempt(tx, r) for r in answered if (r.reference is not None) == referred],
            only_if="" if referred else f"t.verdict IS NULL OR t.verdict <> '{BY_RECEIPT}'",
        )
    stop_others(tx, changed)
    return [dict(row) for row in changed]


def _with_earlier(tx: Transaction, results: Sequence[Result]) -> list[Result]:
    """Call accepted what did not get through now, and had done so before without our knowing."""
    again = [r for r in results if r.claimed.marked and r.to is not DeliveryStatus.ACCEPTED]
    taken = taken_earlier(tx, [r.claimed.delivery_id for r in again])
    if not taken:
        return list(results)
    return [
        r
        if r.to is DeliveryStatus.ACCEPTED or r.claimed.delivery_id not in taken
        else _by_earlier(r, taken[r.claimed.delivery_id])
        for r in results
    ]


def _by_earlier(result: Result, taken: Taken) -> Result:
    return replace(
        result,
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        code=f"attempt {taken.attempt}",
        provider=taken.provider,
        reference=taken.reference,
        due_at=None,
        advance=False,
    )


def _unrecorded(tx: Transaction, results: Sequence[Result]) -> list[tuple[Result, str | None]]:
    """Leave out what an earlier try at this recording has committed after all.

    Beside each stands what its attempt's verdict is so far.
    """
    if not results:
        return []
    ids = sorted({r.claimed.delivery_id for r in results})
    verdicts = {
        (row.delivery_id, row.fence): row.verdict
        for row in tx.connection.execute(
            select(attempts.c.delivery_id, attempts.c.fence, attempts.c.verdict).where(
                bulk.among(tx, attempts.c.delivery_id, ids)
            )
        )
    }
    before = [(r, verdicts.get((r.claimed.delivery_id, r.claimed.fence))) for r in results]
    return [(r, verdict) for r, verdict in before if verdict != r.verdict]


def _late_entries(tx: Transaction, result: Result) -> Iterator[tuple[Entry, Where]]:
    """Put on the ledger an acceptance that changes no status any more.

    A receipt came first and is an entry already; what was sent, and by which template, only this
    one knows. A later word is a later entry.
    """
    claimed = result.claimed
    segments = result.segments  # of one that gathers, they stand on its first event's entry
    for about in claimed.gathered or (claimed,):
        entry = _late_entry(tx, result, about, segments)
        yield entry, where(claimed, result.content_digest)
        segments = None


def _late_entry(
    tx: Transaction, result: Result, about: Claimed | Gathered, segments: int | None
) -> Entry:
    claimed = result.claimed
    return Entry(
        customer_ref=claimed.customer_ref,
        event_id=about.event_id,
        delivery_id=claimed.delivery_id,
        rule_id=about.rule_id,
        rule_version=about.rule_version,
        step=about.step,
        channel=claimed.channel,
        lane=claimed.lane,
        purpose=claimed.purpose,
        service=about.service,
        destination_id=claimed.destination_id,
        outcome=result.to.value,
        reason=result.reason,
        marked=claimed.marked,
        attempt=claimed.tries,
        provider=result.provider,
        reference=result.reference,
        template_version=result.template_version,
        segments=segments,
        policy_version=tx.policy_version,
        intended_at=claimed.first_due_at,
        attempted_at=claimed.started_at,
        settled_at=tx.now,
    )


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
        segments=result.segments if result.to is DeliveryStatus.ACCEPTED else None,
        attempted_at=claimed.started_at,
        where=where(claimed, result.content_digest),
        marked=result.marked,
        reached=_reaches(result),
    )


def _reaches(result: Result) -> bool:
    """Whether nothing more has to follow: the step asks for no other word than the provider's."""
    claimed = result.claimed
    return (
        result.to is DeliveryStatus.ACCEPTED
        and claimed.mode.in_turn
        and claimed.acknowledge is Acknowledge.NONE
    )
