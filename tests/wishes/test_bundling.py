"""Do texts that a number has no room for go out as one, at the first moment that there is?"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.vocabulary import DeliveryStatus, Lane, Reason
from store.deliveries import bundling
from store.deliveries.transitions import Move, move
from tests.building import House
from tests.factories import catch_all
from tests.wishes.test_digests import have, inside, withdrawal

S = DeliveryStatus


def throttle(house: House, *moments: datetime) -> list[dict[str, Any]]:
    """Have what is pending wait for room, one at each moment; give the rows."""
    rows = [
        row
        for row in house.deliveries(status=S.PENDING)
        if not row["gathers"] and row["reason"] is not Reason.THROTTLED
    ]
    with house.store.write() as tx:
        moves = [
            Move(delivery_id=row["id"], to=S.PENDING, reason=Reason.THROTTLED, due_at=due_at)
            for row, due_at in zip(rows, moments, strict=True)
        ]
        move(tx, moves, [S.PENDING])
    return [house.delivery(id=row["id"]) for row in rows]


def in_minutes(house: House, *minutes: int) -> list[datetime]:
    """Give moments so many minutes from now."""
    return [house.clock.now + timedelta(minutes=each) for each in minutes]


def bundle(house: House) -> int:
    """Let upkeep bundle what waits."""
    with house.store.write() as tx:
        return bundling.bundle_throttled(tx, 100)


def the_bundle(house: House) -> dict[str, Any]:
    """Give the one bundle that there is."""
    (row,) = house.deliveries(rule_id=bundling.BUNDLE)
    return row


def test_several_that_wait_for_one_place_can_be_bundled(house: House) -> None:
    """What a limit held back goes out as one, and each event's record says in which."""
    house.serve(rules=[catch_all("d-mobile")])
    events = have(house, "one", "two", "three")
    rows = house.deliveries()

    with house.store.write() as tx:
        bundling.bundle(tx, rows, house.clock.now)
    (claimed,) = house.claim()

    made = the_bundle(house)
    assert claimed.delivery_id == made["id"]
    assert [one.event_id for one in claimed.gathered] == [event["id"] for event in events]
    assert [(row["status"], row["reason"], row["detail"]) for row in house.deliveries()[:3]] == [
        (S.CANCELLED, Reason.BUNDLED, str(made["id"]))
    ] * 3


def test_what_goes_step_by_step_is_not_bundled(house: House) -> None:
    """Each is followed up by itself."""
    house.serve(rules=[catch_all("d-mobile", "d-mail", mode="first")])
    have(house, "one", "two")

    assert not bundling.may_bundle(house.deliveries())
    with house.store.write() as tx, pytest.raises(ValueError, match="may_bundle"):
        bundling.bundle(tx, house.deliveries(), house.clock.now)


def test_what_waits_for_room_goes_as_one_in_the_first_moment_that_there_is(house: House) -> None:
    """Thirty callers are not told of one by one until tomorrow."""
    house.serve(rules=[catch_all("d-mobile")])
    events = have(house, "one", "two", "three")
    first, *_ = moments = in_minutes(house, 10, 40, 70)
    throttle(house, *moments)

    assert bundle(house) == 3
    assert bundle(house) == 0

    made = the_bundle(house)
    assert (made["due_at"], made["status"]) == (first, S.PENDING)
    assert inside(house, made["id"]) == [event["id"] for event in events]


def test_what_comes_while_a_bundle_waits_joins_it(house: House) -> None:
    """Else each new caller would take the next moment, and there are few in an hour."""
    house.serve(rules=[catch_all("d-mobile")])
    earlier = have(house, "one", "two")
    first, *_ = moments = in_minutes(house, 10, 40)
    throttle(house, *moments)
    bundle(house)
    later = have(house, "three")
    throttle(house, *in_minutes(house, 70))

    assert bundle(house) == 1

    made = the_bundle(house)
    assert inside(house, made["id"]) == [event["id"] for event in earlier + later]
    assert made["due_at"] == first
    assert house.delivery(event_id=later[0]["id"])["detail"] == str(made["id"])


def test_a_bundle_that_is_being_sent_is_closed(house: House) -> None:
    """What a worker has claimed is written already."""
    house.serve(rules=[catch_all("d-mobile")])
    have(house, "one", "two")
    throttle(house, *in_minutes(house, 1, 2))
    bundle(house)
    house.clock.advance(minutes=1)
    (claimed,) = house.claim()
    have(house, "three", "four")
    throttle(house, *in_minutes(house, 30, 40))

    assert bundle(house) == 2

    assert len(inside(house, claimed.delivery_id)) == 2
    assert len(house.deliveries(rule_id=bundling.BUNDLE)) == 2


def test_one_that_waits_alone_stays_as_it_is(house: House) -> None:
    """It has its moment."""
    house.serve(rules=[catch_all("d-mobile")])
    have(house, "one")
    (row,) = throttle(house, *in_minutes(house, 10))

    assert bundle(house) == 0
    assert house.delivery(id=row["id"])["status"] is S.PENDING


def test_urgent_and_routine_texts_are_not_mixed(house: House) -> None:
    """An urgent message in the middle of a list would be read last."""
    house.serve(rules=[catch_all("d-mobile")])
    have(house, "one", "two")
    have(house, "three", "four", urgency="urgent")
    throttle(house, *in_minutes(house, 1, 2, 3, 4))

    assert bundle(house) == 4

    lanes = [row["lane"] for row in house.deliveries(rule_id=bundling.BUNDLE)]
    assert sorted(lanes) == [Lane.ROUTINE, Lane.URGENT]


def test_what_would_be_too_late_by_itself_goes_in_time_with_the_others(house: House) -> None:
    """Its own moment is after its deadline; the bundle's is not."""
    house.serve(rules=[catch_all("d-mobile")])
    have(house, "one", "two")
    late = house.deliveries()[0]["deadline_at"] + timedelta(hours=1)
    (soon,) = in_minutes(house, 10)
    throttle(house, soon, late)

    assert bundle(house) == 2
    assert the_bundle(house)["due_at"] == soon


def test_an_event_that_is_withdrawn_leaves_the_bundle(house: House) -> None:
    """As it leaves a digest."""
    house.serve(rules=[catch_all("d-mobile")])
    one, two = have(house, "one", "two")
    throttle(house, *in_minutes(house, 10, 40))
    bundle(house)

    house.tell(withdrawal(one))

    assert inside(house, the_bundle(house)["id"]) == [two["id"]]
