"""Is there one holder of a lease at a time, and another soon after it is gone?"""

import threading

import pytest

from store import leases, tables
from tests.building import House, waits_for_a_lock
from tests.waiting import eventually


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


def test_a_leader_that_wakes_up_late_commits_nothing(house: House) -> None:
    """It was stopped in the middle of a transaction, and another leads (hazard 22)."""
    led = house.store.under(lambda tx: leases.insist(tx, "upkeep", "one"))
    _hold(house, "one")
    house.clock.advance(seconds=11)
    _hold(house, "two")

    with pytest.raises(leases.LeaseLostError), led.write() as tx:
        leases.hold(tx, "a chore's row", "one", 10)

    assert house.rows(tables.leases, name="a chore's row") == []


def test_a_leader_whose_lease_ran_out_unnoticed_still_commits(house: House) -> None:
    """A slow chore is no fault while nobody else has begun to lead."""
    led = house.store.under(lambda tx: leases.insist(tx, "upkeep", "one"))
    _hold(house, "one")
    house.clock.advance(seconds=11)

    with led.write() as tx:
        leases.hold(tx, "a chore's row", "one", 10)

    assert [row["holder"] for row in house.rows(tables.leases, name="a chore's row")] == ["one"]


def test_nobody_can_take_a_lease_between_the_last_word_and_the_commit(server_house: House) -> None:
    """Else two leaders could still write side by side."""
    store = server_house.store
    _hold(server_house, "one")
    server_house.clock.advance(seconds=11)
    taken: list[bool] = []
    taking = threading.Thread(target=lambda: taken.append(_hold(server_house, "two")))

    with store.write() as tx:
        leases.insist(tx, "upkeep", "one")
        taking.start()
        eventually(lambda: waits_for_a_lock(server_house), "the other waits")
        meanwhile = list(taken)
    taking.join()

    assert (meanwhile, taken) == ([], [True])


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
