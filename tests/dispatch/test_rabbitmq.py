"""Is a hint acknowledged only when it was run, and does a blocked broker hold nobody up?"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dramatiq.worker
import pytest
from dramatiq import Actor, Message, Worker
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.waiting import eventually
from workers.dispatch.rabbitmq import HintBroker


def _queue(broker: RabbitmqBroker) -> str:
    """Name a queue of the broker's own: each declares its queues in its own way."""
    return f"a.test.of.{type(broker).__name__}"


def _stock(url: str) -> RabbitmqBroker:
    return RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)


@dataclass(slots=True)
class Work:
    """What one actor has run, and how it is held up in the middle of it."""

    held: int
    ran: list[int] = field(default_factory=list)
    inside: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, number: int) -> None:
        """Run; the one to be held waits until it is let go."""
        if number == self.held:
            self.inside.set()
            self.go_on.wait(60)
        self.ran.append(number)


@pytest.fixture(autouse=True)
def soon_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Dramatiq consume again without its three seconds' wait."""
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.05)


@pytest.fixture(params=[_stock, HintBroker], ids=["stock", "ours"])
def broker(request: pytest.FixtureRequest, broker_url: str) -> Iterator[RabbitmqBroker]:
    """Give Dramatiq's own broker, and ours, with an empty queue."""
    opened = request.param(broker_url)
    opened.declare_queue(_queue(opened), ensure=True)
    opened.flush(_queue(opened))
    yield opened
    opened.close()


def _publish(broker: RabbitmqBroker, *numbers: int) -> None:
    for number in numbers:
        broker.enqueue(Message(_queue(broker), "work", (number,), {}, {}))


def _waiting(broker: RabbitmqBroker) -> int:
    return broker.get_queue_message_counts(_queue(broker))[0]


def test_after_a_reconnect_nothing_is_acknowledged_that_nobody_has_run(
    broker: RabbitmqBroker,
) -> None:
    """Dramatiq's own consumer loses the hint: acknowledged by its number on the new channel.

    One thread, two hints fetched ahead. The second hint is held while the connection is lost;
    both come again, with the numbers 1 and 2. Then the held one, once number 2, is done.
    """
    work = Work(held=1)
    Actor(work, broker=broker, actor_name="work", queue_name=_queue(broker), priority=0, options={})
    worker = Worker(broker, queues={_queue(broker)}, worker_timeout=50, worker_threads=1)
    _publish(broker, 0, 1, 2)
    worker.start()
    work.inside.wait(60)
    consuming = worker.consumers[_queue(broker)]
    first = consuming.consumer
    assert first is not None

    first.connection.add_callback_threadsafe(first.connection.close)  # type: ignore[attr-defined]
    eventually(lambda: consuming.consumer is not first and _given(consuming.consumer), "both again")
    worker.workers[0].stop()
    work.go_on.set()
    worker.stop(timeout=10_000)

    left = eventually(lambda: _waiting(broker), "what was not acknowledged is back")
    assert work.ran == [0, 1]
    if isinstance(broker, HintBroker):
        assert left == 2  # the held one, which ran and may run again, and the one that never ran
    else:
        assert left == 1  # the one that never ran is gone for good


def _given(consumer: object) -> bool:
    return getattr(consumer, "known_tags", set()) == {1, 2}


def test_what_was_run_is_acknowledged(broker: RabbitmqBroker) -> None:
    """A hint that came again for ever would crowd out the others."""
    done = threading.Event()
    work: Callable[[int], None] = lambda _: done.set()  # noqa: E731
    Actor(work, broker=broker, actor_name="work", queue_name=_queue(broker), priority=0, options={})
    worker = Worker(broker, queues={_queue(broker)}, worker_timeout=50, worker_threads=1)
    worker.start()

    _publish(broker, 1)
    done.wait(60)
    worker.stop(timeout=10_000)

    assert _waiting(broker) == 0
