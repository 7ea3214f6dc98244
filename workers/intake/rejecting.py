"""How an event is rejected: kept without what must not be kept, listed, and answered."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contracts.events import TYPES
from contracts.problems import Problem
from contracts.vocabulary import Answer, EventStatus
from store import inbox
from store.engine import Transaction
from store.inbox import Kept, Named
from store.outbox import Outcome, to_publisher
from store.rights import erased
from workers.intake.submission import Answered, Submission

_KEPT_NOWHERE = "onward.identity."  # malformed or not: it may be kept in the vault alone


def reject(
    tx: Transaction,
    submission: Submission,
    problems: Sequence[Problem],
    named: Named,
) -> tuple[Answered, Outcome]:
    """Put a submission among the rejected; give the answer and the ``event.rejected``."""
    barred = named.event_type is not None and named.event_type.startswith(_KEPT_NOWHERE)
    row_id = inbox.reject(
        tx,
        publisher=submission.publisher.name,
        route=submission.route,
        problems=_listed(problems),
        body=None if barred or _is_erased(tx, named) else submission.keepable(),
        named=named,
    )
    answer = Answered(Answer.REJECTED, named.source, named.event_id, row_id, tuple(problems))
    told = _told(tx, row_id, submission.publisher.name, named, problems)
    return answer, told


def _is_erased(tx: Transaction, named: Named) -> bool:
    """Whether it tells of somebody who was erased, whatever else is wrong with it."""
    return named.subject is not None and bool(erased.among(tx, [named.subject]))


def refuse_late(tx: Transaction, kept: Kept, problems: Sequence[Problem]) -> Outcome:
    """Put an event that has waited, and turned out impossible, among the rejected."""
    inbox.take_up(tx, kept, kept.customer_ref, None, EventStatus.REFUSED)
    subject = kept.customer_ref or kept.head["subject"]
    named = Named(kept.source, kept.event_id, kept.type, subject)
    row_id = inbox.reject(
        tx,
        publisher=kept.publisher,
        route="waiting",
        problems=_listed(problems),
        body=_as_received(kept),
        named=named,
    )
    return _told(tx, row_id, kept.publisher, named, problems)


def _as_received(kept: Kept) -> bytes:
    """An event as its publisher may send it again, mended."""
    envelope = {
        "specversion": "1.0",
        "source": kept.source,
        "id": kept.event_id,
        "type": TYPES[kept.type].wire,
        **kept.head["extensions"],
        "data": json.loads(kept.data),
    }
    if kept.head["subject"] is not None:
        envelope["subject"] = kept.head["subject"]
    return json.dumps(envelope).encode()


def _listed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"path": p.path, "code": p.code.value, "text": p.text} for p in problems]


def _told(
    tx: Transaction, row_id: UUID, publisher: str, named: Named, problems: Sequence[Problem]
) -> Outcome:
    facts: dict[str, Any] = {
        "source": named.source,
        "id": named.event_id,
        "errors": _listed(problems),
    }
    return Outcome(
        id=f"{row_id}:rejected",
        audience=to_publisher(publisher),
        name="event.rejected",
        at=tx.now,
        facts=facts,
    )
