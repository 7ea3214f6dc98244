"""Does one process keep house at a time, and another take over soon when it is gone?"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store import leases
from store.engine import Store
from tests.building import open_test_store
from tests.waiting import eventually
from workers.upkeep.chores import Chore
from workers.upkeep.running import LEADER, Running


@contextmanager
def _running(store: Store, holder: str, *chores: Chore) -> Iterator[Running]:
    upkeep = Running(store, chores, holder)
    thread = threading.Thread(target=upkeep.run)
    thread.start()
    try:
        yield upkeep
    finally:
        upkeep.stop()
        thread.join()


class Counted:
    """A chore that counts its turns, and fails as often as it is told."""

    def __init__(self, failing: int = 0) -> None:
        self.turns = 0
        self.failing = failing

    def run(self) -> int:
        """Take a turn."""
        self.turns += 1
        if self.turns <= self.failing:
            raise ZeroDivisionError
        return 0


def test_the_leader_does_every_chore_in_its_turn(empty_url: str) -> None:
    """Each at its own interval, and none before somebody leads."""
    often, seldom = Counted(), Counted()

    with open_test_store(empty_url) as store:
        chores = Chore("often", 0.02, often.run), Chore("seldom", 60, seldom.run)
        with _running(store, "one", *chores) as upkeep:
            eventually(lambda: often.turns >= 5, "five turns")
            assert upkeep.leads

    assert seldom.turns == 1


def test_a_chore_that_fails_stops_no_other_and_is_tried_again(empty_sqlite_url: str) -> None:
    """A broken provider of one chore must not end the sealing of the ledger."""
    broken, sound = Counted(failing=3), Counted()

    with open_test_store(empty_sqlite_url) as store:
        chores = Chore("broken", 0.01, broken.run), Chore("sound", 0.01, sound.run)
        with _running(store, "one", *chores):
            eventually(lambda: broken.turns >= 5 and sound.turns >= 5, "both go on")


def test_while_one_leads_another_keeps_still_and_takes_over_when_it_stops(empty_url: str) -> None:
    """Nothing is done twice over, and nothing is left undone for long."""
    first, second = Counted(), Counted()

    with (
        open_test_store(empty_url) as store,
        _running(store, "one", Chore("c", 0.01, first.run)) as leader,
    ):
        eventually(lambda: leader.leads, "one leads")
        with _running(store, "two", Chore("c", 0.01, second.run)) as follower:
            eventually(lambda: first.turns >= 10, "some turns")
            waited = second.turns
            leader.stop()
            eventually(lambda: follower.leads, "two leads")
            eventually(lambda: second.turns >= 3, "two keeps house")

    assert waited == 0


def test_a_leader_that_was_killed_is_replaced_once_its_lease_has_ended(
    empty_sqlite_url: str,
) -> None:
    """It gives up nothing; the store's clock ends its lead."""
    with open_test_store(empty_sqlite_url) as store:
        with store.write() as tx:
            leases.hold(tx, LEADER, "killed", 0.3)

        with _running(store, "two") as follower:
            eventually(lambda: follower.leads, "two leads")

        with store.read() as tx:
            assert leases.holder(tx, LEADER) is None  # it stepped down as it stopped
