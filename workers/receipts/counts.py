"""How many later words came, by which way, and what they meant to us: plain numbers."""

import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class Way(StrEnum):
    """By which way a later word reached us."""

    MESSAGE = "message"  # the provider's callback about a text
    DIAL = "dial"  # its callback about a call
    ANNOUNCE = "announce"  # somebody picked up a forwarded call
    ACCEPTED = "accepted"  # and pressed a key
    LEG = "leg"  # how one number fared that was rung
    VOICE = "voice"  # somebody rings one of our numbers
    REPLY = "reply"  # a customer's text
    BOUNCE = "bounce"  # an email that came back
    LISTING = "listing"  # looked for in the provider's list
    RECEIPT = "receipt"  # asked for, as none came


class Meaning(StrEnum):
    """What a later word meant to us."""

    CHANGED = "changed"  # it changed a delivery
    REPEATED = "repeated"  # known already, or overtaken
    UNKNOWN = "unknown"  # about nothing of ours
    REFUSED = "refused"  # forged, or not addressed to us
    UNREADABLE = "unreadable"
    NOTED = "noted"  # kept, and nothing follows from it
    CONFIRMED = "confirmed"  # a customer's code: their text was read
    WRONG_CODE = "wrong_code"  # a code that was not asked for, or too many of them
    LATE_CODE = "late_code"
    RELEASED = "released"  # a customer asked for what was held
    NOTHING = "nothing"  # asked for, and not there
    UNANSWERED = "unanswered"  # asked for, and not answered


class Counts:
    """The numbers of one process. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[tuple[Way, Meaning]] = Counter()

    def add(self, way: Way, meaning: Meaning, count: int = 1) -> None:
        """Count."""
        with self._lock:
            self._numbers[way, meaning] += count

    def numbers(self) -> Mapping[tuple[Way, Meaning], int]:
        """Give the numbers so far."""
        with self._lock:
            return dict(self._numbers)
