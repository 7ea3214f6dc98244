"""What Twilio's words mean to us: answers become verdicts, callback words become closed ones.

All of it is tables and pure functions. Twilio asks not to build on its error codes, because it
refines them: so only the status and a few codes that matter here are read, and everything else
falls back by status. Sources: twilio.com/docs/api/errors (each code's page and
twilio-error-codes.json), /docs/api/errors/20429 and 20500 (what is safe to send again),
/docs/messaging/api/message-resource (statuses), /docs/voice/twiml/dial (DialCallStatus).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from workers.providers.base import Deferred, Rejected, Unknown

# Refused for good: sending the same again would be refused again.
PERMANENT: Mapping[int, Reason] = {
    21211: Reason.INVALID_DESTINATION,  # invalid 'To' number
    21214: Reason.INVALID_DESTINATION,  # 'To' number cannot be reached
    21215: Reason.REFUSED,  # account may not call there
    21216: Reason.REFUSED,  # account may not call that number
    21217: Reason.INVALID_DESTINATION,  # number does not appear to be valid
    21220: Reason.CALLER_GONE,  # call is not in progress
    21265: Reason.INVALID_DESTINATION,  # 'To' is a short code
    21266: Reason.INVALID_DESTINATION,  # 'To' is 'From'
    21408: Reason.REFUSED,  # account may not text that region
    21610: Reason.OPTED_OUT,  # replied STOP
    21612: Reason.REFUSED,  # no route between this 'From' and this 'To'
    21614: Reason.INVALID_DESTINATION,  # 'To' is not a mobile number
    21617: Reason.REFUSED,  # longer than 1,600 characters
    21635: Reason.INVALID_DESTINATION,  # 'To' is a landline
    30004: Reason.REFUSED,  # blocked
    30005: Reason.INVALID_DESTINATION,  # unknown handset
    30006: Reason.INVALID_DESTINATION,  # landline, or a carrier out of reach
}

# Never acted on, and no fault of the delivery's: it waits, and keeps its attempts. A sender that
# the account may not use is a setting of ours: every delivery would fail by it.
WAITING: Mapping[int, Reason] = {
    14107: Reason.BUSY_PROVIDER,  # rate limit on messages
    20003: Reason.CREDENTIALS,  # wrong account or token
    20005: Reason.CREDENTIALS,  # account not active
    20403: Reason.CREDENTIALS,  # forbidden
    21212: Reason.CREDENTIALS,  # invalid 'From' number
    21603: Reason.CREDENTIALS,  # no 'From' number
    21659: Reason.CREDENTIALS,  # 'From' is no number of Twilio's
    21660: Reason.CREDENTIALS,  # 'From' is another account's
    30002: Reason.CREDENTIALS,  # account suspended
    20429: Reason.BUSY_PROVIDER,  # too many requests: "never processed"
    21611: Reason.BUSY_PROVIDER,  # this sender's queue is full
    30001: Reason.BUSY_PROVIDER,  # queue overflow
    63038: Reason.BUSY_PROVIDER,  # the account's daily limit
}

# What is wrong is whom it comes from. A customer's own sender is given up for that text.
SENDER_REFUSALS = frozenset({"21212", "21606", "21612", "21659", "21660"})

# Refused now, perhaps not later; an attempt is spent.
PASSING: Mapping[int, Reason] = {
    30003: Reason.PROVIDER_FAULT,  # handset out of reach
}

GAVE_UP_WAITING = frozenset({408, 499})  # a gateway's words: what lies behind it may have acted


def refusal(
    channel: Channel, status: int, code: int | None, retry_after: float | None
) -> Deferred | Rejected | Unknown:
    """The verdict on an answer other than 2xx.

    ``code`` is Twilio's own, or None where the body held none. An answer is definite only if it
    is a 4xx; all else (5xx above all) may follow a message already taken.
    """
    word = str(code) if code is not None else f"http-{status}"
    if not 400 <= status < 500 or status in GAVE_UP_WAITING:
        return Unknown(Reason.NO_ANSWER, word)
    match code:
        case 20404 if channel is Channel.CALL:  # no such resource: the path names the call
            return Rejected(Reason.CALLER_GONE, word)
        case 20404:  # the path names nothing but our account
            return Deferred(Reason.CREDENTIALS, word, retry_after, spends_attempt=False)
        case int() if code in WAITING:
            return _waits(WAITING[code], word, retry_after)
        case int() if code in PERMANENT:
            return Rejected(PERMANENT[code], word)
        case int() if code in PASSING:
            return Deferred(PASSING[code], word, retry_after)
    match status:
        case 429:
            return _waits(Reason.BUSY_PROVIDER, word, retry_after)
        case 401 | 403:
            return Deferred(Reason.CREDENTIALS, word, retry_after, spends_attempt=False)
        case _:
            return Rejected(Reason.REFUSED, word)


def _waits(reason: Reason, word: str, retry_after: float | None) -> Deferred:
    """Account and sender are the same for all that we send, and so is their limit."""
    busy = reason is Reason.BUSY_PROVIDER
    return Deferred(reason, word, retry_after, spends_attempt=False, concerns_all=busy)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a ``MessageStatus`` means: a later rank is a later word; ``status`` None means nothing.

    Callbacks repeat and overtake one another, so only a higher rank may change anything.
    """

    rank: int
    status: DeliveryStatus | None


NO_RECEIPT = Receipt(0, None)

MESSAGE_RECEIPTS: Mapping[str, Receipt] = {
    "accepted": Receipt(1, DeliveryStatus.ACCEPTED),
    "scheduled": Receipt(1, DeliveryStatus.ACCEPTED),
    "queued": Receipt(2, DeliveryStatus.ACCEPTED),
    "sending": Receipt(3, DeliveryStatus.ACCEPTED),
    "sent": Receipt(4, DeliveryStatus.ACCEPTED),
    "partially_delivered": Receipt(4, DeliveryStatus.ACCEPTED),
    "delivered": Receipt(5, DeliveryStatus.DELIVERED),
    "undelivered": Receipt(5, DeliveryStatus.UNDELIVERED),
    "failed": Receipt(5, DeliveryStatus.UNDELIVERED),
    "canceled": Receipt(5, DeliveryStatus.UNDELIVERED),
    "read": Receipt(6, DeliveryStatus.DELIVERED),
}


def message_receipt(word: str) -> Receipt:
    """The meaning of a ``MessageStatus``; a word Twilio adds later means nothing, and is no error.

    A signed callback is evidence that Twilio took the text, even where its word is unknown.
    """
    return MESSAGE_RECEIPTS.get(word.strip().lower(), NO_RECEIPT)


class DialOutcome(StrEnum):
    """How the attempt to reach a customer by telephone ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"  # the caller hung up while it rang
    NOT_ACCEPTED = "not_accepted"  # picked up, and nobody was joined: ours to find, never its word
    UNKNOWN = "unknown"


DIAL_OUTCOMES: Mapping[str, DialOutcome] = {
    "completed": DialOutcome.ANSWERED,
    "answered": DialOutcome.ANSWERED,
    "busy": DialOutcome.BUSY,
    "no-answer": DialOutcome.NO_ANSWER,
    "failed": DialOutcome.FAILED,
    "canceled": DialOutcome.CANCELED,
}


def dial_outcome(word: str) -> DialOutcome:
    """The meaning of a ``DialCallStatus``; never raises."""
    return DIAL_OUTCOMES.get(word.strip().lower(), DialOutcome.UNKNOWN)
