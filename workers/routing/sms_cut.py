"""How is a text that is too long cut?

At a word, with an ellipsis and the place where the rest can be had. First the words that somebody
else wrote are shortened, as far as they go; only where the frame alone is too long for the limit
(few segments, long names) is the whole cut.
"""

import unicodedata
from collections.abc import Callable
from typing import Final

from workers.routing.sms_length import segments
from workers.routing.sms_plain import plain

_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)  # two of them are a country's flag
_FLAG_TAGS: Final = range(0xE0020, 0xE0080)  # behind a black flag: that of England, say


def cut(text: str, length: int) -> str:
    """The first ``length`` characters at most, ending at a word where there is one near.

    No accent is parted from its letter, and no picture from what it is made of.
    """
    if len(text) <= length:
        return text
    end = max(length, 0)
    while end and (_leans_back(text[end]) or text[end - 1] == _JOINER or _parts_a_flag(text, end)):
        end -= 1
    head = text[:end]
    if text[end].isspace() or head[-1:].isspace():
        return head.rstrip()
    stem = head.rsplit(None, 1)[0] if head else ""
    return stem.rstrip() if len(stem) > len(head) // 2 else head


def shortened(written: Callable[[str, str], str], words: str, rest: str, most: int) -> str:
    """A text of at most ``most`` segments, with as many of ``words`` as they hold.

    ``written`` makes the text of some words and what follows them; ``rest`` follows words that
    were cut, and says so.
    """

    def with_words(length: int) -> str:
        return written(cut(words, length), rest)

    def cut_whole(length: int) -> str:
        return plain(cut(whole, length) + rest)

    length = longest(len(words) - 1, lambda one: segments(with_words(one)) <= most)
    if cut(words, length):
        return with_words(length)
    whole = written(words, "")
    return cut_whole(longest(len(whole), lambda one: segments(cut_whole(one)) <= most))


def longest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest length from 1 up to ``most`` that fits; 0 where none does."""
    fitting, too_long = 0, most + 1
    while too_long - fitting > 1:
        middle = (fitting + too_long) // 2
        if fits(middle):
            fitting = middle
        else:
            too_long = middle
    return fitting


def _leans_back(character: str) -> bool:
    """Whether it belongs to what stands before it."""
    return (
        unicodedata.category(character).startswith("M")  # accents, and the choice of a picture
        or character == _JOINER
        or ord(character) in _SKIN_TONES
        or ord(character) in _FLAG_TAGS
    )


def _parts_a_flag(text: str, end: int) -> bool:
    """Whether a cut there leaves a flag's first letter without its second."""
    before = end
    while before and ord(text[before - 1]) in _FLAG_LETTERS:
        before -= 1
    return (end - before) % 2 == 1 and ord(text[end]) in _FLAG_LETTERS
