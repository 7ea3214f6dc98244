"""How many segments does a text message take?

A segment carries 140 octets: 160 septets of the GSM 7-bit alphabet (3GPP TS 23.038), or, where a
single character is none of it, 70 units of UCS-2. Of a text in several segments each gives six
octets to the header that joins them (3GPP TS 23.040, 9.2.3.24.1): 153 septets or 67 units are left.
A character of the extension table is two septets, one beyond U+FFFF two units, and neither pair is
ever split between two segments, so that a segment may go out one short.
"""

from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("^{}\\[~]|€\f")  # two septets each: ESC, and its own
GSM: Final = BASIC | EXTENDED
SEPTETS: Final = (160, 153)  # alone; joined to others
UNITS: Final = (70, 67)
_BEYOND_THE_PLANE: Final = "\uffff"


def is_gsm(text: str) -> bool:
    """Whether the text can be sent in the GSM 7-bit alphabet."""
    return GSM.issuperset(text)


def segments(text: str) -> int:
    """How many segments the text takes, as networks send and bill it; an empty one takes one."""
    letters = set(text)
    if letters <= GSM:
        return _packed(text, letters & EXTENDED, SEPTETS)
    return _packed(text, {one for one in letters if one > _BEYOND_THE_PLANE}, UNITS)


def _packed(text: str, doubles: set[str], room: tuple[int, int]) -> int:
    """Into how many segments characters go, some of which take two places and stay whole."""
    alone, joined = room
    length = len(text) + (sum(text.count(one) for one in doubles) if doubles else 0)
    if length <= alone:
        return 1
    if not doubles:
        return -(-length // joined)
    count, used = 1, 0
    for one in text:
        width = 2 if one in doubles else 1
        if used + width > joined:
            count, used = count + 1, 0
        used += width
    return count
