"""Of what does a customer's STOP or START speak?

    STOP                     all that can be muted, by text
    STOPALL, STOP ALL        every text to the number
    STOP POST, and the like  texts for that purpose alone, muteable or not
    RELEASE                  sends what the customer's rules hold
    START                    lifts whatever a STOP has set; START POST that of this purpose alone

Invoices, failed payments, policy notices and what concerns the customer's rights cannot be muted
(`UNMUTABLE`): they always go by email, and a STOP that does not name them leaves their texts alone.
A live call is no text, so no STOP is a word about calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import UNMUTABLE, Purpose, ReplyKind

TEXTED: Final = frozenset(Purpose) - {Purpose.CALLS}
MUTEABLE: Final = TEXTED - UNMUTABLE
TOPICS: Final[Mapping[str, Purpose]] = {
    **dict.fromkeys(("messages", "message"), Purpose.MESSAGES),
    **dict.fromkeys(("post", "mail", "letters"), Purpose.POST),
    **dict.fromkeys(("invoices", "invoice", "bills"), Purpose.INVOICE),
    **dict.fromkeys(("payments", "payment"), Purpose.PAYMENT),
    **dict.fromkeys(("notices", "notice"), Purpose.POLICY_NOTICE),
    **dict.fromkeys(("offers", "offer"), Purpose.OFFERS),
}
# What a provider that answers opt-outs itself takes for its own: alone in the text, in any case.
# help.twilio.com "Twilio support for opt-out keywords".
ALONE: Final[Mapping[str, ReplyKind]] = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"),
        ReplyKind.STOP,
    ),
    **dict.fromkeys(("start", "yes", "unstop"), ReplyKind.START),
    **dict.fromkeys(("help", "info"), ReplyKind.HELP),
}
_OF_A_TOPIC: Final = {"stop": ReplyKind.STOP, "start": ReplyKind.START}
_EVERYTHING: Final = "all"
_RELEASE: Final = "release"
_AROUND: Final = " \t\r\n.!\"'"
_LONGEST_CODE: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text asks for. ``purposes`` are those of a STOP or START; ``topic`` its own word."""

    kind: ReplyKind
    purposes: frozenset[Purpose] = frozenset()
    topic: str | None = None


def asked(body: str) -> Asked:
    """Read a customer's text. A full stop behind the word is a person's, and no other text."""
    words = body.strip(_AROUND).lower().split()
    match words:
        case [word] if word in ALONE:
            return Asked(ALONE[word], _of_all(word))
        case [word] if word.isascii() and word.isdigit() and len(word) <= _LONGEST_CODE:
            return Asked(ReplyKind.CODE)
        case [word] if word == _RELEASE:
            return Asked(ReplyKind.RELEASE)
        case [word, topic] if word in _OF_A_TOPIC and topic in TOPICS:
            return Asked(_OF_A_TOPIC[word], frozenset({TOPICS[topic]}), topic)
        case [word, topic] if word in _OF_A_TOPIC and topic == _EVERYTHING:
            return Asked(_OF_A_TOPIC[word], TEXTED)
        case _:
            return Asked(ReplyKind.TEXT)


def _of_all(word: str) -> frozenset[Purpose]:
    match ALONE[word]:
        case ReplyKind.STOP:
            return TEXTED if word == "stopall" else MUTEABLE
        case ReplyKind.START:
            return TEXTED
        case _:
            return frozenset()
