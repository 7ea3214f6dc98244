"""What does a sealed text say? Nothing any more, once its key was destroyed."""

from store.encryption.keys import Unopenable
from store.engine import Transaction


def text_of(tx: Transaction, place: str, sealed: bytes | None) -> str | None:
    """Open the text of a place; none where there is none, or it opens no more.

    Raises ``PurposeError`` where nobody said what it is read for.
    """
    if sealed is None:
        return None
    try:
        return tx.open(place, sealed).decode()
    except (Unopenable, KeyError):
        return None
