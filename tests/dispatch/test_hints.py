"""Do hints reach the workers of their lane, and is a lost one harmless?"""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from dramatiq import Message
from dramatiq.brokers.stub import StubBroker

from contracts.vocabulary import Channel, DeliveryStatus, Lane
from store.deliveries.adding import Due
from tests.dispatch.sending import open_sending
from tests.factories import catch_all, envelope
from tests.waiting import eventually
from workers.dispatch.actors import declare_actors
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Aside, Hints
from workers.dispatch.rabbitmq import FullError, HintBroker

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    """Give a broker of this process, its queues declared."""
    opened = open_broker(None)
    assert isinstance(opened, StubBroker)
    declare_actors(opened)
    yield opened
    opened.close()


def _due(count: int, channel: Channel = Channel.SMS, lane: Lane = Lane.ROUTINE) -> list[Due]:
    return [Due(UUID(int=n + 1), channel, lane, NOW) for n in range(count)]


def _waiting(broker: StubBroker) -> dict[str, int]:
    return {name: queue.qsize() for name, queue in broker.queues.items() if queue.qsize()}


def test_a_hint_is_for_one_channel_and_one_lane(broker: StubBroker) -> None:
    """A live call never waits behind a campaign."""
    hints = Hints(broker, 100)

    hinted = hints(
        _due(2) + _due(1, Channel.EMAIL) + _due(1, Channel.CALL, Lane.LIVE) + _due(1, Channel.POST)
    )

    assert hinted == 4
    assert _waiting(broker) == {
        "onward.sms.routine": 1,
        "onward.email.routine": 1,
        "onward.call.live": 1,
    }


def test_a_hint_names_so_many_deliveries_and_no_more(broker: StubBroker) -> None:
    """Ids, and nothing else: no personal value travels."""
    hints = Hints(broker, 100)

    hinted = hints(_due(250))

    assert hinted == 250
    assert _waiting(broker) == {"onward.sms.routine": 3}
    frames = [broker.queues["onward.sms.routine"].get() for _ in range(3)]
    for _ in frames:
        broker.queues["onward.sms.routine"].task_done()
    assert b"+44" not in b"".join(frames)


def test_hints_in_this_process_take_no_more_memory_than_they_may(broker: StubBroker) -> None:
    """A slow provider makes the store's backlog grow, not the process: upkeep finds the rest."""
    hints = Hints(broker, 1)

    hinted = hints(_due(3_000) + _due(1, Channel.CALL, Lane.LIVE))

    assert hinted == 2_001
    assert (hints.backlog([Lane.ROUTINE]), hints.backlog([Lane.LIVE])) == (2_000, 1)


def test_a_full_queue_refuses_hints_and_leaves_the_connection_be(broker_url: str) -> None:
    """RabbitMQ must not fill up with what the store knows anyway."""
    queue = f"onward.full.{uuid4().hex}"
    broker = HintBroker(broker_url, most_waiting=2)
    broker.declare_queue(queue)
    hint: Message[None] = Message(queue, "nobody", ([],), {}, {})
    for _ in range(2):
        broker.enqueue(hint.copy())
    connection = broker.connection

    with pytest.raises(FullError):
        broker.enqueue(hint.copy())

    assert broker.waiting(queue) == 2
    assert broker.connection is connection
    broker.close()


def test_a_full_queue_keeps_no_other_from_its_hints(broker: StubBroker) -> None:
    """Told again, what was told already would be worked off twice for nothing."""
    hints = Hints(broker, 1)
    routine, live = _due(2_005), _due(1, lane=Lane.LIVE)

    untold = hints.tell(routine + live)

    assert untold == [one.delivery_id for one in routine[2_000:]]
    assert hints.backlog([Lane.LIVE]) == 1


def test_the_backlog_is_what_waits_in_some_lanes(broker: StubBroker) -> None:
    """While hints wait, hinting again would only multiply them (hazard 20)."""
    hints = Hints(broker, 10)
    hints(_due(30) + _due(1, lane=Lane.LIVE))

    assert (hints.backlog([Lane.ROUTINE, Lane.BULK]), hints.backlog([Lane.LIVE])) == (3, 1)


def test_a_broker_that_is_away_is_no_error() -> None:
    """The store has it all: upkeep hints again."""
    away = open_broker("amqp://guest:guest@127.0.0.1:1/none?socket_timeout=1&retry_delay=0")
    hints = Hints(away, 100)

    assert hints(_due(3)) == 0
    assert hints.backlog([Lane.ROUTINE]) is None


@pytest.mark.parametrize(
    "kind",
    [
        "in process",
        pytest.param("rabbitmq", marks=[pytest.mark.broker, pytest.mark.database]),
    ],
)
def test_hinted_deliveries_are_sent_by_the_workers_of_every_lane(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """End to end over Dramatiq: taken in, hinted after the commit, claimed, sent, recorded."""
    served = kind == "rabbitmq"
    url = request.getfixturevalue("empty_postgresql_url" if served else "empty_sqlite_url")
    broker_url = request.getfixturevalue("broker_url") if served else None
    with open_sending(url, tmp_path, broker_url) as sending:
        house = sending.house
        house.serve(rules=[catch_all("d-mobile", "d-mail")])
        sending.dispatch.start()
        urgencies = ["routine", "urgent", "emergency"] * 4

        due = house.tell_at_once(
            *(
                envelope("call.message_taken", call_id=f"call-{n}", urgency=urgency)
                for n, urgency in enumerate(urgencies)
            )
        )
        sending.parts.hints(due)
        sending.parts.hints(due)

        sending.settle(DeliveryStatus.ACCEPTED)
        eventually(
            lambda: sending.parts.hints.backlog(list(Lane)) == 0 or None, "no hint left over"
        )
        assert len(sending.accepted()) == len(due) == 24


def test_what_comes_while_the_broker_confirms_goes_out_together(broker: StubBroker) -> None:
    """Whoever has committed need not wait, and under load a hint carries more."""
    confirming, confirmed = threading.Event(), threading.Event()
    told: list[int] = []

    class Slow(Hints):
        def __call__(self, due: Sequence[Due]) -> int:
            told.append(len(due))
            confirming.set()
            confirmed.wait(60)
            return super().__call__(due)

    aside = Aside(Slow(broker, 100))
    aside(_due(1))
    confirming.wait(60)

    for _ in range(3):
        aside(_due(2))
    confirmed.set()
    aside.close()

    assert told == [1, 6]
    assert _waiting(broker) == {"onward.sms.routine": 2}
