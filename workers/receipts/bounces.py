"""What does mail that comes back change? As a receipt does: ranked, and in one transaction.

A report of failure makes the delivery undelivered. Whatever else comes to an attempt's address
(a report of delay, a holiday reply) shows that it was sent: who did not get it has not the address.
"""

from dataclasses import dataclass
from uuid import UUID

from contracts.planning import LanePolicy
from contracts.vocabulary import DeliveryStatus, Reason
from store.customers.known import Readings
from store.deliveries.receiving import Word, receive
from store.engine import Transaction
from store.evidence.bounced import BouncePolicy, note_bounce
from workers.following_up import advances, follow_up
from workers.receipts.apply import Applied
from workers.receipts.delivery_report import Action, Report, bounce_kind


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back of one attempt; without ``report`` it was some other mail."""

    delivery_id: UUID
    attempt: int
    report: Report | None


def apply_bounce(
    tx: Transaction,
    bounce: Bounce,
    readings: Readings,
    policy: LanePolicy,
    bounces: BouncePolicy,
) -> Applied:
    """Apply one; a repeated or late one changes nothing.

    An address that is said to be dead is barred from the delivery's purpose, until its owner
    verifies it again or an operator lifts it; one that is full, and the like, if it bounces often.
    """
    received = receive(tx, [_word(bounce)])[0]
    row = received.row
    if row is None:
        return Applied((received.told,), ())
    report = bounce.report
    if report is not None and report.action is Action.FAILED:
        kind = bounce_kind(report.status)
        note_bounce(tx, row, bounce.attempt, kind, report.status, bounces)
    due = follow_up(tx, readings, policy, [row] if advances(row) else [])
    return Applied((received.told,), tuple(due))


def _word(bounce: Bounce) -> Word:
    report = bounce.report
    to, reason, detail = DeliveryStatus.ACCEPTED, Reason.RECEIPT, "mail"
    if report is not None:
        detail = f"{report.action} {report.status}".rstrip()
        match report.action:
            case Action.FAILED:
                to, reason = DeliveryStatus.UNDELIVERED, Reason.BOUNCED
            case Action.DELIVERED | Action.RELAYED | Action.EXPANDED:
                to = DeliveryStatus.DELIVERED
            case Action.DELAYED:
                pass
    return Word(
        delivery_id=bounce.delivery_id, attempt=bounce.attempt, to=to, reason=reason, detail=detail
    )
