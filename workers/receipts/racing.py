"""How a short transaction is tried again when another wrote the same row first."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from store.engine import Store, Transaction, is_race
from workers.running.failpoints import reach

T = TypeVar("T")

_TRIES = 6


def without_races(store: Store, act: Callable[[Transaction], T]) -> T:
    """Run ``act`` in a transaction of its own, again after a deadlock or a lost race."""
    for attempt in Retrying(
        retry=retry_if_exception(is_race),
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(multiplier=0.005, max=0.2),
        reraise=True,
    ):
        with attempt, store.write() as tx:
            done = act(tx)
            reach("receipts.before_commit")
            return done
    raise AssertionError("tenacity gives a result or raises")
