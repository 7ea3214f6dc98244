"""Of what does a customer's STOP or START speak?

    STOP                     all that can be muted, by text
    STOPALL, STOP ALL        every text to the number
    STOP POST, and the like  texts for that purpose alone, muteable or not
    RELEASE                  sends what the customer's rules hold
    482913                   confirms a text that asked for this code; also "482913 on my way"
    START                    lifts whatever a STOP has set; START POST that of this purpose alone

Invoices, failed payments, policy notices and what concerns the customer's rights cannot be muted
(`UNMUTABLE`): they always go by email, and a STOP that does not name them leaves their texts alone.
A live call is no text, so no STOP is a word about calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import NEVER_SENT, UNMUTABLE, Purpose, ReplyKind

TEXTED: Final = frozenset(Purpose) - {Purpose.CALLS} - NEVER_SENT
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
_BESIDE: Final = ".,:;!?()\"'"
_LONGEST_CODE: Final = 8
CODE_DIGITS: Final = 6  # of a code of ours; a text of other digits alone is a code mistyped
_FEW_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text asks for. ``purposes`` are those of a STOP or START; ``topic`` its own word.

    ``code`` are the digits that confirm something.
    """

    kind: ReplyKind
    purposes: frozenset[Purpose] = frozenset()
    topic: str | None = None
    code: str = ""


def asked(body: str) -> Asked:
    """Read a customer's text. A full stop behind the word is a person's, and no other text."""
    words = body.strip(_AROUND).lower().split()
    match words:
        case [word] if word in ALONE:
            return Asked(ALONE[word], _of_all(word))
        case [word] if _is_number(word) and len(word) <= _LONGEST_CODE:
            return Asked(ReplyKind.CODE, code=word)
        case [word] if word == _RELEASE:
            return Asked(ReplyKind.RELEASE)
        case [word, topic] if word in _OF_A_TOPIC and topic in TOPICS:
            return Asked(_OF_A_TOPIC[word], frozenset({TOPICS[topic]}), topic)
        case [word, topic] if word in _OF_A_TOPIC and topic == _EVERYTHING:
            return Asked(_OF_A_TOPIC[word], TEXTED)
        case _:
            code = _code_among(words)
            return Asked(ReplyKind.TEXT) if code is None else Asked(ReplyKind.CODE, code=code)


def _code_among(words: Sequence[str]) -> str | None:
    """The code of whoever says a word beside it: at the start, or in a word or two.

    Anything longer may name a telephone number, or a sum.
    """
    bare = [word.strip(_BESIDE) for word in words]
    codes = [word for word in bare if _is_number(word) and len(word) == CODE_DIGITS]
    if len(codes) != 1:
        return None
    few = len(bare) <= _FEW_WORDS and sum(any(map(str.isdigit, word)) for word in bare) == 1
    return codes[0] if few or bare[0] == codes[0] else None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _of_all(word: str) -> frozenset[Purpose]:
    match ALONE[word]:
        case ReplyKind.STOP:
            return TEXTED if word == "stopall" else MUTEABLE
        case ReplyKind.START:
            return TEXTED
        case _:
            return frozenset()
