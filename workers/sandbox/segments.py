"""Into how many parts does an SMS go? By GSM 03.38 and 3GPP TS 23.040."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> int:
    """How many parts carry this text: 160 or 153 septets, else 70 or 67 UTF-16 units, each."""
    letters = set(body)
    if letters <= _BASIC:
        return _parts(len(body), 160, 153)
    if letters <= _BASIC | _EXTENDED:
        return _parts(len(body) + sum(letter in _EXTENDED for letter in body), 160, 153)
    return _parts(len(body.encode("utf-16-le")) // 2, 70, 67)


def _parts(length: int, alone: int, joined: int) -> int:
    return 1 if length <= alone else -(-length // joined)
