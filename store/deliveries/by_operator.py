"""What an operator's word makes of deliveries: back to work, closed, sent after all, or not.

First they are weighed, locked until the end of the transaction: each may be done, or is refused
with a word for why. What may be done is then done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from contracts.planning import LanePolicy
from contracts.vocabulary import (
    ATTENTION,
    Channel,
    DeliveryStatus,
    Lane,
    Purpose,
    Reason,
    Refusal,
    Verb,
)
from store import bulk
from store.deliveries.adding import end_of_wait
from store.deliveries.claiming import (
    barred_from_place,
    consents_of,
    no_longer_wanted,
    with_surroundings,
)
from store.deliveries.siblings import reached_before
from store.deliveries.transitions import Move, move
from store.encryption.keys import owned_by_key
from store.engine import Transaction
from store.tables import attempts, data_keys, deliveries

SAID_SENT = "said_sent"  # the verdict of an attempt that an operator has settled
SAID_NOT_SENT = "said_not_sent"

_S = DeliveryStatus
_UNSETTLED = frozenset({_S.UNCERTAIN, _S.PARKED})
_NEVER_MADE = frozenset({Reason.UNUSABLE_DOCUMENT, Reason.TEMPLATE_FAILED})
_NEVER_LEFT = frozenset({"deferred", "rejected", "not_begun", SAID_NOT_SENT})
_FROM: Mapping[Verb, tuple[frozenset[DeliveryStatus], Refusal]] = {
    Verb.REPLAY: (ATTENTION, Refusal.NOT_WAITING),
    Verb.CANCEL: (ATTENTION | {_S.PENDING}, Refusal.NOT_STOPPABLE),
    Verb.RESOLVE: (_UNSETTLED, Refusal.NOT_UNSETTLED),
    Verb.RELEASE: (frozenset({_S.PENDING, _S.PARKED}), Refusal.NOT_HELD),
}
# Parked, and no doubt about what was sent: nothing is to be settled.
_KNOWN_FATE = frozenset({Reason.HELD, Reason.NOT_ACKNOWLEDGED})
_REFUSALS: Mapping[Reason, Refusal] = {
    Reason.WITHDRAWN: Refusal.WITHDRAWN,
    Reason.OVERTAKEN: Refusal.OVERTAKEN,
    Reason.SERVICE_TERMINATED: Refusal.SERVICE_TERMINATED,
    Reason.DESTINATION_REMOVED: Refusal.DESTINATION_REMOVED,
    Reason.DESTINATION_UNVERIFIED: Refusal.DESTINATION_UNVERIFIED,
    Reason.DESTINATION_CONTESTED: Refusal.DESTINATION_CONTESTED,
    Reason.OPTED_OUT: Refusal.OPTED_OUT,
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One delivery as it stands; ``refusal`` says why nothing is done to it.

    ``may_have_left`` tells that an earlier attempt may have reached the customer.
    """

    delivery_id: UUID
    refusal: Refusal | None
    row: Row[Any] | None = None
    may_have_left: bool = False

    @property
    def customer_ref(self) -> str | None:
        """Whose it is."""
        return None if self.row is None else self.row.customer_ref


def weigh(tx: Transaction, verb: Verb, delivery_ids: Sequence[UUID]) -> list[Weighed]:
    """Lock deliveries, and say of each, in order, whether an operator may do ``verb`` to it."""
    wanted = sorted(set(delivery_ids))
    rows = tx.connection.execute(
        with_surroundings()
        .where(bulk.among(tx, deliveries.c.id, wanted))
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries)
    ).all()
    found = {row.id: row for row in rows}
    left = _may_have_left(tx, rows)
    refusals = _refusals(tx, verb, rows)
    return [
        Weighed(each, refusals.get(each), found[each], each in left)
        if each in found
        else Weighed(each, Refusal.UNKNOWN)
        for each in wanted
    ]


def revive(
    tx: Transaction, weighed: Sequence[Weighed], policy: LanePolicy
) -> list[Mapping[str, Any]]:
    """Make deliveries due at once: all their attempts before them, to the place as it now is.

    They are marked where an earlier attempt may have left us. A live call and an offer keep their
    deadline, anything else gets its lane's anew.
    """
    return _pending(tx, weighed, policy, {one.delivery_id for one in weighed if one.may_have_left})


def cancel(tx: Transaction, weighed: Sequence[Weighed]) -> list[Mapping[str, Any]]:
    """Close deliveries as no longer wanted."""
    moves = [
        Move(delivery_id=one.delivery_id, to=_S.CANCELLED, reason=Reason.OPERATOR)
        for one in weighed
    ]
    return move(tx, moves, sorted(_FROM[Verb.CANCEL][0]))


def say_sent(
    tx: Transaction, weighed: Sequence[Weighed], reference: str
) -> list[Mapping[str, Any]]:
    """Put on record that the last attempt was accepted, under the provider's reference for it."""
    moves = [
        Move(
            delivery_id=one.delivery_id,
            fence=one.row.fence,
            to=_S.ACCEPTED,
            reason=Reason.OPERATOR,
            reference=reference,
        )
        for one in weighed
        if one.row is not None
    ]
    _settle_attempts(tx, weighed, SAID_SENT, reference)
    return move(tx, moves, sorted(_UNSETTLED))


def say_not_sent(
    tx: Transaction, weighed: Sequence[Weighed], policy: LanePolicy
) -> list[Mapping[str, Any]]:
    """Put on record that the last attempt never left; it goes out again, and is not marked for it.

    What may no longer be sent is found impossible at its claim, and settled for that reason.
    """
    _settle_attempts(tx, weighed, SAID_NOT_SENT, None)
    return _pending(tx, weighed, policy, set())


def _pending(
    tx: Transaction, weighed: Sequence[Weighed], policy: LanePolicy, marked: set[UUID]
) -> list[Mapping[str, Any]]:
    moves = [
        _again(tx, one.row, policy, marked=one.row.id in marked)
        for one in weighed
        if one.row is not None
    ]
    return move(tx, moves, sorted(ATTENTION | _UNSETTLED))


def _again(tx: Transaction, row: Row[Any], policy: LanePolicy, *, marked: bool) -> Move:
    deadline_at = tx.now + timedelta(seconds=policy.deadline(row.lane))
    if _ends_by_itself(row):
        deadline_at = row.deadline_at
    return Move(
        delivery_id=row.id,
        fence=row.fence,
        to=_S.PENDING,
        reason=Reason.OPERATOR,
        due_at=tx.now,
        attempts=0,
        marked=marked,
        deadline_at=deadline_at,
        destination_version=row.version or row.destination_version,
        advance_at=end_of_wait(tx.now, row.wait_seconds, deadline_at),
    )


def _ends_by_itself(row: Row[Any]) -> bool:
    return row.lane is Lane.LIVE or row.purpose is Purpose.OFFERS


def _refusals(tx: Transaction, verb: Verb, rows: Sequence[Row[Any]]) -> dict[UUID, Refusal]:
    came_from, otherwise = _FROM[verb]
    agreed = consents_of(tx, rows)
    needless = reached_before(tx, rows)
    erased = _erased(tx, rows)
    refusals = {}
    for row in rows:
        refusal = None
        if row.channel is Channel.POST:
            refusal = Refusal.MAILROOMS
        elif row.status not in came_from or (verb is Verb.RESOLVE and row.reason in _NEVER_MADE):
            refusal = otherwise
        elif verb is Verb.RELEASE and (row.held_at is None or row.contested_at is not None):
            contested = row.contested_at is not None
            refusal = Refusal.DESTINATION_CONTESTED if contested else Refusal.NOT_HELD
        elif verb is Verb.RESOLVE and row.reason in _KNOWN_FATE:
            refusal = Refusal.NOT_UNSETTLED
        elif row.id in erased:
            refusal = Refusal.ERASED
        elif verb is Verb.REPLAY and row.id in needless:
            refusal = Refusal.SIBLING_REACHED
        elif verb is Verb.REPLAY:
            refusal = _obstacle(tx, row, agreed)
        if refusal is not None:
            refusals[row.id] = refusal
    return refusals


def _obstacle(
    tx: Transaction, row: Row[Any], agreed: frozenset[tuple[str, Channel]]
) -> Refusal | None:
    unwanted = no_longer_wanted(tx.now, row)
    if unwanted is not None:
        return _REFUSALS[unwanted]
    if _ends_by_itself(row) and row.deadline_at <= tx.now:
        return Refusal.LATE_CALL if row.lane is Lane.LIVE else Refusal.OFFER_OVER
    barred = barred_from_place(row, agreed)
    return None if barred is None else _REFUSALS.get(barred[1], Refusal.SUPPRESSED)


def _may_have_left(tx: Transaction, rows: Sequence[Row[Any]]) -> set[UUID]:
    """Find whose earlier attempts were not all refused for certain."""
    tried = tx.connection.execute(
        select(attempts.c.delivery_id, attempts.c.verdict, attempts.c.reference).where(
            bulk.among(tx, attempts.c.delivery_id, [row.id for row in rows])
        )
    )
    return {
        row.delivery_id
        for row in tried
        if row.reference is not None or row.verdict not in _NEVER_LEFT
    }


def _erased(tx: Transaction, rows: Sequence[Row[Any]]) -> set[UUID]:
    """Find those whose content no key opens any more."""
    keys = {row.id: owned_by_key(row.event_content) for row in rows}
    ids = sorted({key for key in keys.values() if key is not None})
    there = set(
        tx.connection.execute(
            select(data_keys.c.key_id).where(bulk.among(tx, data_keys.c.key_id, ids))
        ).scalars()
    )
    return {row_id for row_id, key in keys.items() if key is not None and key not in there}


def _settle_attempts(
    tx: Transaction, weighed: Sequence[Weighed], verdict: str, reference: str | None
) -> None:
    settled = {
        "settled_at": tx.now,
        "verdict": verdict,
        "reason": Reason.OPERATOR,
        **({} if reference is None else {"reference": reference}),
    }
    bulk.update_rows(
        tx,
        attempts,
        ["delivery_id", "fence"],
        [
            {"delivery_id": one.delivery_id, "fence": one.row.fence, **settled}
            for one in weighed
            if one.row is not None
        ],
    )
