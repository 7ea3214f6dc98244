"""How long is a text message, and how is one that is too long cut?

GSM 03.38 counts septets and puts 160 into one segment, 153 into each of several; a single
character outside its alphabet turns the whole into UCS-2 with 70 and 67. So typographic marks
that have a plain twin are written plainly: the words stay, and the cost halves.
"""

from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("^{}\\[~]|€\f")  # two septets each
GSM: Final = BASIC | EXTENDED
PLAIN: Final = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": ",",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2011": "-",
        "\u2022": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\t": " ",
        "`": "'",
    }
)


def plain(text: str) -> str:
    """The same words with the marks that GSM 03.38 has."""
    return (
        text if text.isascii() and "`" not in text and "\t" not in text else text.translate(PLAIN)
    )


def segments(text: str) -> int:
    """How many segments the text takes, as networks bill it."""
    letters = set(text)
    if letters <= GSM:
        units = len(text) + sum(text.count(letter) for letter in letters & EXTENDED)
        return 1 if units <= 160 else -(-units // 153)
    units = len(text.encode("utf-16-le", "replace")) // 2
    return 1 if units <= 70 else -(-units // 67)


def cut(text: str, length: int) -> str:
    """The first ``length`` characters at most, ending at a word where there is one near."""
    if len(text) <= length:
        return text
    head = text[: max(length, 0)]
    stem = head.rpartition(" ")[0]
    return (stem if len(stem) > len(head) // 2 else head).rstrip()
