"""How do what destroys records and what has them kept wait for each other?

Each holds the customer alone, by the name that starting a service holds too. Cases, such as
breaches and disclosures, may concern many customers: what forgets them holds one name for all, and
whoever puts a customer's records out of reach holds that beside theirs. All names are taken at
once, in the one order that everybody keeps to.
"""

from collections.abc import Sequence
from typing import Final

from store import inbox
from store.engine import Transaction

_CASES: Final = "cases"


def hold_customers(tx: Transaction, refs: Sequence[str]) -> list[bytes]:
    """Hold customers until the end of the transaction; give the names held."""
    return _hold(tx, [inbox.customer_name(ref) for ref in refs])


def hold_cases(tx: Transaction) -> None:
    """Hold all cases, as who forgets some."""
    _hold(tx, [_CASES])


def hold_with_cases(tx: Transaction, ref: str) -> None:
    """Hold a customer and all cases, as who has that customer's records kept."""
    _hold(tx, [inbox.customer_name(ref), _CASES])


def _hold(tx: Transaction, names: Sequence[str]) -> list[bytes]:
    digests = [inbox.name_digest(tx, name) for name in names]
    tx.lock([], digests)
    tx.ask_the_time()
    return digests
