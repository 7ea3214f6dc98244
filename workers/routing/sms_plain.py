"""Which typographic marks have a twin in the GSM alphabet that says just the same?

One curly quote turns a text of 160 characters into three segments. So marks are written plainly
where nothing is lost by it: the words stay, and the cost halves. A letter is never touched, for it
may be somebody's name (ł is no l, and ç no c), nor a sign that means something by itself (½, ×, °).

Where a text holds a character that no twin stands for, it goes out in UCS-2 anyway: then its marks
stay as they were written.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

from workers.routing.sms_length import is_gsm

# Why it loses nothing, and the pairs.
TWINS: Final[Mapping[str, Mapping[str, str]]] = {
    "a single quote or apostrophe, set or typed by habit": dict.fromkeys(
        "\u2018\u2019\u201a\u201b\u2032\u2039\u203a`\u00b4", "'"
    ),
    "a double quote; which side it opens to, the words show": dict.fromkeys(
        "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'
    ),
    "a hyphen, dash or minus: its length is the typesetter's": dict.fromkeys(
        "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"
    ),
    "a bullet in front of a line": dict.fromkeys("\u2022\u2023\u25aa\u25cf\u25e6", "-"),
    "an ellipsis is its dots": {"\u2026": "...", "\u2025": ".."},
    "a space of whatever width; breaking is the reader's screen's": dict.fromkeys(
        "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
        "\u202f\u205f\u3000",
        " ",
    ),
    "the end of a line, or of a paragraph": dict.fromkeys("\u0085\u2028\u2029", "\n"),
    "shows nothing: where a line may break, or must not": dict.fromkeys(
        "\u00ad\u200b\u2060\ufeff", ""
    ),
    "a slash of another slope": dict.fromkeys("\u2044\u2215", "/"),
    "a bar with a gap": {"\u00a6": "|"},
    "a mark of a trade, as it is typed": {"\u2122": "(TM)", "\u00ae": "(R)", "\u00a9": "(C)"},
}
_TABLE: Final = str.maketrans(
    {mark: twin for pairs in TWINS.values() for mark, twin in pairs.items()}
)
_OF_ASCII: Final = ("`", "\t", "\r")


def plain(text: str) -> str:
    """The same words with the marks that the GSM alphabet has, if that makes it fit there.

    Letters that were typed as letter and accent become the one letter that they are (NFC).
    """
    if text.isascii() and not any(mark in text for mark in _OF_ASCII):
        return text
    whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    written = whole.translate(_TABLE)
    return written if is_gsm(written) else whole
