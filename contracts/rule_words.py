"""The closed words of a rule, spelled as on the events page."""

from enum import StrEnum
from typing import Literal


class Matchable(StrEnum):
    """The event types that a rule can match."""

    CALL_MESSAGE_TAKEN = "call.message_taken"
    CALL_WAITING = "call.waiting"
    POST_RECEIVED = "post.received"
    POST_SCANNED = "post.scanned"
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_OVERDUE = "invoice.overdue"
    PAYMENT_FAILED = "payment.failed"


class Timing(StrEnum):
    """When a rule sends; a digest is an object of its own (`Digested`)."""

    NOW = "now"
    NEXT_WINDOW = "next_window"
    HOLD = "hold"
    NONE = "none"


class CallerKind(StrEnum):
    """Which callers a rule matches, by the lists in `preferences.set`."""

    VIP = "vip"
    BLOCKED = "blocked"
    ANY = "any"


class BankHolidays(StrEnum):
    """What a bank holiday is to a window: closed, a day like others, or the only open day."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


class Acknowledge(StrEnum):
    """What counts as having reached the customer at a step."""

    NONE = "none"
    RECEIPT = "receipt"
    CODE = "code"


class Ring(StrEnum):
    """How the numbers of a live call are rung."""

    IN_ORDER = "in_order"
    ALL = "all"


class CallerId(StrEnum):
    """Whose number the customer sees when a live call is put through."""

    CALLER = "caller"
    DIALLED = "dialled"


class Fallback(StrEnum):
    """What becomes of a live call that nobody answered."""

    MESSAGE = "message"
    AGENT = "agent"


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PostClass = Literal["letter", "large_letter", "packet", "parcel"]
SenderClass = Literal["official", "bank", "court", "business", "unknown"]
Contained = Literal["cheque", "card", "identity_document", "legal"]
