"""Are the store's figures true, shown by the leader alone, and never stale?"""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.deliveries.transitions import Move, move
from store.providers import Known, know, pause
from tests import factories
from tests.building import House
from tests.metrics.scraping import samples, value
from workers.metrics.metrics import Metrics
from workers.metrics.store_figures import StoreFigures


class Watch:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _shown(figures: StoreFigures, *, leads: bool) -> bytes:
    metrics = Metrics(CollectorRegistry())
    figures.show_by(metrics, lambda: leads)
    return metrics.text()


def test_what_is_due_late_and_parked_is_counted_by_lane_and_channel(house: House) -> None:
    """A backlog lies in the store: nobody else can tell of it."""
    house.serve()
    ids = house.have_message()
    parked = [row["id"] for row in house.deliveries(channel=Channel.EMAIL)]
    with house.store.write() as tx:
        to_park = [
            Move(delivery_id=one, to=DeliveryStatus.PARKED, reason=Reason.POLICY_PARKS)
            for one in parked
        ]
        assert move(tx, to_park, [DeliveryStatus.PENDING])
        know(tx, [Known("twilio-sms", Channel.SMS, 0), Known("smtp", Channel.EMAIL, 0)])
        pause(tx, "smtp", "ops", "maintenance")
    house.clock.advance(seconds=42)
    figures = StoreFigures(house.store)

    figures.read()
    text = _shown(figures, leads=True)

    of_sms = {"lane": "routine", "channel": "sms"}
    due = value(text, "onward_queued_deliveries", standing="due", **of_sms)
    assert due == len(ids) - len(parked) == 1
    assert 42 <= value(text, "onward_oldest_due_seconds", **of_sms) < 45
    assert value(text, "onward_queued_deliveries", channel="email", standing="parked") == 1
    assert value(text, "onward_attention_deliveries", status="parked", channel="email") == 1
    assert value(text, "onward_provider_state", provider="smtp", state="paused") == 1
    assert value(text, "onward_provider_state", provider="twilio-sms", state="closed") == 1
    assert value(text, "onward_provider_state") == 2


def test_a_queue_that_is_empty_is_shown_as_empty(house: House) -> None:
    """A figure that comes and goes cannot be compared with itself a quarter of an hour ago."""
    figures = StoreFigures(house.store)

    figures.read()

    queued = [s for s in samples(_shown(figures, leads=True)) if "queued" in s.name]
    assert len(queued) == 4 * 4 * 6
    assert {sample.value for sample in queued} == {0}


def test_only_who_leads_shows_them_and_only_while_they_are_fresh(house: House) -> None:
    """Counted twice, or long ago, they would mislead whoever is woken by them."""
    watch = Watch()
    figures = StoreFigures(house.store, watch)
    figures.read()

    follower = _shown(figures, leads=False)
    leader = _shown(figures, leads=True)
    watch.seconds += timedelta(minutes=1).total_seconds()
    stale = _shown(figures, leads=True)

    for text, there in ((follower, False), (leader, True), (stale, False)):
        assert (b"onward_queued_deliveries{" in text) == there


def test_events_that_wait_or_were_rejected_are_counted(house: House) -> None:
    """They wait for somebody, and no delivery tells of them."""
    house.hand_in(factories.envelope("call.message_taken", subject="C-9999"))
    house.hand_in(factories.envelope("call.message_taken", subject="C-9999", urgency="dire"))
    figures = StoreFigures(house.store)
    figures.read()
    before = _shown(figures, leads=True)
    house.clock.advance(days=8)
    figures.read()

    after = _shown(figures, leads=True)

    assert value(before, "onward_waiting_events", overdue="false") == 1
    assert value(before, "onward_rejected_events") == 1
    assert value(after, "onward_waiting_events", overdue="true") == 1


def test_clocks_that_the_law_sets_are_counted(house: House) -> None:
    """Whoever is told of them by an alert need not look every day."""
    house.serve()
    house.tell(factories.envelope("rights.requested"))
    house.clock.advance(days=60)
    figures = StoreFigures(house.store)
    figures.read()

    text = _shown(figures, leads=True)

    assert value(text, "onward_legal_clocks", clock="request", overdue="true") == 1
    assert value(text, "onward_legal_clocks", clock="incident", overdue="true") == 0
