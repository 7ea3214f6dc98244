"""Is a publisher that is no longer admitted refused soon?"""

from store.publishers import Publisher, revoke
from tests.building import House
from tests.intake.amqp import admit
from workers.intake.admitted import Admitted


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_revoked_publisher_is_refused_after_a_second(house: House) -> None:
    """A key is revoked because somebody has it who should not."""
    clock = Seconds()
    admit(house.store, Publisher("north", ("*",), ("*",)))
    admitted = Admitted(house.store, clock)
    before = admitted.known(["north", "stranger"])
    with house.store.write() as tx:
        revoke(tx, "north")

    clock.now = 1.0

    assert list(before) == ["north"]
    assert admitted.known(["north", "stranger"]) == {}


def test_a_publisher_admitted_since_is_known_at_once(house: House) -> None:
    """Whoever was refused a moment ago need not wait, nor start anything anew."""
    admitted = Admitted(house.store, Seconds())
    before = admitted.known(["north"])

    admit(house.store, Publisher("north", ("*",), ("*",)))

    assert before == {}
    assert list(admitted.known(["north"])) == ["north"]
