"""Is there one holder of a lease at a time, and another soon after it is gone?"""

import threading

from store import leases
from tests.building import House


def _hold(house: House, holder: str) -> bool:
    with house.store.write() as tx:
        return leases.hold(tx, "upkeep", holder, 10)


def _holder(house: House) -> str | None:
    with house.store.read() as tx:
        return leases.holder(tx, "upkeep")


def test_a_lease_has_one_holder_who_may_renew_it(house: House) -> None:
    """Two leaders would seal and hint twice over."""
    first = [_hold(house, "one"), _hold(house, "two")]
    house.clock.advance(seconds=9)

    then = [_hold(house, "one"), _hold(house, "two")]

    assert (first, then) == ([True, False], [True, False])


def test_a_lease_that_is_not_renewed_goes_to_another(house: House) -> None:
    """A leader that was killed is missed for seconds, not until somebody looks."""
    _hold(house, "one")
    house.clock.advance(seconds=10)
    nobody = _holder(house)

    taken = _hold(house, "two")

    assert (nobody, taken, _holder(house)) == (None, True, "two")
    assert not _hold(house, "one")


def test_a_lease_given_up_goes_to_another_at_once(house: House) -> None:
    """A rolling restart leaves no pause."""
    _hold(house, "one")
    with house.store.write() as tx:
        leases.give_up(tx, "upkeep", "one")

    assert _hold(house, "two")


def test_nobody_gives_up_anothers_lease(house: House) -> None:
    """One that lost its lead and stops late must not end the new one's."""
    _hold(house, "two")
    with house.store.write() as tx:
        leases.give_up(tx, "upkeep", "one")

    assert _holder(house) == "two"


def test_of_two_that_reach_for_a_lease_at_once_one_gets_it(house: House) -> None:
    """Processes of a stack start together."""
    together = threading.Barrier(2)
    held: list[bool] = []

    def reach(holder: str) -> None:
        together.wait()
        held.append(_hold(house, holder))

    threads = [threading.Thread(target=reach, args=(h,)) for h in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(held) == [False, True]
