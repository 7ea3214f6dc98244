"""How are times, sums and other people's words shown to a customer?

British usage, and no locale of the machine's: the same value always reads the same.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "US$"}
# Controls, lone surrogates and the two that are no characters, none of which XML may hold; and what
# turns the direction of writing (Unicode UAX #9): by it a number could read otherwise than it is.
CONTROLS: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+"
)
GAPS: Final = re.compile(r"\n{3,}")
MEGABYTE: Final = 1_000_000


def moment(instant: datetime | None, zone: ZoneInfo) -> str:
    """``Sun 22 Nov 2026, 17:04`` where the customer is; empty for none.

    At either end of the calendar, which publishers send for "never", it is shown as it was sent.
    """
    if instant is None:
        return ""
    try:
        local = instant.astimezone(zone)
    except OverflowError:
        local = instant
    return f"{day(local)}, {local.hour:02}:{local.minute:02}"


def day(when: date) -> str:
    """``Sun 22 Nov 2026``."""
    return f"{WEEKDAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]} {when.year}"


def money(amount: Decimal, currency: str) -> str:
    """``£1,234.50``, or ``1,234.50 CHF`` where the sign would not be known to everyone.

    Never rounded: what the contract let through is shown, with two decimals where there are fewer
    and the currency has a sign of ours (all of which have pence).
    """
    sign = SYMBOLS.get(currency)
    if sign is None:
        return f"{amount:,f} {currency}"
    exponent = amount.as_tuple().exponent
    short = isinstance(exponent, int) and exponent > -2
    return f"{sign}{amount:,.2f}" if short else f"{sign}{amount:,f}"


def one_line(words: str | None) -> str:
    """Somebody's words on one line, without control characters; empty for none."""
    if not words:
        return ""
    if words.isprintable():
        return words.strip()
    return " ".join(CONTROLS.sub(" ", words).split())


def prose(words: str | None) -> str:
    """Somebody's words with their line ends, without other control characters."""
    if not words:
        return ""
    if words.isprintable():
        return words.strip()
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    return GAPS.sub("\n\n", CONTROLS.sub(" ", lines)).strip()


def megabytes(size: int) -> str:
    """``12.3 MB``."""
    return f"{max(size / MEGABYTE, 0.1):.1f} MB"
