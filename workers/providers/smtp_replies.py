"""What does a mail server's reply mean for a delivery?

The rows below are searched from the top and the first that fits decides; a reply that no row
names is decided by its first digit (RFC 5321, section 4.2.1). Servers differ in what they
answer, so rows go by the enhanced code (RFC 3463) where one is given, and look into the words of
a reply only to tell a rate limit from a fault. No word of a reply is passed on: it may hold the
recipient's address.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from contracts.vocabulary import Reason
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict


class Stage(StrEnum):
    """How far a transaction had come when the reply arrived."""

    CONNECT = "connect"  # address, connection, greeting, EHLO, STARTTLS
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the reply to DATA, where 354 means: go on
    END = "end"  # the reply to the final dot


class Meaning(StrEnum):
    """What a refusal says about the delivery, and about us."""

    BUSY = "busy"  # slow down: told to wait, spends nothing
    OUTAGE = "outage"  # the server's own trouble: spends nothing
    FAULT = "fault"  # trouble with this delivery: spends an attempt
    STRANGER = "stranger"  # our configuration or account: spends nothing
    TOO_LARGE = "too_large"  # it takes none as large
    NO_SUCH = "no_such"  # the address is no good
    NEVER = "never"  # refused for good


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, its enhanced code where it gave one, and its text (never passed on)."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """Such as ``5.1.1``; empty where the reply has none."""
        found = ENHANCED.match(self.text)
        return found.group(1) if found else ""


@dataclass(frozen=True, slots=True)
class Row:
    """Fits replies whose code and enhanced code begin so, at these stages (none: all)."""

    code: str
    enhanced: str
    stages: frozenset[Stage]
    meaning: Meaning
    source: str


# The address itself is no good (RFC 3463, sections 3.2 and 3.3; RFC 7505): not full, not busy,
# not a matter of what was sent.
DEAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
RATE_WORDS = re.compile(
    r"\brates?\b|\btoo (?:many|fast|much)\b|throttl|gr[ae]y-?list|slow down|concurren",
    re.IGNORECASE,
)
RATE_CODES = frozenset({"421", "450", "451", "452"})
WAIT = re.compile(
    r"\b(?:in|after|for) (\d{1,5}) ?(s|secs?|seconds?|m|mins?|minutes?)\b", re.IGNORECASE
)
LONGEST_WAIT = 3600.0
SERVICE_CLOSING = 421
QUEUED_AS = (
    re.compile(r"\bqueued as ([A-Za-z0-9_.-]{1,64})", re.IGNORECASE),  # Postfix
    re.compile(r"\bid=([A-Za-z0-9_.-]{1,64})"),  # Exim
    re.compile(r"^(?:2\.\d\.\d )?([A-Za-z0-9]{8,32}) Message accepted", re.IGNORECASE),  # sendmail
)
UNSAFE = re.compile(r"\S*@\S*|[^\x21-\x7e]+")
REFERENCE_LIMIT = 120
ANY: frozenset[Stage] = frozenset()
OPENING = frozenset({Stage.CONNECT, Stage.AUTH})
BEFORE_RECIPIENT = frozenset({Stage.CONNECT, Stage.AUTH, Stage.MAIL})
RCPT = frozenset({Stage.RCPT})

ROWS = (
    # whose fault is it: ours
    Row("4", "", frozenset({Stage.AUTH}), Meaning.OUTAGE, "RFC 4954, section 6"),
    Row("5", "", frozenset({Stage.AUTH}), Meaning.STRANGER, "RFC 4954, section 6"),
    Row("530", "", ANY, Meaning.STRANGER, "RFC 4954, section 6; RFC 3207, section 4"),
    Row("534", "", ANY, Meaning.STRANGER, "RFC 4954, section 6"),
    Row("535", "", ANY, Meaning.STRANGER, "RFC 4954, section 6"),
    Row("538", "", ANY, Meaning.STRANGER, "RFC 4954, section 6"),
    # the server's
    Row("", "", frozenset({Stage.CONNECT}), Meaning.OUTAGE, "RFC 5321, section 3.1; RFC 7504"),
    Row("421", "", ANY, Meaning.OUTAGE, "RFC 5321, section 3.8"),
    Row("454", "", ANY, Meaning.OUTAGE, "RFC 3207, section 4"),
    Row("4", "4.7.", ANY, Meaning.BUSY, "RFC 3463, section 3.8: policy, and in practice rate"),
    Row("4", "4.3.", ANY, Meaning.OUTAGE, "RFC 3463, section 3.4: mail system status"),
    # the address's
    Row("5", "5.1.7", ANY, Meaning.NEVER, "RFC 3463, section 3.2: the sender's address"),
    Row("5", "5.1.8", ANY, Meaning.NEVER, "RFC 3463, section 3.2: the sender's system"),
    Row("5", "5.1.", ANY, Meaning.NO_SUCH, "RFC 3463, section 3.2; RFC 7505, section 4.1"),
    Row("5", "5.2.3", ANY, Meaning.TOO_LARGE, "RFC 3463, section 3.3: longer than is taken here"),
    Row("5", "5.3.4", ANY, Meaning.TOO_LARGE, "RFC 3463, section 3.4; RFC 1870, section 6"),
    Row("5", "5.2.1", ANY, Meaning.NO_SUCH, "RFC 3463, section 3.3: mailbox disabled"),
    Row("5", "5.", ANY, Meaning.NEVER, "RFC 3463: any other subject"),
    Row("550", "", RCPT, Meaning.NO_SUCH, "RFC 5321, section 4.2.3: mailbox unavailable"),
    Row("551", "", RCPT, Meaning.NO_SUCH, "RFC 5321, section 4.2.3: user not local"),
    Row("553", "", RCPT, Meaning.NO_SUCH, "RFC 5321, section 4.2.3: name not allowed"),
    Row("556", "", RCPT, Meaning.NO_SUCH, "RFC 7504, section 4: domain takes no mail"),
    # and what is left
    Row("4", "", ANY, Meaning.FAULT, "RFC 5321, section 4.2.1: transient negative"),
    Row("5", "", ANY, Meaning.NEVER, "RFC 5321, section 4.2.1: permanent negative"),
)


def positive(code: int) -> bool:
    """Whether the first digit says that it was done (RFC 5321, section 4.2.1)."""
    return 200 <= code < 300


def leaves_in_step(code: int) -> bool:
    """Whether the connection can go on after this reply: understood, and not closing."""
    return code // 100 in {2, 4, 5} and code != SERVICE_CLOSING


def refusal(stage: Stage, reply: Reply) -> Verdict:
    """The verdict on a reply that is not the one hoped for.

    A reply that is no reply (no three digits, or a 1xx, 2xx or 3xx out of place) is a definite
    fault before the final dot, and ``Unknown`` after it.
    """
    code = f"{stage} {reply.code} {reply.enhanced}".rstrip()
    meaning = meaning_of(stage, reply)
    match meaning:
        case None if stage is Stage.END:
            return Unknown(Reason.NO_ANSWER, code)
        case None | Meaning.FAULT:
            return Deferred(Reason.PROVIDER_FAULT, code, told_to_wait(reply))
        case Meaning.BUSY:
            return Deferred(
                Reason.BUSY_PROVIDER,
                code,
                told_to_wait(reply),
                spends_attempt=False,
                concerns_all=_concerns_all(stage, reply),
            )
        case Meaning.OUTAGE:
            reason = Reason.UNREACHABLE if stage in OPENING else Reason.PROVIDER_FAULT
            return Deferred(reason, code, told_to_wait(reply), spends_attempt=False)
        case Meaning.STRANGER:
            return Deferred(Reason.CREDENTIALS, code, spends_attempt=False)
        case Meaning.TOO_LARGE:
            return Rejected(Reason.EMAIL_TOO_LARGE, code)
        case Meaning.NO_SUCH:
            return Rejected(Reason.INVALID_DESTINATION, code)
        case Meaning.NEVER:
            return Rejected(Reason.REFUSED, code)


def meaning_of(stage: Stage, reply: Reply) -> Meaning | None:
    """What the reply means at this stage; None where it means nothing that we know."""
    code, enhanced = f"{reply.code:03}", reply.enhanced
    for row in ROWS:
        if (
            code.startswith(row.code)
            and enhanced.startswith(row.enhanced)
            and (not row.stages or stage in row.stages)
        ):
            limited = code in RATE_CODES and RATE_WORDS.search(reply.text)
            return Meaning.BUSY if limited and stage is not Stage.AUTH else row.meaning
    return None


def _concerns_all(stage: Stage, reply: Reply) -> bool:
    """Before a recipient is named, and where the server hangs up, it is we who are to wait.

    Afterwards it may be a grey list or the recipient's own limit.
    """
    return stage in BEFORE_RECIPIENT or reply.code == SERVICE_CLOSING


def told_to_wait(reply: Reply) -> float | None:
    """The seconds that a reply asks us to wait, where it says so; an hour at the most."""
    found = WAIT.search(reply.text)
    if found is None:
        return None
    seconds = float(found.group(1)) * (60 if found.group(2).lower().startswith("m") else 1)
    return min(seconds, LONGEST_WAIT)


def accepted(reply: Reply) -> Accepted:
    """The acceptance, with the server's queue id or else its words, made safe and short.

    A word with an ``@`` is left out: it may be somebody's address.
    """
    for pattern in QUEUED_AS:
        found = pattern.search(reply.text)
        if found:
            return Accepted(found.group(1))
    safe = " ".join(UNSAFE.sub(" ", reply.text).split())
    return Accepted(safe[:REFERENCE_LIMIT] or str(reply.code))
