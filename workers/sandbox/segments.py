"""Into how many parts does an SMS go? By GSM 03.38 and 3GPP TS 23.040."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> int:
    """How many parts carry this text: 160 or 153 septets, else 70 or 67 UTF-16 units, each.

    What takes two of them (an escaped character, a surrogate pair) is in one part whole.
    """
    letters = set(body)
    if letters <= _BASIC | _EXTENDED:
        return _parts([1 + (letter in _EXTENDED) for letter in body], 160, 153)
    return _parts([len(letter.encode("utf-16-le")) // 2 for letter in body], 70, 67)


def _parts(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    parts, left = 1, joined
    for width in widths:
        if width > left:
            parts, left = parts + 1, joined
        left -= width
    return parts
