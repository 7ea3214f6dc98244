"""Are lanes kept apart, boots told, and does nothing of Dramatiq's end, repeat or keep a batch?"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from dramatiq import Broker, Middleware
from dramatiq.brokers.stub import StubBroker

from contracts.vocabulary import Channel, Lane
from store.deliveries.adding import Due
from tests.waiting import eventually
from workers.dispatch.actors import Deliver, declare_actors
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Hints
from workers.dispatch.loop import Loop
from workers.dispatch.running import Running

NOW = datetime(2026, 11, 20, tzinfo=UTC)
STUCK = 3  # more batches than there are threads for them


@pytest.fixture(params=["in process", pytest.param("rabbitmq", marks=pytest.mark.broker)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Give a broker of each kind with empty queues."""
    served = request.param == "rabbitmq"
    opened = open_broker(request.getfixturevalue("broker_url") if served else None)
    declare_actors(opened)
    for queue in sorted(opened.get_declared_queues()):
        if served:
            opened.declare_queue(queue, ensure=True)  # type: ignore[call-arg] # RabbitMQ's alone
            opened.flush(queue)
    yield opened
    opened.close()


@contextlib.contextmanager
def _running(
    broker: Broker, deliver: Deliver, lanes: Sequence[Lane] = tuple(Lane)
) -> Iterator[None]:
    declare_actors(broker, deliver)
    loop = Loop()
    running = Running(broker, loop, lanes, [Channel.SMS, Channel.CALL], threads=2)
    running.start()
    try:
        yield
    finally:
        running.stop(10)
        loop.close()


def _hint(broker: Broker, lane: Lane, channel: Channel, count: int) -> None:
    hints = Hints(broker, 1)
    hints([Due(UUID(int=n + 1), channel, lane, NOW) for n in range(count)])


def test_a_live_hint_does_not_wait_for_bulk_batches(broker: Broker) -> None:
    """Dramatiq feeds one work queue a worker: behind two threads of bulk a caller hangs up."""
    bulk, live, go_on = threading.Semaphore(0), threading.Event(), threading.Event()

    def deliver(channel: Channel, _ids: Sequence[UUID]) -> None:
        if channel is Channel.CALL:
            live.set()
            return
        bulk.release()
        go_on.wait(60)

    _hint(broker, Lane.BULK, Channel.SMS, STUCK)
    with _running(broker, deliver), contextlib.ExitStack() as ending:
        ending.callback(go_on.set)
        assert [bulk.acquire(timeout=60) for _ in range(2)] == [True, True]

        _hint(broker, Lane.LIVE, Channel.CALL, 1)

        assert live.wait(60)
        assert not bulk.acquire(blocking=False)  # the third batch has no thread: bulk is bounded


class _Boots(Middleware):
    """Writes down what it hears, as what starts timers at the boot would act on it."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def before_process_boot(self, broker: Broker) -> None:
        self.heard.append("before boot")

    def after_process_boot(self, broker: Broker) -> None:
        self.heard.append("after boot")

    def before_worker_boot(self, broker: Broker, worker: object) -> None:
        self.heard.append("worker")


def test_middleware_hears_of_the_boot_once_though_dramatiqs_command_is_not_used() -> None:
    """What waits for it in vain does nothing, and says so nowhere (hazard 21)."""
    broker, boots = open_broker(None), _Boots()
    broker.add_middleware(boots)

    with _running(broker, lambda _channel, _ids: None):
        pass

    assert boots.heard == ["before boot", "worker", "worker", "after boot"]


def test_a_hint_that_fails_is_done_with_and_is_kept_nowhere(broker: Broker) -> None:
    """The store finds it again; what Dramatiq kept or repeated would only pile up (hazard 21)."""
    tried: list[int] = []

    def fail(_channel: Channel, ids: Sequence[UUID]) -> None:
        tried.append(ids[0].int)
        raise ZeroDivisionError

    with _running(broker, fail, [Lane.ROUTINE]):
        _hint(broker, Lane.ROUTINE, Channel.SMS, 20)

        eventually(lambda: len(tried) >= 20, "each was tried")
        eventually(lambda: Hints(broker, 1).backlog(list(Lane)) == 0, "none is left")

    assert sorted(tried) == list(range(1, 21))
    if isinstance(broker, StubBroker):
        assert broker.dead_letters == []


def test_nothing_of_dramatiqs_ends_or_repeats_a_batch(broker: Broker) -> None:
    """A time limit ends an actor while its sends go on; its retries know no deadline (hazard 8)."""
    declare_actors(broker, lambda _channel, _ids: None)

    actors = [broker.get_actor(name) for name in sorted(broker.get_declared_actors())]

    assert [type(one).__name__ for one in broker.middleware] == []
    assert {name for actor in actors for name in actor.options} == set()
