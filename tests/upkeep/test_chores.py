"""Does upkeep find what waits, and does each chore do its own and no more?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dramatiq import Broker

from contracts.vocabulary import DeliveryStatus, Lane
from store import tables
from store.deliveries import advancing
from store.deliveries.adding import Due
from store.record import sealing
from tests.building import House, first_of, preferences
from tests.factories import catch_all, envelope
from workers.dispatch.actors import declare_actors
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Hints
from workers.upkeep.chores import Chores
from workers.upkeep.notices import plan_notices

S = DeliveryStatus
SOON, LATER = [Lane.LIVE, Lane.URGENT], [Lane.ROUTINE, Lane.BULK]


@dataclass(frozen=True, slots=True)
class Keeping:
    """A house, its chores, and the broker that their hints go to."""

    house: House
    chores: Chores
    hints: Hints
    broker: Broker

    def hinted(self, lanes: list[Lane]) -> int:
        """How many hints wait in some lanes."""
        return self.hints.backlog(lanes) or 0

    def drain(self) -> None:
        """Have all hints gone, as if they had been worked off or lost."""
        self.broker.flush_all()


def _chores(house: House, hints: Hints, interval: float = 2) -> Chores:
    return Chores(
        house.store,
        house.readings,
        house.policies,
        hints,
        lambda: 0,
        interval=interval,
        seal_interval=2,
    )


@pytest.fixture
def keeping(house: House) -> Iterator[Keeping]:
    """Give the chores of a house with C-1042 served."""
    broker = open_broker(None)
    declare_actors(broker)
    hints = Hints(broker, 100)
    house.serve()
    yield Keeping(
        house,
        _chores(house, hints),
        hints,
        broker,
    )
    broker.close()


def test_a_lost_hint_is_given_again(keeping: Keeping) -> None:
    """The queue is a hint; the store is the truth."""
    keeping.house.have_message()

    early = keeping.chores.hint_due()
    keeping.house.clock.advance(seconds=61)
    again = keeping.chores.hint_due()

    assert (early, again, keeping.hinted(LATER)) == (0, 2, 2)


class _Refused(Hints):
    """Hints to a broker that answers, and takes nothing: a resource alarm."""

    def tell(self, due: Sequence[Due]) -> list[UUID]:
        return [one.delivery_id for one in due]


def test_what_could_not_be_hinted_is_hinted_as_soon_as_it_can_be(keeping: Keeping) -> None:
    """Noted as hinted, it would wait a minute for a broker that was away for seconds."""
    keeping.house.have_message()
    keeping.house.clock.advance(seconds=61)
    refused = _chores(keeping.house, _Refused(keeping.broker, 100)).hint_due()

    found = keeping.chores.hint_due()

    assert (refused, found, keeping.hinted(LATER)) == (0, 2, 2)


def test_while_the_broker_is_away_nothing_is_noted_as_hinted(keeping: Keeping) -> None:
    """Thousands of rows written every second to no end, and none of them told."""
    keeping.house.have_message()
    keeping.house.clock.advance(seconds=61)
    before = [row["hinted_at"] for row in keeping.house.deliveries()]
    away = Hints(open_broker("amqp://guest:guest@127.0.0.1:1/none"), 100)

    found = _chores(keeping.house, away).hint_due()

    assert found == 0
    assert [row["hinted_at"] for row in keeping.house.deliveries()] == before


def test_an_urgent_hint_is_given_again_within_seconds(keeping: Keeping) -> None:
    """A lost live hint would mean a lost caller (hazard 20)."""
    keeping.house.have_message(urgency="urgent")
    keeping.house.clock.advance(seconds=3)

    found = keeping.chores.hint_live()

    assert (found, keeping.hinted(SOON)) == (2, 2)


def test_what_cannot_wait_is_looked_for_every_second_whatever_the_interval(
    keeping: Keeping,
) -> None:
    """An operator who spares the database must not thereby lose callers (hazard 20)."""
    slow = _chores(keeping.house, keeping.hints, interval=60)

    every = {chore.name: chore.every for chore in slow.all()}

    assert every["hint_due"] == 60
    assert max(every[name] for name in ("hint_live", "go_on", "expire")) <= 1


def test_what_is_hinted_already_is_left_while_hints_wait(keeping: Keeping) -> None:
    """With a million queued, hinting again multiplies the queue (hazard 20)."""
    house = keeping.house
    for n in range(3):
        house.have_message(call_id=f"call-{n}")
    for _ in range(21):
        keeping.hints([*house.tell(envelope("call.message_taken"))])
    house.clock.advance(seconds=61)

    crowded = keeping.chores.hint_due()
    keeping.drain()
    calm = keeping.chores.hint_due()

    assert (crowded, calm) == (0, 48)


def test_a_queue_that_nobody_works_off_keeps_no_other_from_its_hints(keeping: Keeping) -> None:
    """Texts may wait for a provider that is not set up yet, and a lost email hint for a minute."""
    house = keeping.house
    house.have_message()
    text = house.delivery(channel="sms")
    due = [Due(text["id"], text["channel"], text["lane"], text["due_at"])]
    for _ in range(21):
        keeping.hints(due)
    house.clock.advance(seconds=61)

    found = keeping.chores.hint_due()

    assert (found, keeping.hinted(LATER)) == (1, 22)


def test_what_becomes_due_is_hinted_when_its_window_opens(keeping: Keeping) -> None:
    """Nobody else would tell dispatch at one o'clock."""
    house = keeping.house
    window = {"from": "13:00", "to": "18:00"}
    rule = catch_all("d-mail", timing="next_window", window=window)
    house.tell(preferences("C-1042", rule))
    house.have_message()
    before = keeping.chores.hint_due()
    house.clock.advance(hours=3)

    found = keeping.chores.hint_due()

    assert (before, found) == (0, 1)


def test_a_claim_whose_worker_died_is_called_uncertain(keeping: Keeping) -> None:
    """And then goes by its channel's policy: a text is parked, an email goes again, marked."""
    house = keeping.house
    house.have_message()
    house.claim(lease_seconds=60)
    house.clock.advance(seconds=61)
    rescued = keeping.chores.rescue()
    house.clock.advance(seconds=301)

    settled = keeping.chores.settle_uncertain()

    assert (rescued, settled) == (2, 2)
    assert house.standing() == [
        ("d-mobile", "parked", "policy_parks"),
        ("d-mail", "pending", "policy_resends"),
    ]
    assert [row["marked"] for row in house.deliveries()] == [False, True]
    assert keeping.chores.hint_due() == 1


def test_what_is_past_its_deadline_expires_held_or_not(keeping: Keeping) -> None:
    """Nothing waits for ever: a message of last week helps nobody on Monday."""
    house = keeping.house
    house.have_message()
    house.tell(
        envelope(
            "destination.added", destination_id="d-mobile", kind="mobile", value="07700 900456"
        )
    )
    early = keeping.chores.expire()
    house.clock.advance(days=2)

    expired = keeping.chores.expire()

    assert (early, expired) == (0, 2)
    assert {row["status"] for row in house.deliveries()} == {S.EXPIRED}
    assert [e["outcome"] for e in house.entries()] == ["expired"] * 2


def test_a_call_that_nobody_put_through_is_told_as_a_message(keeping: Keeping) -> None:
    """Once, with what hints at it."""
    house = keeping.house
    house.tell(envelope("call.waiting", not_after="2026-11-20T10:00:20Z"))
    house.clock.advance(seconds=25)

    expired = [keeping.chores.expire(), keeping.chores.expire()]

    assert expired == [1, 0]
    assert [(r["channel"].value, r["status"].value) for r in house.deliveries()] == [
        ("call", "expired"),
        ("sms", "pending"),
        ("email", "pending"),
    ]
    assert keeping.hinted(LATER) + keeping.hinted(SOON) == 2


def test_an_urgent_message_that_nobody_answers_for_goes_on_to_the_next_step(
    house: House, keeping: Keeping
) -> None:
    """The customer cannot wait for proof while the next destination stands idle (hazard 6)."""
    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    house.have_message(urgency="urgent")
    house.claim()
    house.clock.advance(seconds=61)
    keeping.chores.rescue()

    too_soon = keeping.chores.go_on()
    house.clock.advance(seconds=121)
    once = keeping.chores.go_on()
    again = keeping.chores.go_on()

    assert (too_soon, once, again) == (0, 1, 0)
    assert house.delivery(destination_id="d-mail")["marked"]
    assert house.delivery(destination_id="d-mobile")["status"] is S.UNCERTAIN


def test_what_cannot_wait_is_found_page_by_page(house: House, keeping: Keeping) -> None:
    """After an outage there may be very many, and memory must not grow with them."""
    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    sent = [house.have_message(urgency="urgent")[0] for _ in range(3)]
    house.claim()
    house.clock.advance(seconds=61)
    keeping.chores.rescue()
    house.clock.advance(seconds=121)

    pages = []
    for _ in range(2):
        with house.store.write() as tx:
            rows = advancing.waited(tx, 2)
            advancing.settle(tx, rows, [])
        pages.append([row["id"] for row in rows])

    assert pages == [sent[:2], sent[2:]]


def test_outcomes_are_listed_and_the_ledger_is_sealed(keeping: Keeping) -> None:
    """What was committed is put in order by one hand."""
    house = keeping.house
    house.have_message()
    house.tell(envelope("destination.removed", destination_id="d-mobile"))

    listed, sealed = keeping.chores.list_outcomes(), keeping.chores.seal()

    assert listed == len(house.rows(tables.outbox))
    assert sealed == 1
    assert sealing.verify(house.store).broken is None
    assert (keeping.chores.list_outcomes(), keeping.chores.seal()) == (0, 0)


def _plan_all(house: House, chunk: int = 500) -> list[int]:
    counts: list[int] = []
    while not counts or counts[-1]:
        counts.append(plan_notices(house.store, house.policies, chunk))
    return counts


def test_a_notice_goes_once_to_every_customer_who_is_served(house: House) -> None:
    """By email to where invoices go; not to who has left, nor to who has only asked."""
    for n in range(7):
        house.register(f"C-{n}", contact={"name": "Jo", "email": f"jo{n}@example.com"})
    house.tell(envelope("customer.enquired", subject="C-prospect"))
    house.tell(envelope("service.terminated", subject="C-6", terminated_at="2026-11-20T09:00:00Z"))
    house.tell(envelope("policy.changed"))

    _plan_all(house)
    _plan_all(house)

    rows = house.deliveries()
    assert [row["customer_ref"] for row in rows] == [f"C-{n}" for n in range(6)]
    assert {(row["lane"], row["purpose"].value) for row in rows} == {(Lane.BULK, "policy_notice")}
    (task,) = house.rows(tables.planning_tasks)
    assert (task["planned"], task["done_at"]) == (6, house.clock.now)


def test_a_notice_is_planned_in_chunks_and_goes_on_where_it_stopped(house: House) -> None:
    """Ten thousand customers are not one transaction; a crash costs one chunk, done again."""
    for n in range(7):
        house.register(f"C-{n}")
    house.tell(envelope("policy.changed"))

    counts = _plan_all(house, chunk=3)

    assert counts == [3, 3, 1, 1, 0]
    assert len(house.deliveries()) == 7


def test_an_offer_that_nobody_agreed_to_goes_to_nobody_and_says_so(house: House) -> None:
    """Not sent is on record, too."""
    house.serve()
    house.tell(envelope("offer.published"))

    _plan_all(house)

    assert house.deliveries() == []
    assert [(e["outcome"], e["reason"].value) for e in house.entries()] == [
        ("not_sent", "no_consent")
    ]


def test_what_nobody_could_be_reached_with_stays_uncertain_only_for_a_while(
    keeping: Keeping,
) -> None:
    """Evidence is waited for as long as each channel's policy says, and no longer."""
    house = keeping.house
    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    house.have_message()
    house.claim(lease_seconds=60)
    house.clock.advance(seconds=61)
    keeping.chores.rescue()
    waits: Any = house.delivery(channel="sms")["due_at"] - house.clock.now

    assert waits == timedelta(seconds=300)
    assert keeping.chores.settle_uncertain() == 0
