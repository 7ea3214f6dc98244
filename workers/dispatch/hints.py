"""How is dispatch told that something is due? By hints: delivery ids, and nothing else."""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from dramatiq import Broker, Message
from dramatiq.brokers.stub import StubBroker
from structlog import get_logger

from contracts.vocabulary import Channel, Lane
from store.deliveries.adding import Due
from workers.dispatch.broker import SENDING, queue_name
from workers.dispatch.rabbitmq import FullError, HintBroker

log = get_logger(__name__)
_REST_SECONDS = 2.0
_LONGEST_REST = 10.0
_MOST_HERE = 2_000  # hints that wait in a queue of this process's memory
_MOST_ASIDE = 20_000
_CLOSING_SECONDS = 10.0


def _waiting(broker: Broker, name: str) -> int:
    match broker:
        case HintBroker():
            return broker.waiting(name)
        case StubBroker():
            return int(broker.queues[name].qsize())
        case _:
            return 0


def actor_name(channel: Channel) -> str:
    """The Dramatiq actor that sends by a channel."""
    return f"deliver_{channel.value}"


class Hints:
    """Sends hints, up to ``size`` deliveries each. Safe to share between threads.

    A broker that took none is left in peace for some seconds: each try may leave a copy behind,
    and holds up whoever hints.
    """

    def __init__(self, broker: Broker, size: int) -> None:
        self._broker = broker
        self._size = size
        self._rest = 0.0
        self._rests_until = 0.0

    def __call__(self, due: Sequence[Due]) -> int:
        """Hint at deliveries; give how many. A broker that is away is no error.

        Upkeep finds in the store what nobody was told of.
        """
        wanted = [one.delivery_id for one in due if one.channel in SENDING]
        return len(wanted) - len(self.tell(due))

    def tell(self, due: Sequence[Due]) -> list[UUID]:
        """Hint at deliveries likewise; give those that nobody was told of."""
        groups: dict[tuple[Channel, Lane], list[UUID]] = defaultdict(list)
        for one in due:
            if one.channel in SENDING:
                groups[one.channel, one.lane].append(one.delivery_id)
        untold: list[UUID] = []
        for (channel, lane), ids in groups.items():
            untold += ids[self._told_of(channel, lane, ids) :]
        return untold

    def _told_of(self, channel: Channel, lane: Lane, ids: list[UUID]) -> int:
        """Hint at deliveries of one queue, and say how many of them, the first first."""
        for start in range(0, len(ids), self._size):
            try:
                if self._rests() or not self._send(channel, lane, ids[start : start + self._size]):
                    return start
            except FullError:  # other lanes have queues of their own
                return start
        return len(ids)

    def backlog(
        self, lanes: Sequence[Lane], channels: Sequence[Channel] = tuple(SENDING)
    ) -> int | None:
        """How many hints of some lanes wait to be worked off; none where nobody can say."""
        if self._rests():
            return None
        names = [queue_name(channel, lane) for channel in channels for lane in lanes]
        try:
            return sum(_waiting(self._broker, name) for name in names)
        except Exception as error:  # noqa: BLE001 - as in sending
            log.warning("backlog_unknown", error_type=type(error).__name__)
            return None

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _send(self, channel: Channel, lane: Lane, ids: list[UUID]) -> bool:
        message: Message[None] = Message(
            queue_name=queue_name(channel, lane),
            actor_name=actor_name(channel),
            args=([one.hex for one in ids],),
            kwargs={},
            options={},
        )
        try:
            _enqueue(self._broker, message)
        except FullError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ails the broker, the store has it all
            log.warning("hint_not_sent", error_type=type(error).__name__, deliveries=len(ids))
            self._rest = min(self._rest * 2 or _REST_SECONDS, _LONGEST_REST)
            self._rests_until = time.monotonic() + self._rest
            return False
        self._rest = 0.0
        return True


def _enqueue(broker: Broker, message: Message[None]) -> None:
    if isinstance(broker, StubBroker) and _waiting(broker, message.queue_name) >= _MOST_HERE:
        raise FullError
    broker.enqueue(message)


class Aside:
    """Sends hints from a thread of its own, so that whoever has committed need not wait.

    What comes while the broker confirms the last hint goes out together in the next: the more
    there is, the larger the hints. What comes while too many wait is left to upkeep. ``close``
    sends what is left, and gives up what cannot be sent in time.
    """

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self._due: list[Due] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def __call__(self, due: Sequence[Due]) -> int:
        """Take deliveries to hint at; returns at once, with how many were taken."""
        if not due:
            return 0
        with self._changed:
            if len(self._due) >= _MOST_ASIDE:
                return 0
            self._due.extend(due)
            self._changed.notify()
        return len(due)

    def close(self) -> None:
        """Send what is left, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closing)
                due, self._due = self._due, []
            if not due:
                return
            self._hints(due)
