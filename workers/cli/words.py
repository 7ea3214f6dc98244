"""What do the closed words mean to an operator, and what can be done about each?"""

from collections.abc import Mapping
from datetime import timedelta
from shlex import quote
from types import MappingProxyType

from contracts.vocabulary import Channel, Contradiction, ErrorCode, Reason, Refusal, Said
from store.evidence.inquiries import InquiryLine
from store.reading.attention import CLOCK, CONTRADICTED, FOLLOW_UP, OVERDUE, REJECTED, Group
from store.reading.clocks import Clock

REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.UNKNOWN: "nothing is known by this name; see onward trace, or onward queues",
        Refusal.NOT_WAITING: "it does not wait for attention",
        Refusal.NOT_UNSETTLED: "it is neither uncertain nor parked",
        Refusal.NOT_HELD: "no rule holds it",
        Refusal.NOT_STOPPABLE: "it is being sent, waits for its answer, or is settled",
        Refusal.MAILROOMS: "post goes and stays by the mailroom's word: publish item.instructed",
        Refusal.WITHDRAWN: "its publisher took the event back",
        Refusal.OVERTAKEN: "a later event made it pointless: the invoice is paid, or cancelled",
        Refusal.SERVICE_TERMINATED: "the customer's service has ended",
        Refusal.ERASED: "the customer's data have been erased",
        Refusal.DESTINATION_REMOVED: "the customer removed this destination",
        Refusal.DESTINATION_UNVERIFIED: "the destination has changed and is not verified yet",
        Refusal.DESTINATION_CONTESTED: "the customer says that it is wrong: onward rights settle",
        Refusal.SUPPRESSED: "the destination must not be used; see onward suppressions list",
        Refusal.OPTED_OUT: "the customer opted out; see onward suppressions list",
        Refusal.LATE_CALL: "the caller has gone",
        Refusal.OFFER_OVER: "the offer is over",
        Refusal.SIBLING_REACHED: "an earlier step of its rule has reached the customer",
        Refusal.CLOSED: "it is closed already: taken in anew, dismissed or answered",
        Refusal.NOT_KEPT: "its body could not be kept whole: its publisher must send it again",
        Refusal.PUBLISHER_UNKNOWN: "no publisher of its name is admitted: onward publishers add",
        Refusal.STILL_WRONG: "it breaks its contract as before: its publisher must mend it",
        Refusal.NO_CHANGE: "it is so already",
        Refusal.LEGAL_HOLD: "a legal hold keeps their records: onward rights unhold",
        Refusal.UNDECIDED: "records that tell of another person wait: onward rights review",
        Refusal.NOT_COPIED: "the request is not for a copy: see onward rights list",
        Refusal.DESTINATION_UNFIT: "a link goes to a mobile or an email address of theirs alone",
        Refusal.NOT_APPROVED: "two people must approve it first: onward disclosures approve",
        Refusal.OPENED_IT: "who opens a disclosure does not approve it: two others must",
        Refusal.APPROVED_IT: "the same person approves once: another must",
        Refusal.SAME_ACCOUNT: "it was opened or approved from this system account already, and --as"
        " makes no other person: each approves from an account of their own, logged in as"
        " themselves",
        Refusal.NOT_ACKNOWLEDGED: "tell them first that it came: onward complaints acknowledge",
        Refusal.UNDECIDED_WHOM_TO_TELL: "say first whether the ICO and the people concerned are"
        " told: onward incidents decide",
    }
)

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "parked": "only a person may decide",
        "failed": "refused for good, or out of tries",
        "undelivered": "the provider took it, and says that it did not arrive",
        CONTRADICTED: "what was reported against what was to be done, or is on record",
        REJECTED: "events that break their contract",
        OVERDUE: "events that have waited too long for what they need",
        CLOCK: "what the law sets a time for, which is over or soon will be",
        FOLLOW_UP: "notes that were to be followed up by now",
    }
)

_FIRST: Mapping[str, str] = MappingProxyType(
    {
        Reason.CREDENTIALS: "mend the provider's credentials in the settings, and onward check",
        Reason.INVALID_DESTINATION: "ask the customer for the right number or address",
        Reason.SENDER_REFUSED: "see whom its texts come from: onward senders list",
        Reason.EMAIL_TOO_LARGE: "the mail server takes none as large: see its own limit",
        Reason.REFUSED: "see the provider's code with --list, and onward trace",
        Reason.ATTEMPTS_SPENT: "see whether the provider works: onward queues",
        Reason.UNREACHABLE: "see whether the provider works: onward queues",
        Reason.PROVIDER_FAULT: "see whether the provider works: onward queues",
        Reason.BUSY_PROVIDER: "see whether the provider works: onward queues",
        Reason.UNUSABLE_DOCUMENT: "have the document mended and put where its event says (--list"
        " tells what is wrong; too_large is above ONWARD_BLOB_LIMIT_BYTES, pdf_too_long above"
        " ONWARD_DOCUMENT_PAGE_LIMIT); the customer was sent the email without it",
        Reason.TEMPLATE_FAILED: "mend the template that --list names, try it with onward preview,"
        " and start dispatch again",
        Reason.BOUNCED: "ask the customer for the right address",
        Reason.NOT_ACCEPTED: "it was picked up and no key pressed, as by a voicemail; the"
        " message of the call went its own way",
        Reason.NOT_ANSWERED: "nobody picked up; the message of the call went its own way",
        Reason.BUSY: "the number was engaged; the message of the call went its own way",
        ErrorCode.NOT_ALLOWED: "if it is right, admit its type or source: onward publishers list",
        ErrorCode.NO_VAULT: "there is no vault for identity data: onward vault init",
    }
)
_AWAITED: Mapping[str, str] = MappingProxyType(
    {
        "customer": "the customer was never registered: ask who registers customers",
        "number": "the number that was dialled is nobody's: publish its number.assigned",
        "addressee": "nobody is known by the name on the item: publish who it is for",
        "destination": "a destination that it names is missing: publish its destination.added",
        "item": "the item was never received: ask the mailroom",
        "event": "the event that it takes back never came: ask its publisher",
        "note": "the note that it amends never came: ask its publisher",
        "service": "the service has not started: publish its service.started",
    }
)
_RUN_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Clock.INCIDENT: (
            "72 hours from when we knew of it, the ICO is to be told, or it is decided not to:",
            "onward incidents show {id}",
            "onward incidents decide {id} told_ico   (or not_told_ico)",
        ),
        Clock.REQUEST: (
            "answer it within the month that there is; see each with onward rights list, then",
            "onward rights close {id}   (stop, where you wait for their word)",
        ),
        Clock.COMPLAINT: (
            "tell whoever complained, within 30 days, that it came; then",
            "onward complaints acknowledge {id}",
        ),
        Clock.RECEIPT: (
            "ask the processor; an erasure is not complete before it says so:",
            "onward processors asked",
            "onward processors confirm {id} {word}   (for one that publishes nothing)",
        ),
        Clock.COPY: (
            "it should be deleted by now; is upkeep running? On the machine that is named, if any:",
            "onward transfers sweep",
        ),
    }
)
_SAID: Mapping[Said, str] = MappingProxyType(
    {
        Said.FOUND: "the provider has it",
        Said.NOTHING: "nothing like it in the provider's list, which is no proof",
        Said.FEWER: "fewer in the provider's list than may have been sent alike",
        Said.NOTHING_NEW: "the provider has it, and no later word",
        Said.UNANSWERED: "the provider did not say",
    }
)
_PARKED = "parked"
_NEVER_MADE = frozenset({Reason.UNUSABLE_DOCUMENT, Reason.TEMPLATE_FAILED})
_OURS_TO_MEND = frozenset({ErrorCode.NOT_ALLOWED, ErrorCode.UNKNOWN_TYPE, ErrorCode.IMPOSSIBLE})
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def kind_of(group: Group) -> str:
    """Say what waiting of this kind means."""
    return _KINDS[group.kind]


def mending(group: Group) -> list[str]:
    """Say how a group is mended: what to look at first, and the commands that put it right."""
    if group.kind == OVERDUE:
        return [_AWAITED.get(group.words[0], f"it waits for its {group.words[0]}")]
    if group.kind == FOLLOW_UP:
        return [
            "see each with onward notes --to-follow-up, and do it; then",
            "onward note CUSTOMER --amends NOTE --text WHAT-WAS-DONE",
        ]
    if group.kind == CLOCK:
        named = {"id": group.examples[0], "word": quote(group.words[2])}
        return [line.format(**named) for line in _RUN_OUT[group.words[0]]]
    return _mending_of_sends(group)


def _mending_of_sends(group: Group) -> list[str]:
    # A cause may hold a type that a publisher made up, and the line is there to be copied.
    which = str(group.examples[0]) if group.count == 1 else f"--cause {quote(group.cause)}"
    if group.kind == CONTRADICTED:
        first = "ask the mailroom, and tell the customer: onward item ITEM, as --list names it"
        if group.words[0] == Contradiction.OTHER_CONTENT:
            first = "both are kept; ask who reported them which is right: onward correspondence"
        return [first, f"onward cancel {which}"]
    lines = [_FIRST.get(group.words[0], "")]
    in_doubt = group.kind == _PARKED and group.words[0] not in _NEVER_MADE
    if group.words[0] == Reason.HELD:
        return [
            "ask the customer whether they want it, then:",
            f"onward release {group.examples[0]}",
        ]
    if group.words[0] == Reason.NOT_ACKNOWLEDGED:
        lines = ["tell the customer by telephone, then:"]
    elif in_doubt:
        lines = [
            "ask the provider whether it has it, by destination and time, then:",
            f"onward resolve {group.examples[0]} --sent REFERENCE   (or --not-sent)",
        ]
    elif group.kind == REJECTED and not lines[0]:
        lines = ["its publisher was told: it mends the event and sends it again"]
    if _may_be_replayed(group):
        marked = "   (may reach the customer twice, marked)" if in_doubt else ""
        lines.append(f"onward replay {which}{marked}")
    lines.append(f"onward cancel {which}")
    return [line for line in lines if line]


def _may_be_replayed(group: Group) -> bool:
    """Whether something done on our side can make it go: a live call's caller has gone."""
    if group.kind == REJECTED:
        return group.words[0] in _OURS_TO_MEND
    return group.words[1] != Channel.CALL


def told_by_provider(line: InquiryLine) -> str:
    """Say what a provider answered about an attempt that nobody knows the fate of."""
    times = "once" if line.times == 1 else f"{line.times} times"
    said = _SAID[line.said] if line.said is not None else "no answer yet"
    return f"asked {times} ({line.inquiry.value}): {said}"


def ago(age: timedelta) -> str:
    """Say how long ago, in the largest unit that fits: `12 s`, `4 min`, `3 h`, `2 d`."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if age >= unit:
            return f"{age // unit} {name}"
    return f"{max(0, int(age.total_seconds()))} s"
