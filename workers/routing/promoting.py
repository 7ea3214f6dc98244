"""Does a template promote something? Only an offer may, for that alone is sent by consent.

A message, an invoice or a notice that advertises is an offer in disguise, to whoever agreed to
none. What is looked for are a block named for it, the offers' own templates, and the turns of
phrase below, which are English: wording in other languages is its translator's to read.
"""

import re
from collections.abc import Iterator
from typing import Final

_OFFERS: Final = "offer.published"
_SENT: Final = ("email", "sms", "digest", "voice")
_PROMOTES: Final = re.compile(
    r"""(?ix)
    \{%-?\s*block\s+\w*(?:promo|advert|offer|upsell)\w*
    | offer\.published
    | \b(?:special|exclusive|introductory|limited[ -]time)\s+(?:offer|deal|price|rate)s?\b
    | \b\d{1,2}\s?(?:%|per\ cent)\s+off\b
    | \bdiscount(?:s|ed)?\b
    | \b(?:free\ trial|half\ price|money\ off|voucher\ code|promo(?:tion(?:al|s)?)?\ code)\b
    | \b(?:buy|order|upgrade|sign\ up|subscribe)\s+(?:now|today)\b
    | \bwhy\ not\ (?:try|upgrade|add)\b
    | \b(?:refer|recommend)\ (?:us\ to\ )?a\ friend\b
    | \bsave\ (?:up\ to\ )?(?:\u00a3\s?\d|\d{1,2}\s?%)
    """
)


def promotions(name: str, source: str) -> Iterator[tuple[int, str]]:
    """Give what promotes in a template that is not an offer's, each with its line."""
    parts = name.split("/")
    if len(parts) < 3 or parts[1] not in _SENT or parts[2] == _OFFERS:
        return
    for number, line in enumerate(source.splitlines(), start=1):
        for found in _PROMOTES.finditer(line):
            yield number, " ".join(found[0].split())
