"""By which words is an event found again, and how is a question for it spelled the same?"""

import re
import unicodedata
from collections.abc import Iterable

from contracts.numbers import normalise

_WORD = re.compile(r"[^\W_](?:[^\W_]|['’\-])+")
_DIALLABLE = re.compile(r"\+?[\d \u00a0().\-/]{5,30}", re.ASCII)
_LONGEST = 200


def folded(text: str) -> str:
    """One spelling for all that a reader takes for the same: case, width and spaces aside."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())[:_LONGEST]


def normalise_term(text: str) -> tuple[str, ...]:
    """The terms that a question may mean, the most telling first; any of them is a find.

    A telephone number in any usual form is looked for as E.164, and as it stands.
    """
    term = folded(text)
    if not term:
        return ()
    if _DIALLABLE.fullmatch(text.strip()):
        try:
            return tuple(dict.fromkeys((normalise(text.strip()), term)))
        except ValueError:
            return (term,)
    return (term,)


def terms_of(values: Iterable[str]) -> frozenset[str]:
    """The terms under which these values are found: each whole, and each word of two letters up."""
    found: set[str] = set()
    for value in values:
        term = folded(value)
        found.add(term)
        if " " in term:
            found.update(_WORD.findall(term))
    return frozenset(found)
