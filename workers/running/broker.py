"""How is a connection to RabbitMQ opened, and when is it given up?"""

import threading
from collections.abc import Callable
from typing import TypeVar

import pika
from pika.exceptions import AMQPError
from structlog import get_logger
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

log = get_logger(__name__)

HEARTBEAT_SECONDS = 30
BLOCKED_SECONDS = 60
ANSWER_SECONDS = 10
LOST = (AMQPError, OSError)

T = TypeVar("T")


class BrokerAwayError(Exception):
    """RabbitMQ could not be used for as long as was agreed; the text is for an operator."""

    def __init__(self, url: str, seconds: float, last: BaseException | None) -> None:
        where = pika.URLParameters(url)
        self.host, self.port, self.seconds = where.host, where.port, seconds
        self.reason = reason_of(last)
        long = f" for {seconds:g} s" if seconds else ""
        super().__init__(
            f"RabbitMQ at {self.host}:{self.port} could not be used{long} ({self.reason});"
            " is it running, and are user, password and vhost right?"
        )


def reason_of(error: BaseException | None) -> str:
    """Say in a word why the broker was lost: its own code, or the error's kind."""
    code = getattr(error, "reply_code", None)
    return f"code {code}" if code else type(error).__name__


def parameters(url: str, name: str) -> pika.URLParameters:
    """Read a broker's URL; what its query sets is kept. ``name`` is shown on RabbitMQ's pages."""
    found = pika.URLParameters(url)
    found.connection_attempts = 1
    if found.heartbeat is None:
        found.heartbeat = HEARTBEAT_SECONDS
    if found.blocked_connection_timeout is None:
        found.blocked_connection_timeout = BLOCKED_SECONDS
    found.socket_timeout = min(found.socket_timeout or ANSWER_SECONDS, ANSWER_SECONDS)
    found.stack_timeout = ANSWER_SECONDS
    found.client_properties = {"connection_name": name}
    return found


def connect(url: str, name: str) -> pika.BlockingConnection:
    """Open a connection, once. Raises one of ``LOST``."""
    return pika.BlockingConnection(parameters(url, name))


def persistently(
    opening: Callable[[], T], url: str, stopping: threading.Event, patience: float
) -> T | None:
    """Open something at the broker, again and again with growing pauses; none when stopped.

    Raises ``BrokerAwayError`` when it has not succeeded for ``patience`` seconds. Says in the log
    when it has to wait, and when that is over.
    """

    def say(state: RetryCallState) -> None:
        if state.attempt_number == 1 and state.outcome is not None:
            log.warning("broker_away", reason=reason_of(state.outcome.exception()))

    attempts = Retrying(
        retry=retry_if_exception_type(LOST),
        wait=wait_random_exponential(multiplier=0.2, max=10),
        stop=stop_when_event_set(stopping) | stop_after_delay(patience),
        sleep=sleep_using_event(stopping),
        before_sleep=say,
        reraise=True,
    )
    try:
        opened = attempts(opening)
    except LOST as error:
        if stopping.is_set():
            return None
        raise BrokerAwayError(url, patience, error) from None
    if attempts.statistics.get("attempt_number", 1) > 1:
        log.info("broker_back", tries=attempts.statistics["attempt_number"])
    return opened
