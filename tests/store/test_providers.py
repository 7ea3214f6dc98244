"""Is it kept which providers may be used, across processes and restarts?"""

from contracts.vocabulary import BreakerState, Channel
from store import providers
from store.providers import Known, ProviderState
from tests.building import House

TEXTS = Known("twilio-sms", Channel.SMS, 0)
SPARE = Known("spare-sms", Channel.SMS, 1)
RELAY = Known("smtp", Channel.EMAIL, 0)


def _know(house: House, *known: Known) -> None:
    with house.store.write() as tx:
        providers.know(tx, known)


def _states(house: House) -> list[ProviderState]:
    with house.store.read() as tx:
        return providers.states(tx)


def _pause(house: House, name: str, by: str = "ops", reason: str = "maintenance") -> None:
    with house.store.write() as tx:
        providers.pause(tx, name, by, reason)


def test_what_is_set_up_is_known_in_its_order_and_begins_closed(house: House) -> None:
    """The order is who carries first, and who takes over."""
    _know(house, SPARE, RELAY, TEXTS)

    found = _states(house)

    assert [(one.name, one.place) for one in found] == [
        ("smtp", 0),
        ("twilio-sms", 0),
        ("spare-sms", 1),
    ]
    assert {one.state for one in found} == {BreakerState.CLOSED}
    assert all(one.usable(house.clock.now) for one in found)


def test_a_paused_provider_is_not_usable_until_it_is_resumed(house: House) -> None:
    """An operator's word holds for every process."""
    _know(house, TEXTS)
    _pause(house, "twilio-sms", "ops", "their maintenance")
    (paused,) = _states(house)

    with house.store.write() as tx:
        resumed = providers.resume(tx, "twilio-sms", "boss")

    assert (paused.usable(house.clock.now), paused.paused_by, paused.pause_reason) == (
        False,
        "ops",
        "their maintenance",
    )
    assert resumed is not None
    assert (resumed.usable(house.clock.now), resumed.paused, resumed.resumed_by) == (
        True,
        False,
        "boss",
    )


def test_who_paused_first_is_who_paused(house: House) -> None:
    """A second pause must not hide the first one's reason."""
    _know(house, TEXTS)
    _pause(house, "twilio-sms", "ops", "their maintenance")

    _pause(house, "twilio-sms", "boss", "to be sure")

    assert [(one.paused_by, one.pause_reason) for one in _states(house)] == [
        ("ops", "their maintenance")
    ]


def test_a_provider_that_is_not_set_up_can_neither_be_paused_nor_resumed(house: House) -> None:
    """A slip of the pen is told, not taken for a pause."""
    _know(house, TEXTS)

    with house.store.write() as tx:
        answers = providers.pause(tx, "twilio", "ops", "x"), providers.resume(tx, "twilio", "ops")

    assert answers == (None, None)


def test_a_restart_changes_nothing_of_what_is_kept(house: House) -> None:
    """A process that starts in the middle of an outage does not begin it anew."""
    _know(house, TEXTS, SPARE)
    _pause(house, "spare-sms")
    before = _states(house)
    house.clock.advance(seconds=60)

    _know(house, TEXTS, SPARE)

    assert _states(house) == before


def test_one_that_is_no_longer_set_up_is_gone_and_comes_back_paused(house: House) -> None:
    """Settings that lack it for an hour are no resume."""
    _know(house, TEXTS, SPARE)
    _pause(house, "spare-sms")
    _know(house, TEXTS)
    gone = [one.name for one in _states(house)]

    _know(house, SPARE, TEXTS)

    assert gone == ["twilio-sms"]
    assert [(one.name, one.paused) for one in _states(house)] == [
        ("twilio-sms", False),
        ("spare-sms", True),
    ]
