"""Is nothing lost, doubled or left unknown without need when the real process ends, however?"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Lane
from store.deliveries import due
from tests.dispatch.processes import dispatching
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from tests.intake.amqp import Relay
from tests.waiting import eventually
from workers.sandbox.behaviour import Act, Rule

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.slow]


@pytest.fixture
def sending(empty_postgresql_url: str, broker_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a house whose texts a real process is to send."""
    with open_sending(empty_postgresql_url, tmp_path, broker_url) as opened:
        opened.house.serve(rules=[catch_all("d-mobile")])
        yield opened


def _tell(sending: Sending, count: int) -> None:
    found = sending.house.tell_at_once(
        *(envelope("call.message_taken", call_id=f"call-{n}") for n in range(count))
    )
    sending.parts.hints(found)


def _hint_again(sending: Sending) -> None:
    """Do as upkeep does: hint at what is due and nobody was told of."""
    with sending.house.store.write() as tx:
        sending.house.clock.advance(seconds=120)
        found = due.unhinted(tx, list(Lane), tx.now, 1_000)
    sending.parts.hints(found)


def _statuses(sending: Sending) -> Counter[str]:
    return Counter(row["status"].value for row in sending.house.deliveries(channel=Channel.SMS))


@pytest.mark.parametrize(
    ("point", "unknown", "went_out"),
    [
        ("dispatch.hinted", 0, 5),
        ("dispatch.before_claim", 0, 5),
        ("dispatch.claimed", 0, 5),
        ("provider.before_first_byte", 0, 5),
        ("provider.marked", 1, 4),
        ("provider.answered", 1, 5),
        ("dispatch.journalled", 0, 5),
        ("dispatch.recorded", 0, 5),
        ("dispatch.worked_off", 0, 5),
    ],
)
def test_after_a_kill_only_what_was_marked_and_not_answered_is_unknown(
    sending: Sending, tmp_path: Path, point: str, unknown: int, went_out: int
) -> None:
    """Wherever it dies: nothing is lost or goes out twice, and one send at most is unknown."""
    _tell(sending, 5)  # before: a hint that another test left may end it as it starts
    with dispatching(sending, tmp_path, failpoints=f"{point}=kill", twilio_connections="1") as one:
        assert one.until_it_dies() == -9
    with dispatching(sending, tmp_path) as another:
        another.until_it_says("dispatch_started")
        eventually(lambda: "sending" not in _statuses(sending), "nothing is claimed by the dead")
        _hint_again(sending)
        eventually(
            lambda: not set(_statuses(sending)) - {"accepted", "uncertain"}, "all is settled"
        )
        ended = another.terminate()

    found = _statuses(sending)
    assert (ended, found.get("uncertain", 0), sum(found.values())) == (0, unknown, 5)
    assert len(sending.accepted()) == went_out


def test_sigterm_under_load_leaves_nothing_unknown(sending: Sending, tmp_path: Path) -> None:
    """A rolling restart is no accident: what is in flight is finished, the rest is given back."""
    sending.sandbox.behave(Rule(Act.SLOW, channel="sms", latency_ms=300))
    with dispatching(sending, tmp_path, twilio_connections="8") as process:
        process.until_it_says("dispatch_started")
        _tell(sending, 200)
        eventually(lambda: sending.accepted() or None, "the first has gone out")

        ended = process.terminate()

    found = _statuses(sending)
    assert ended == 0
    assert set(found) == {"accepted", "pending"}
    assert found["accepted"] == len(sending.accepted())
    assert list(sending.parts.settings.journals.iterdir()) == []
    rows = sending.house.deliveries(status=DeliveryStatus.PENDING)
    assert {(row["attempts"], row["lease_until"]) for row in rows} == {(0, None)}


def test_sigterm_while_the_broker_is_away_leaves_nothing_unknown(
    sending: Sending, broker_url: str, tmp_path: Path
) -> None:
    """Hints are no more than hints: what is in hand can be finished without them."""
    sending.sandbox.behave(Rule(Act.SLOW, channel="sms", latency_ms=300))
    with (
        Relay(broker_url) as line,
        dispatching(sending, tmp_path, twilio_connections="8", broker_url=line.url) as process,
    ):
        process.until_it_says("dispatch_started")
        _tell(sending, 100)
        eventually(lambda: sending.accepted() or None, "the first has gone out")

        line.cut()
        ended = process.terminate()

    found = _statuses(sending)
    assert (ended, set(found) - {"accepted", "pending"}) == (0, set())
    assert found["accepted"] == len(sending.accepted())


def test_sigterm_while_the_store_is_away_for_a_moment_leaves_nothing_unknown(
    sending: Sending, tmp_path: Path
) -> None:
    """What was sent is recorded when it is back; a stop waits for that as long as claims hold."""
    sending.sandbox.behave(Rule(Act.SLOW, channel="sms", latency_ms=300))
    with (
        Relay(sending.parts.settings.database) as line,
        dispatching(sending, tmp_path, twilio_connections="8", database_url=line.url) as process,
    ):
        process.until_it_says("dispatch_started")
        _tell(sending, 100)
        eventually(lambda: sending.accepted() or None, "the first has gone out")

        line.cut()
        process.tell_to_end()
        process.until_it_says("delivering_waits")
        line.mend()
        ended = process.until_it_dies()

    found = _statuses(sending)
    assert (ended, set(found) - {"accepted", "pending"}) == (0, set())
    assert found["accepted"] == len(sending.accepted())


def test_a_process_stopped_past_its_lease_sends_nothing_when_it_goes_on(
    sending: Sending, tmp_path: Path
) -> None:
    """Meanwhile its claim was called uncertain: another may have sent it, or be about to."""
    short = {"lease_seconds": "12", "twilio_timeout_seconds": "1"}
    short |= {"smtp_timeout_seconds": "1", "smtp_final_timeout_seconds": "1"}
    stopped = "provider.before_first_byte=stop"
    with dispatching(sending, tmp_path, failpoints=stopped, **short) as process:
        process.until_it_says("dispatch_started")
        _tell(sending, 1)
        process.until_it_stands()
        eventually(lambda: _rescued(sending), "its lease has ended")

        process.go_on()
        eventually(lambda: _statuses(sending) == {"pending": 1}, "it has given the claim back")

    assert sending.accepted() == []


def _rescued(sending: Sending) -> bool:
    sending.house.clock.now = datetime.now(UTC)  # the process goes by the real one
    with sending.house.store.write() as tx:
        return bool(due.rescue(tx, dict.fromkeys(Channel, 300.0)))
