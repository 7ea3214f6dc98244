"""Do two intakes at one time lose nothing, make nothing wait for ever, and not deadlock?"""

import threading
from typing import Any

from sqlalchemy import event

from store import tables
from tests.building import BOTH, EVERYTHING, House, place, preferences, verified, waits_for_a_lock
from tests.factories import Sample, catch_all, envelope
from tests.intake.deadlocks import deadlocks
from tests.waiting import eventually


def _call(**changes: Any) -> Sample:
    return envelope("call.message_taken", **changes)


def test_a_customer_who_registers_while_a_message_arrives_gets_it(house: House) -> None:
    """One intake sees no customer while another makes one: nothing may wait for ever."""
    together = threading.Barrier(2)
    refs = [f"C-{n}" for n in range(6)]

    def run(kind: str) -> None:
        for ref in refs:
            together.wait()
            if kind == "message":
                house.hand_in(_call(subject=ref, call_id=f"call {ref}"))
            else:
                house.hand_in(
                    envelope("customer.registered", subject=ref, services=[*BOTH], legal_name=ref),
                    place(ref, "d-mail", "email", f"{ref}@example.com"),
                    verified(ref, "d-mail"),
                    preferences(ref, catch_all("d-mail")),
                    envelope("service.started", subject=ref, services=[*BOTH]),
                )

    threads = [threading.Thread(target=run, args=(k,)) for k in ("message", "customer")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert house.rows(tables.waits) == []
    assert sorted(row["customer_ref"] for row in house.deliveries()) == refs


def test_who_registers_while_a_message_is_being_committed_takes_it_up(
    server_house: House,
) -> None:
    """The message was found to have no customer, and nobody can see yet that it waits."""
    house, engine = server_house, server_house.store.engine
    committing, go_on = threading.Event(), threading.Event()

    def hold_up(_connection: object) -> None:
        if not committing.is_set():  # the message's alone, which is the first
            committing.set()
            go_on.wait(60)

    event.listen(engine, "commit", hold_up)
    message = threading.Thread(target=house.hand_in, args=(_call(subject="C-1"),))
    customer = threading.Thread(target=house.serve, args=("C-1",))
    message.start()
    committing.wait(60)

    customer.start()
    eventually(lambda: waits_for_a_lock(house) or not customer.is_alive(), "the other waits")
    go_on.set()
    message.join()
    customer.join()

    assert house.rows(tables.waits) == []
    assert {row["customer_ref"] for row in house.deliveries()} == {"C-1"}


def test_two_intakes_that_share_customers_and_numbers_do_not_deadlock(house: House) -> None:
    """Everything is locked in one order, whatever order it came in (hazard 4)."""
    refs = [f"C-{n}" for n in range(8)]
    for ref in refs:
        house.register(ref)
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def run(order: list[str]) -> None:
        try:
            for turn in range(3):
                together.wait()
                house.hand_in(
                    *(
                        envelope(
                            "number.assigned", subject=ref, number=f"+44163296{turn}{ref[2]}01"
                        )
                        for ref in order
                    ),
                    *(_call(subject=ref, call_id=f"{turn}{ref}") for ref in order),
                )
        except BaseException as error:
            failed.append(error)
            together.abort()
            raise

    threads = [
        threading.Thread(target=run, args=(order,)) for order in (refs, list(reversed(refs)))
    ]
    with deadlocks(house) as found:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert (failed, found) == ([], [])
    assert len(house.rows(tables.events, publisher=EVERYTHING.name, type="number.assigned")) == 48
