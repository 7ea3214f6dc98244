"""Does nothing get lost, or happen twice, when two do their work at the same moment?"""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from contracts.vocabulary import DeliveryStatus, Reason
from store import tables
from store.deliveries import acknowledging
from store.deliveries.claiming import Claim, Claimed, claim
from store.deliveries.receiving import Word, receive
from store.deliveries.siblings import stop_others
from store.engine import Store, is_race
from tests.building import MOBILE, ROOT, House
from tests.factories import envelope
from tests.wishes.test_digests import AT_ELEVEN, hourly
from tests.wishes.test_escalating import BY_CODE, BY_RECEIPT, accept

S = DeliveryStatus
_TIMES = 200


def at_once(*acts: Callable[[], object]) -> None:
    """Do things at the same moment; raise what any of them raised."""
    together, failed = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        together.wait()
        while True:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - shown below
                if is_race(error):
                    continue
                failed.append(error)
            return

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def half_past(turn: int) -> datetime:
    """Half an hour before the digest of this turn."""
    return AT_ELEVEN + timedelta(hours=turn, minutes=-30)


@pytest.mark.timeout(300)
def test_an_event_is_in_the_digest_that_is_claimed_or_in_the_next_one(server_house: House) -> None:
    """Two intakes and a worker at the very moment of the digest, some hundred times over."""
    house = server_house
    house.serve(rules=[hourly("d-mobile")])
    sizes = Counter[int]()
    for turn in range(_TIMES):
        house.clock.now = half_past(2 * turn)
        house.tell(envelope("call.message_taken", call_id=f"call-{turn}"))
        digest = house.deliveries()[-1]
        ahead = ahead_of(house, digest["due_at"])
        taken: list[Claimed] = []

        def work(store: Store = ahead, it: UUID = digest["id"], to: list[Claimed] = taken) -> None:
            with store.write() as tx:
                to += claim(tx, [it], Claim("w", "p", 60)).claimed

        at_once(
            work,
            lambda n=turn: house.hand_in(envelope("call.message_taken", call_id=f"call-{n}-1")),  # type: ignore[misc]
            lambda n=turn: house.hand_in(envelope("call.message_taken", call_id=f"call-{n}-2")),  # type: ignore[misc]
        )
        if not taken:  # an intake held it at that moment: its hint comes again
            work()

        inside = Counter(row["event_id"] for row in house.rows(tables.gathered))
        sent = {row["event_id"] for row in house.rows(tables.gathered, delivery_id=digest["id"])}
        assert inside == Counter(event["id"] for event in _messages(house))
        assert {one.event_id for one in taken[0].gathered} == sent
        sizes[len(sent)] += 1
    assert sum(sizes.values()) == _TIMES


@pytest.mark.timeout(300)
def test_a_code_and_the_end_of_its_wait_never_leave_a_next_step_behind(
    server_house: House,
) -> None:
    """The customer answers at the very moment at which the next step is due."""
    house = server_house
    house.serve(rules=[BY_CODE])
    index = house.store.root.index("destination", MOBILE)
    came_to = Counter[str]()
    for turn in range(_TIMES):
        event = envelope("call.message_taken", call_id=f"call-{turn}", urgency="urgent")
        house.tell(event)
        row = house.event(event["id"])
        accept(house)
        house.clock.advance(minutes=11)
        code = acknowledging.code_of(house.store.root, "C-1042", row["id"])

        def answer(given: str = code) -> None:
            with house.store.write() as tx:
                acknowledging.acknowledge(tx, index, given)

        at_once(answer, house.go_on)
        house.go_on()

        steps = {each["step"]: each for each in house.deliveries(event_id=row["id"])}
        assert steps[0]["acknowledged_at"] is not None
        later = steps[1]["status"].value if 1 in steps else "never planned"
        assert later in {"never planned", "cancelled"}
        came_to[later] += 1
    assert sum(came_to.values()) == _TIMES


@pytest.mark.timeout(300)
def test_a_receipt_and_a_claim_of_the_next_step_agree(server_house: House) -> None:
    """The text arrives while a worker takes up the email: it goes, or it is cancelled for that."""
    house = server_house
    house.serve(rules=[BY_RECEIPT])
    for turn in range(_TIMES // 2):
        event = envelope("call.message_taken", call_id=f"call-{turn}", urgency="urgent")
        house.tell(event)
        row = house.event(event["id"])
        accept(house)
        house.clock.advance(minutes=11)
        house.go_on()
        first, second = house.deliveries(event_id=row["id"])
        word = Word(first["id"], first["fence"], S.DELIVERED, Reason.RECEIPT, reference="ref")

        def arrive(said: Word = word) -> None:
            with house.store.write() as tx:
                stop_others(tx, [got.row for got in receive(tx, [said]) if got.row is not None])

        at_once(arrive, lambda it=second["id"]: house.claim(it))  # type: ignore[misc]

        first, second = house.deliveries(event_id=row["id"])
        assert first["status"] is S.DELIVERED
        assert second["status"] in {S.CANCELLED, S.SENDING}


def ahead_of(house: House, when: datetime) -> Store:
    """The same store for a process whose clock shows another time."""
    return Store(house.store.engine, ROOT, policy_version="2020-04", clock=lambda: when)


def _messages(house: House) -> list[dict[str, object]]:
    return house.rows(tables.events, type="call.message_taken")
