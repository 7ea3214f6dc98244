"""What does a customer's text change? STOP bars texts to the number, and START lifts that."""

from dataclasses import dataclass

from contracts.planning import LanePolicy
from contracts.vocabulary import Channel, Purpose, Reason, ReplyKind, SuppressedBy
from store import replies
from store.customer_changes import lift_suppressions, suppress
from store.customers import Readings
from store.deliveries.adding import Due
from store.deliveries.ending import suppress_unsent
from store.engine import Transaction
from store.replies import Reply
from workers.following_up import advances, follow_up

# All that goes out by text: only a live call is never one, and STOP is no word about calls.
TEXTED = tuple(sorted(purpose for purpose in Purpose if purpose is not Purpose.CALLS))


@dataclass(frozen=True, slots=True)
class TakenReply:
    """Whether a reply was new, and what is due by it now."""

    fresh: bool
    due: tuple[Due, ...] = ()


def apply_reply(
    tx: Transaction, reply: Reply, readings: Readings, policy: LanePolicy
) -> TakenReply:
    """Keep a reply and do what it asks; one that comes again does nothing.

    By STOP, what waits to be sent to that number by text goes on to its rule's next step, or is
    on record as not sent.
    """
    if not replies.keep(tx, reply):
        return TakenReply(fresh=False)
    value_index = tx.store.master.index("destination", reply.sender)
    due: list[Due] = []
    match reply.kind:
        case ReplyKind.STOP:
            for purpose in TEXTED:
                suppress(tx, value_index, purpose, Reason.OPTED_OUT, SuppressedBy.STOP)
            stopped = suppress_unsent(tx, value_index, Channel.SMS, Reason.OPTED_OUT, "stop")
            due = follow_up(tx, readings, policy, [row for row in stopped if advances(row)])
        case ReplyKind.START:
            lift_suppressions(tx, value_index, SuppressedBy.STOP)
        case ReplyKind.HELP | ReplyKind.CODE | ReplyKind.TEXT:
            pass
    return TakenReply(fresh=True, due=tuple(due))
