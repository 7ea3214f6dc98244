"""What one receipt changes, and what follows from it, in one transaction.

Twilio's words become ours by the tables of ``workers.providers.twilio_errors``; what a delivery
becomes by them is ``store.deliveries.receiving``'s to say, and what goes out instead
``workers.following_up``'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select

from contracts.costs import Cost
from contracts.events import load_data
from contracts.events.calls import CallWaiting
from contracts.planning import LanePolicy
from contracts.rule_words import Fallback
from contracts.vocabulary import Channel, DeliveryStatus, Reason, SuppressedBy
from store import inbox
from store.customers.changes import suppress_place
from store.customers.known import Readings, rules_at
from store.deliveries.adding import Due
from store.deliveries.receiving import Received, Told, Word, receive
from store.deliveries.siblings import stop_others
from store.engine import Transaction
from store.evidence import legs
from store.tables import deliveries
from workers.following_up import advances, follow_up
from workers.forwarded import tell_forwarded
from workers.providers.twilio_errors import (
    PASSING,
    PERMANENT,
    DialOutcome,
    dial_outcome,
    message_receipt,
)

_OVERRULING_RANK = 6
_RINGING = frozenset({"queued", "initiated", "ringing", "in-progress"})
_CALLER_THERE = frozenset({"", "in-progress", "ringing", "queued", "initiated"})
NOT_PUT_THROUGH: Mapping[DialOutcome, Reason] = MappingProxyType(
    {
        DialOutcome.BUSY: Reason.BUSY,
        DialOutcome.NO_ANSWER: Reason.NOT_ANSWERED,
        DialOutcome.NOT_ACCEPTED: Reason.NOT_ACCEPTED,
        DialOutcome.CANCELED: Reason.CALLER_GONE,
        DialOutcome.FAILED: Reason.PROVIDER_FAULT,
        DialOutcome.UNKNOWN: Reason.PROVIDER_FAULT,
    }
)


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """What Twilio says of one text: its ``word`` and, where it did not arrive, an error code.

    ``cost`` is what it charged, where it was looked up and says so.
    """

    delivery_id: UUID
    attempt: int
    sid: str
    word: str
    error_code: int | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class DialReceipt:
    """How the attempt to put one caller through ended, and where the caller's own leg stands.

    ``bridged`` is whether the caller was joined to anybody, where the provider says so. Where
    somebody ``must_press`` a key, picking up alone is no answer.
    """

    delivery_id: UUID
    attempt: int
    call_sid: str
    word: str
    seconds: int
    caller_status: str = ""
    bridged: bool | None = None
    must_press: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What receipts meant, in their order, and what is due now."""

    told: tuple[Told, ...]
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class AfterDial:
    """How a caller's call goes on.

    ``wait_seconds`` is how long the next number may take to be dialled; ``return_to`` is where
    the caller goes after that, or at once.
    """

    told: Told
    due: tuple[Due, ...]
    answered: bool = False
    return_to: str | None = None
    wait_seconds: int = 0


def apply(
    tx: Transaction,
    receipts: Sequence[MessageReceipt],
    readings: Readings,
    policy: LanePolicy,
) -> Applied:
    """Apply receipts of texts in their order; a repeated or late one changes nothing."""
    received = receive(tx, [_word_of_text(receipt) for receipt in receipts])
    for each in received:
        if each.row is not None and each.row["reason"] is Reason.OPTED_OUT:
            suppress_place(tx, each.row, Reason.OPTED_OUT, SuppressedBy.STOP)
    stop_others(tx, [each.row for each in received if each.row is not None])
    due = follow_up(tx, readings, policy, _to_follow(received))
    return Applied(tuple(each.told for each in received), tuple(due))


def apply_dial(
    tx: Transaction, receipt: DialReceipt, readings: Readings, policy: LanePolicy
) -> AfterDial:
    """Apply the end of one dialling, and say how the caller's call goes on."""
    if receipt.word.strip().lower() in _RINGING:  # seen in the provider's list, not yet over
        return AfterDial(receive(tx, [_word_of_ringing(receipt)])[0].told, ())
    outcome = _outcome_of(tx, receipt)
    answered = outcome is DialOutcome.ANSWERED
    received = receive(tx, [_word_of_dial(receipt, outcome)])[0]
    if received.told is Told.UNKNOWN:
        return AfterDial(Told.UNKNOWN, ())
    due = follow_up(tx, readings, policy, _to_follow([received]))
    if answered and received.row is not None:
        tell_forwarded(tx, received.row, "answered", receipt.seconds)
    event, fallback = _call_of(tx, receipt.delivery_id)
    if answered or event is None:
        return AfterDial(received.told, tuple(due), answered=answered)
    wait = 0
    if any(one.channel is Channel.CALL for one in due):
        left = event.not_after - tx.now
        wait = max(1, -(-left // timedelta(seconds=1)))
    return_to = None if fallback is Fallback.MESSAGE else event.return_to
    return AfterDial(received.told, tuple(due), return_to=return_to, wait_seconds=wait)


def _to_follow(received: Sequence[Received]) -> list[Mapping[str, object]]:
    return [each.row for each in received if each.row is not None and advances(each.row)]


def _word_of_text(receipt: MessageReceipt) -> Word:
    """A signed word that we do not know is evidence of sending all the same."""
    meaning = message_receipt(receipt.word)
    to = meaning.status or DeliveryStatus.ACCEPTED
    code = receipt.error_code
    reason = Reason.RECEIPT
    detail = receipt.word.strip().lower()[:60]
    if to is DeliveryStatus.UNDELIVERED and code is not None:
        reason = PERMANENT.get(code) or PASSING.get(code) or Reason.RECEIPT
        detail = f"{detail} {code}"
    return Word(
        delivery_id=receipt.delivery_id,
        attempt=receipt.attempt,
        to=to,
        reason=reason,
        detail=detail,
        reference=receipt.sid,
        overrules=meaning.rank >= _OVERRULING_RANK,
        cost=receipt.cost,
    )


def _outcome_of(tx: Transaction, receipt: DialReceipt) -> DialOutcome:
    """Twilio calls it `no-answer` too when the caller hung up while it rang.

    It is `completed` also where a voicemail picked up and was hung up on: then nobody was joined.
    """
    outcome = dial_outcome(receipt.word)
    if outcome is DialOutcome.ANSWERED and not _joined(tx, receipt):
        outcome = DialOutcome.NOT_ACCEPTED
    gone = receipt.caller_status.strip().lower() not in _CALLER_THERE
    if gone and outcome is not DialOutcome.ANSWERED:
        return DialOutcome.CANCELED
    return outcome


def _joined(tx: Transaction, receipt: DialReceipt) -> bool:
    if receipt.bridged is not None:
        return receipt.bridged
    if not receipt.must_press:
        return True
    return legs.was_accepted(tx, receipt.delivery_id, receipt.attempt)


def _word_of_dial(receipt: DialReceipt, outcome: DialOutcome) -> Word:
    if outcome is DialOutcome.ANSWERED:
        to, reason, detail = DeliveryStatus.DELIVERED, Reason.ANSWERED, f"{receipt.seconds} s"
    else:
        to, reason = DeliveryStatus.UNDELIVERED, NOT_PUT_THROUGH[outcome]
        detail = receipt.word.strip().lower()[:60]
    return Word(
        delivery_id=receipt.delivery_id,
        attempt=receipt.attempt,
        to=to,
        reason=reason,
        detail=detail,
        reference=receipt.call_sid,
    )


def _word_of_ringing(receipt: DialReceipt) -> Word:
    return Word(
        delivery_id=receipt.delivery_id,
        attempt=receipt.attempt,
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.RECEIPT,
        detail=receipt.word.strip().lower()[:60],
        reference=receipt.call_sid,
    )


def _call_of(tx: Transaction, delivery_id: UUID) -> tuple[CallWaiting | None, Fallback | None]:
    """The call that a delivery puts through, and what its rule wants where nobody takes it."""
    d = deliveries.c
    row = tx.connection.execute(
        select(d.event_id, d.customer_ref, d.rule_id, d.rule_version).where(d.id == delivery_id)
    ).first()
    for kept in inbox.load(tx, [row.event_id] if row is not None else []):
        call = load_data(kept.type, kept.data)
        if isinstance(call, CallWaiting):
            return call, _fallback(tx, row)
    return None, None


def _fallback(tx: Transaction, row: Any) -> Fallback | None:  # noqa: ANN401 - a row
    rules = rules_at(tx, row.customer_ref, row.rule_version)
    rule = rules.rule(row.rule_id) if rules is not None else None
    return rule.action.call.fallback if rule is not None and rule.action.call is not None else None
