"""Does a process know which provider carries now, and count only what tells of now?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from config.policies import BREAKER
from contracts.vocabulary import BreakerState, Channel, Reason
from store import providers
from store.providers import Known, ProviderState
from tests.building import START, House
from workers.dispatch.carriers import Carrier, Carriers
from workers.providers.base import Accepted, Outgoing, Unknown, Verdict

SMS, EMAIL = Channel.SMS, Channel.EMAIL
SILENT = [Unknown(Reason.NO_ANSWER, "timeout")] * BREAKER.outages


@dataclass
class Stand:
    """A provider that is only looked at here."""

    name: str
    channel: Channel = SMS
    timeout: float = 1.0

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = lambda: None
    ) -> Verdict:
        """Take it."""
        before_first_byte()
        return Accepted(outgoing.tag.delivery_id)

    async def probe(self) -> Verdict:
        """Be there."""
        return Accepted("here")

    async def close(self) -> None:
        """Have nothing to give back."""


@pytest.fixture
def carriers() -> Carriers:
    """Give two for texts and one for emails."""
    stands = [Stand("one"), Stand("two"), Stand("post-office", EMAIL)]
    return Carriers([Carrier(stand, 10) for stand in stands], BREAKER, lambda: 0.5)


def state(name: str, place: int = 0) -> ProviderState:
    """One that may be used."""
    return ProviderState(name=name, channel=SMS, place=place, changed_at=START)


def chosen(carriers: Carriers) -> str | None:
    """Which carries texts now."""
    found = carriers.choose(SMS)
    return found.name if found else None


def test_the_order_is_kept_for_each_channel(carriers: Carriers) -> None:
    """Turns begin anew with each channel."""
    assert carriers.known == [
        Known("one", SMS, 0),
        Known("two", SMS, 1),
        Known("post-office", EMAIL, 0),
    ]
    assert carriers.channels == (SMS, EMAIL)


def test_before_the_store_has_spoken_the_first_carries(carriers: Carriers) -> None:
    """A process that starts while the store is away must not stand still by itself."""
    assert chosen(carriers) == "one"


def test_the_first_that_may_be_used_carries(carriers: Carriers) -> None:
    """Until none is left; then everything due waits."""
    open_one = replace(state("one"), state=BreakerState.OPEN, probe_at=START)
    paused_two = replace(state("two", 1), paused_at=START)

    found = []
    for states in ([state("one"), state("two", 1)], [open_one, state("two", 1)]):
        carriers.learn(states, START)
        found.append(chosen(carriers))
    carriers.learn([open_one, paused_two], START)

    assert found == ["one", "two"]
    assert chosen(carriers) is None


def test_a_wait_ends_by_itself(carriers: Carriers) -> None:
    """Nobody has to read the store again for it."""
    waits = replace(state("one"), wait_until=START + timedelta(milliseconds=1))
    carriers.learn([waits], START - timedelta(hours=1))
    before = chosen(carriers)

    carriers.learn([waits], START + timedelta(milliseconds=1))

    assert (before, chosen(carriers)) == ("two", "one")


def _judged(carriers: Carriers, claimed_at: datetime, now: datetime) -> bool:
    return carriers.judge("one", SILENT, claimed_at, now) is not None


def test_what_was_claimed_before_it_came_back_does_not_count(carriers: Carriers) -> None:
    """A request of before the outage's end times out after it: that says nothing of now."""
    back_at = START + timedelta(seconds=10)
    carriers.learn([replace(state("one"), openings=1, usable_since=back_at)], back_at)
    late = back_at + timedelta(seconds=5)

    before, after = _judged(carriers, START, late), _judged(carriers, back_at, late)

    assert (before, after) == (False, True)


def test_a_concern_put_down_is_known_at_once_and_twice_is_once(
    house: House, carriers: Carriers
) -> None:
    """The next hint must not be claimed for it; a recording may be repeated after an outage."""
    with house.store.write() as tx:
        providers.know(tx, carriers.known)
        states, now = providers.states(tx), tx.now
    carriers.learn(states, now)
    concern = carriers.judge("one", SILENT, now, now)
    assert concern is not None

    for _ in range(2):
        with house.store.write() as tx:
            carriers.put_down(tx, concern)

    assert chosen(carriers) == "two"
    with house.store.read() as tx:
        (one,) = [s for s in providers.states(tx) if s.name == "one"]
    assert (one.state, one.openings, one.reason) == (BreakerState.OPEN, 1, Reason.NO_ANSWER)


def test_a_concern_holds_at_once_and_if_rolled_back_until_the_stores_next_word(
    house: House, carriers: Carriers
) -> None:
    """Recording may take a while, and each send until then may be left uncertain."""
    with house.store.write() as tx:
        providers.know(tx, carriers.known)
        states, now = providers.states(tx), tx.now
    carriers.learn(states, now)
    concern = carriers.judge("one", SILENT, now, now)
    assert concern is not None
    at_once = chosen(carriers)

    with pytest.raises(ZeroDivisionError), house.store.write() as tx:  # noqa: PT012 - a rollback
        carriers.put_down(tx, concern)
        raise ZeroDivisionError
    carriers.learn(states, now)

    assert (at_once, chosen(carriers)) == ("two", "one")
