"""What can operators do? Each verb is one transaction that checks, acts and puts the act on record.

Nothing here tells dispatch: what becomes due is hinted at by upkeep, within a second or so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.planning import LanePolicy
from contracts.vocabulary import Channel, DeliveryStatus, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.deliveries import by_operator
from store.deliveries.by_operator import Weighed
from store.engine import Store, Transaction
from workers.forwarded import end_of, tell_forwarded


@dataclass(frozen=True, slots=True)
class Performed:
    """What a verb did, or would have done: then there is no ``act`` on record."""

    verb: Verb
    act: UUID | None
    done: tuple[Concerned, ...]
    refused: tuple[Concerned, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """An operator's word that a provider took a send, under its ``reference`` for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """An operator's word that a send never left us."""


Evidence = Sent | NotSent


class Operations:
    """The verbs of an installation. With ``dry_run`` they check and do nothing."""

    def __init__(self, store: Store, policy: LanePolicy) -> None:
        self._store = store
        self._policy = policy

    def replay(self, delivery_ids: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Send back to work what waits for attention; marked where it may have been sent before."""
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.REPLAY, delivery_ids)
            if not dry_run:
                by_operator.revive(tx, _willing(weighed), self._policy)
            concerned = [
                _concerned(one, "marked" if one.may_have_left else None) for one in weighed
            ]
            return _performed(tx, Verb.REPLAY, by, concerned, dry_run=dry_run)

    def cancel(self, delivery_ids: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Close what is unsent or waits for attention; the call-centre learns of a waiting call."""
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.CANCEL, delivery_ids)
            if not dry_run:
                waited = {
                    one.delivery_id
                    for one in _willing(weighed)
                    if one.row is not None and one.row.status is DeliveryStatus.PENDING
                }
                for row in by_operator.cancel(tx, _willing(weighed)):
                    if row["channel"] is Channel.CALL and row["id"] in waited:
                        tell_forwarded(tx, row, end_of(row), 0)
            concerned = [_concerned(one, _was(one)) for one in weighed]
            return _performed(tx, Verb.CANCEL, by, concerned, dry_run=dry_run)

    def resolve(
        self, delivery_id: UUID, evidence: Evidence, by: By, *, dry_run: bool = False
    ) -> Performed:
        """Settle what is uncertain, or parked for it, by what a person has found out.

        Sent: it is accepted, and its record says that an operator said so. Not sent: it goes out.
        """
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.RESOLVE, [delivery_id])
            willing = _willing(weighed)
            match evidence:
                case Sent(reference):
                    detail = f"sent as {reference}"
                    if not dry_run:
                        by_operator.say_sent(tx, willing, reference)
                case NotSent():
                    detail = "not sent"
                    if not dry_run:
                        by_operator.say_not_sent(tx, willing, self._policy)
            concerned = [_concerned(one, detail) for one in weighed]
            return _performed(tx, Verb.RESOLVE, by, concerned, dry_run=dry_run)


def _willing(weighed: Sequence[Weighed]) -> list[Weighed]:
    return [one for one in weighed if one.refusal is None]


def _concerned(one: Weighed, detail: str | None) -> Concerned:
    done = one.refusal is None
    return Concerned(
        Target.DELIVERY,
        str(one.delivery_id),
        one.refusal,
        detail if done else _was(one),
        one.customer_ref,
    )


def _was(one: Weighed) -> str | None:
    return None if one.row is None else f"was {one.row.status.value}"


def _performed(
    tx: Transaction, verb: Verb, by: By, concerned: Sequence[Concerned], *, dry_run: bool
) -> Performed:
    act = audit.put(tx, verb, by, concerned) if concerned and not dry_run else None
    return Performed(
        verb,
        act,
        tuple(one for one in concerned if one.refusal is None),
        tuple(one for one in concerned if one.refusal is not None),
    )
