"""Is a delivery given to one worker at a time, and only where it may still be sent?"""

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table

from contracts.vocabulary import DeliveryStatus, Purpose, Reason
from store import tables
from store.customers import changes as customer_changes
from store.deliveries import ending
from store.deliveries.claiming import Claim, Claimed, claim
from tests.building import House, place, verified, waits_for_a_lock
from tests.factories import catch_all, envelope
from tests.waiting import eventually


def test_a_claim_carries_what_a_send_needs(house: House) -> None:
    """A worker that has claimed asks the store nothing more before it sends."""
    house.serve()
    mobile, _ = house.have_message()

    (claimed,) = house.claim(mobile, worker="w-7", lease_seconds=30)

    assert (claimed.destination, claimed.fence, claimed.tries) == ("+447700900123", 1, 1)
    row = house.delivery(id=mobile)
    assert (row["status"], row["claimed_by"]) == (DeliveryStatus.SENDING, "w-7")
    assert row["lease_until"] == house.clock.now + timedelta(seconds=30)
    (attempt,) = house.rows(tables.attempts)
    assert (attempt["fence"], attempt["settled_at"]) == (1, None)


def test_what_is_claimed_shows_no_personal_value(house: House) -> None:
    """A repr ends in a log or a traceback sooner or later."""
    house.serve()
    mobile, _ = house.have_message()

    (claimed,) = house.claim(mobile)

    for value in ("7700", "lease before noon", "Ada Quill"):
        assert value not in repr(claimed)


def test_a_delivery_is_claimed_once(house: House) -> None:
    """A hint may come twice."""
    house.serve()
    ids = house.have_message()

    first, second = house.claim(*ids), house.claim(*ids, worker="w-2")

    assert (len(first), second) == (2, [])


def test_of_two_workers_that_claim_at_once_each_delivery_goes_to_one(house: House) -> None:
    """Two processes hold one hint after a reconnect; a customer's phone rings once."""
    house.serve()
    ids = [i for n in range(8) for i in house.have_message(call_id=f"call-{n}")]
    together = threading.Barrier(2)
    taken: dict[str, list[UUID]] = {}

    def run(worker: str) -> None:
        together.wait()
        taken[worker] = [c.delivery_id for c in house.claim(*ids, worker=worker)]

    threads = [threading.Thread(target=run, args=(w,)) for w in ("w-1", "w-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken["w-1"] + taken["w-2"]) == ids
    assert {row["fence"] for row in house.deliveries()} == {1}


def test_only_what_is_due_is_claimed(house: House) -> None:
    """A hint that comes early, or for a held delivery, does nothing."""
    window = {"from": "13:00", "to": "18:00"}
    house.serve(rules=[catch_all("d-mail", timing="next_window", window=window)])
    (mail,) = house.have_message()
    early = house.claim(mail)
    house.clock.advance(hours=3)

    (claimed,) = house.claim(mail)

    assert early == []
    assert claimed.delivery_id == mail


def test_an_unknown_id_is_left_out(house: House) -> None:
    """Of a hint older than a restored backup."""
    assert house.claim(UUID(int=7)) == []


def _mail_index(house: House) -> bytes:
    found: bytes = house.rows(tables.destinations, destination_id="d-mail")[0]["value_index"]
    return found


def _late(house: House) -> None:
    house.clock.advance(days=2)


def _suppressed(house: House) -> None:
    with house.store.write() as tx:
        customer_changes.suppress(tx, _mail_index(house), Purpose.MESSAGES, Reason.BOUNCED)


def _terminated_meanwhile(house: House) -> None:
    with house.store.write() as tx:
        customer_changes.terminate(tx, "C-1042", house.clock.now)


def _removed_meanwhile(house: House) -> None:
    with house.store.write() as tx:
        customer_changes.remove_destination(tx, "C-1042", "d-mail")


def _changed_meanwhile(house: House) -> None:
    with house.store.write() as tx:
        customer_changes.put_destination(
            tx,
            "C-1042",
            "d-mail",
            house.rows(tables.destinations, destination_id="d-mail")[0]["kind"],
            "other@example.com",
        )
        customer_changes.verify_destination(tx, "C-1042", "d-mail", "by letter", tx.now)


@pytest.mark.parametrize(
    ("meanwhile", "outcome", "reason"),
    [
        (_late, "expired", "deadline"),
        (_suppressed, "suppressed", "bounced"),
        (_terminated_meanwhile, "cancelled", "service_terminated"),
        (_removed_meanwhile, "cancelled", "destination_removed"),
        (_changed_meanwhile, "cancelled", "destination_changed"),
    ],
)
def test_what_planning_could_not_know_is_found_at_the_claim(
    house: House, meanwhile: Callable[[House], None], outcome: str, reason: str
) -> None:
    """Between plan and send anything may change; what must not leave does not, on record."""
    house.serve(rules=[catch_all("d-mail")])
    house.have_message()
    meanwhile(house)

    claimed = house.claim()

    assert claimed == []
    assert house.standing() == [("d-mail", outcome, reason)]
    (entry,) = house.entries()
    assert (entry["outcome"], entry["reason"].value) == (outcome, reason)
    assert [t["reason"] for t in house.outcomes(f"delivery.{outcome}")] == [reason]
    assert house.rows(tables.attempts) == []


def test_an_unverified_destination_is_held_at_the_claim_and_nobody_is_told(house: House) -> None:
    """It is no end: the verification makes it due again."""
    house.serve(rules=[catch_all("d-mail")])
    house.have_message()
    with house.store.write() as tx:
        tx.connection.execute(tables.destinations.update().values(verified_at=None))

    claimed = house.claim()

    assert claimed == []
    row = house.delivery()
    assert (row["status"].value, row["due_at"]) == ("pending", None)
    assert house.entries() == []


def test_what_is_held_while_its_destination_is_being_verified_is_released(
    server_house: House,
) -> None:
    """The claim has not seen the verification yet, nor that the claim: nobody else would do it."""
    house = server_house
    house.serve(rules=[catch_all("d-mail")])
    (mail,) = house.have_message()
    with house.store.write() as tx:
        tx.connection.execute(tables.destinations.update().values(verified_at=None))
    verifying = threading.Thread(target=house.tell, args=(verified("C-1042", "d-mail"),))

    with house.store.write() as tx:
        claim(tx, [mail], Claim("w-1", "provider", 60))
        verifying.start()
        eventually(lambda: waits_for_a_lock(house) or not verifying.is_alive(), "both at once")
    verifying.join()

    assert house.delivery()["due_at"] is not None
    assert [c.delivery_id for c in house.claim()] == [mail]


def test_a_suppression_is_of_its_purpose_alone_and_can_be_lifted(house: House) -> None:
    """Who unsubscribes from offers still wants their messages."""
    house.serve(rules=[catch_all("d-mail")])
    house.have_message()
    with house.store.write() as tx:
        customer_changes.suppress(tx, _mail_index(house), Purpose.OFFERS, Reason.OPTED_OUT)
        customer_changes.suppress(tx, _mail_index(house), Purpose.MESSAGES, Reason.BOUNCED)
        tx.connection.execute(
            tables.suppressions.update()
            .where(tables.suppressions.c.purpose == Purpose.MESSAGES)
            .values(lifted_at=tx.now)
        )

    assert len(house.claim()) == 1


def test_a_late_call_expires_as_one(house: House) -> None:
    """The reader of the record sees that a caller was lost, not that a text was slow."""
    house.serve()
    house.tell(envelope("call.waiting", not_after="2026-11-20T10:00:20Z"))
    house.clock.advance(seconds=25)

    house.claim()

    assert house.standing() == [("d-mobile", "expired", "late_call")]


def test_one_impossible_delivery_stops_no_other_of_its_batch(house: House) -> None:
    """The claim is for a batch, the obstacle of one."""
    house.serve()
    house.have_message()
    house.tell(place("C-1042", "d-mobile", "mobile", "07700 900456"))

    claimed: list[Claimed] = house.claim()

    assert [c.destination_id for c in claimed] == ["d-mail"]


def _spoil(house: House, table: Table, column: str, **where: Any) -> None:
    """Put a value there that was sealed for another place."""
    with house.store.write() as tx:
        wrong = {column: tx.seal("C-1042", "destinations.value:elsewhere", b"x")}
        found = [table.c[name] == value for name, value in where.items()]
        tx.connection.execute(table.update().where(*found).values(wrong))


def test_what_does_not_open_stops_no_other_of_its_batch(house: House) -> None:
    """They would be hinted at together again and again, and none would ever leave."""
    house.serve()
    spoiled = house.have_message()
    sound = house.have_message(call_id="call-2")
    _spoil(house, tables.events, "content", id=house.delivery(id=spoiled[0])["event_id"])

    claimed: list[Claimed] = house.claim()

    assert [c.delivery_id for c in claimed] == sound
    left = [house.delivery(id=one) for one in spoiled]
    assert [(r["status"], r["detail"]) for r in left] == [(DeliveryStatus.FAILED, "unopenable")] * 2


def test_a_destination_that_does_not_open_holds_up_nobodys_deadline(house: House) -> None:
    """Deliveries expire many at a time; the record of this one then has no place."""
    house.serve()
    ids = house.have_message()
    _spoil(house, tables.destinations, "value", destination_id="d-mobile")

    with house.store.write() as tx:
        ended = ending.expire(tx, ids, Reason.DEADLINE)

    assert {row["id"] for row in ended} == {*ids}


def test_a_claim_that_is_rolled_back_was_never_made(house: House) -> None:
    """It counts when it is committed, and no byte leaves before."""
    house.serve()
    mobile, _ = house.have_message()

    with contextlib.suppress(ZeroDivisionError), house.store.write() as tx:
        claim(tx, [mobile], Claim("w-1", "provider", 60))
        raise ZeroDivisionError

    assert [c.fence for c in house.claim(mobile)] == [1]
