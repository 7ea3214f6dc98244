"""How many events stand in the broker's intake queues, that nobody has taken in yet?"""

from dataclasses import dataclass

import pika

from config.topology import DEAD_QUEUE, intake_queues
from workers.checking.broker import depth
from workers.running.broker import LOST, connect, reason_of


@dataclass(frozen=True, slots=True)
class Depth:
    """One queue: how many events stand in it, and how many consumers take from it."""

    queue: str
    ready: int
    consumers: int


class Depths:
    """Asks one broker again and again over one connection. For one thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: pika.BlockingConnection | None = None

    def ask(self) -> list[Depth] | str:
        """Give the intake queues with that of the dead letters, or why the broker cannot say."""
        try:
            if self._connection is None or not self._connection.is_open:
                self._connection = connect(self._url, "onward queues")
            found = []
            for queue in (*intake_queues(), DEAD_QUEUE):
                ready, consumers = depth(self._connection, queue)
                found.append(Depth(queue, ready, consumers))
        except LOST as error:
            self.close()
            return reason_of(error)
        return found

    def close(self) -> None:
        """Close the connection; one that is lost already is no matter."""
        try:
            if self._connection is not None and self._connection.is_open:
                self._connection.close()
        except LOST:
            pass
        finally:
            self._connection = None
