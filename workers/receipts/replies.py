"""What does a customer's text change? STOP bars texts to the number, and START lifts that.

RELEASE sends what their rules hold, and a code confirms that a text was read. What each word
means, ``workers.routing.keywords`` says.
"""

from collections.abc import Collection
from dataclasses import dataclass

from contracts.planning import LanePolicy
from contracts.vocabulary import Channel, Purpose, Reason, ReplyKind, SuppressedBy
from store.customers.changes import lift_suppressions, suppress
from store.customers.known import Readings
from store.deliveries import holding
from store.deliveries.acknowledging import Answered, acknowledge
from store.deliveries.adding import Due
from store.deliveries.ending import suppress_unsent
from store.engine import Transaction
from store.evidence import replies
from store.evidence.replies import Reply
from workers.following_up import advances, follow_up
from workers.routing.keywords import Asked


@dataclass(frozen=True, slots=True)
class TakenReply:
    """Whether a reply was new, and what is due by it now.

    ``code`` is what a code meant, ``released`` how much of what was held goes out.
    """

    fresh: bool
    due: tuple[Due, ...] = ()
    code: Answered | None = None
    released: int | None = None


def apply_reply(
    tx: Transaction, reply: Reply, asked: Asked, readings: Readings, policy: LanePolicy
) -> TakenReply:
    """Keep a reply and do what it asks; one that comes again does nothing.

    By STOP, what waits to be sent to that number by text goes on to its rule's next step, or is
    on record as not sent.
    """
    if not replies.keep(tx, reply):
        return TakenReply(fresh=False)
    value_index = tx.store.root.index("destination", reply.sender)
    match asked.kind:
        case ReplyKind.STOP:
            due = _stop(tx, value_index, asked.purposes, readings, policy)
            return TakenReply(fresh=True, due=tuple(due))
        case ReplyKind.START:
            lift_suppressions(tx, value_index, SuppressedBy.STOP, asked.purposes)
        case ReplyKind.CODE:
            return TakenReply(fresh=True, code=acknowledge(tx, value_index, asked.code))
        case ReplyKind.RELEASE:
            return _release(tx, value_index, policy)
        case ReplyKind.HELP | ReplyKind.TEXT:
            pass
    return TakenReply(fresh=True)


def _release(tx: Transaction, value_index: bytes, policy: LanePolicy) -> TakenReply:
    """Let go what is held for whoever's own, verified mobile this is; from any other, nothing."""
    refs = holding.customers_at(tx, value_index)
    if not refs:
        return TakenReply(fresh=True)
    due = holding.let_go(tx, holding.held_by(tx, refs), policy, "asked for by text")
    return TakenReply(fresh=True, due=tuple(due), released=len(due))


def _stop(
    tx: Transaction,
    value_index: bytes,
    purposes: Collection[Purpose],
    readings: Readings,
    policy: LanePolicy,
) -> list[Due]:
    for purpose in sorted(purposes):
        suppress(tx, value_index, purpose, Reason.OPTED_OUT, SuppressedBy.STOP)
    stopped = suppress_unsent(tx, value_index, Channel.SMS, purposes, Reason.OPTED_OUT, "stop")
    return follow_up(tx, readings, policy, [row for row in stopped if advances(row)])
