"""Whom may a text come from? A number, which can be answered, or a name, which cannot.

Source: twilio.com/docs/glossary/what-alphanumeric-sender-id. A name has up to eleven characters,
letters, digits and a few marks, and at least one letter; not every country takes it.
"""

import re
from dataclasses import dataclass
from typing import Final

from contracts.numbers import normalise

LONGEST_NAME: Final = 11
SENDER_WANTED: Final = (
    "must be a telephone number in E.164 (+44…), or a name of up to 11 characters:"
    " letters, digits, spaces, & - and _, one of them a letter"
)
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9&_-](?:[A-Za-z0-9 &_-]{0,9}[A-Za-z0-9&_-])?")
_NUMBER: Final = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a text comes from, in the form that a provider takes."""

    value: str

    @property
    def answerable(self) -> bool:
        """Whether a text to it reaches us: it is a number."""
        return self.value.startswith("+")


def read_sender(text: str) -> Sender:
    """Read a number, in E.164 or GB national form, or a name.

    Raises ValueError, which does not quote the text, for anything else.
    """
    plain = text.strip()
    if _NAME.fullmatch(plain):
        return Sender(plain)
    try:
        number = normalise(plain)
    except ValueError:
        raise ValueError(SENDER_WANTED) from None
    if _NUMBER.fullmatch(number) is None:
        raise ValueError(SENDER_WANTED)
    return Sender(number)
