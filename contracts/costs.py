"""What did a send cost? As its provider says it, in time."""

import re
from dataclasses import dataclass
from decimal import Decimal

_PRICE = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount as a decimal string that is not negative, and its currency (ISO 4217).

    ``segments`` is into how many parts the provider says that a text went.
    """

    amount: str
    currency: str
    segments: int | None = None


def read_cost(price: object, currency: object, segments: object = None) -> Cost | None:
    """Read a price as Twilio writes it: ``-0.04200``, what was taken from us being negative.

    None where there is none yet, or where it is not to be understood.
    """
    if _PRICE.fullmatch(str(price)) is None or _CURRENCY.fullmatch(str(currency).upper()) is None:
        return None
    count = str(segments)
    parts = int(count) if count.isascii() and count.isdigit() and 0 < int(count) < 1000 else None
    return Cost(f"{abs(Decimal(str(price))):f}", str(currency).upper(), parts)
