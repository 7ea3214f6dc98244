"""How is an absence of the store waited out?"""

import threading
from collections.abc import Callable
from typing import TypeVar

from structlog import get_logger
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_when_event_set,
    wait_random_exponential,
)

from config.logs import where_it_failed
from workers.intake.sifting import is_store_away

log = get_logger(__name__)

_LONGEST_PAUSE = 5.0
T = TypeVar("T")


def patiently(
    act: Callable[[], T], stopping: threading.Event, rest: Callable[[float], None]
) -> T | None:
    """Act, again and again while the store is away; none when stopped meanwhile.

    ``rest`` lets time pass between the tries; what it raises is passed on. Says in the log when
    waiting begins, and when it is over.
    """
    waiting = Retrying(
        retry=retry_if_exception(is_store_away),
        wait=wait_random_exponential(multiplier=0.1, max=_LONGEST_PAUSE),
        stop=stop_when_event_set(stopping),
        sleep=rest,
        before_sleep=_say_away,
        reraise=True,
    )
    try:
        done = waiting(act)
    except Exception as error:
        if stopping.is_set() and is_store_away(error):
            return None
        raise
    if waiting.statistics.get("attempt_number", 1) > 1:
        log.info("store_back", tries=waiting.statistics["attempt_number"])
    return done


def _say_away(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if state.attempt_number == 1 and error is not None:
        log.warning(
            "store_away",
            error_type=type(error).__name__,
            exception="\n".join(where_it_failed(error)),
        )
