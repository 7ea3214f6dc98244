"""Clause 41b: what has records kept, and what destroys them, wait for each other."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from contracts.vocabulary import Retention
from store import tables
from store.rights import alone, retaining
from store.rights.affected import Wrong
from store.rights.retaining import Over
from tests.building import BOTH, House, waits_for_a_lock
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office
from tests.policy.racing import at_once
from tests.waiting import eventually
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.retention import Retaining
from workers.upkeep.post import see_to_held

ENDED = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIVE = ENDED.replace(year=2031)


def _retaining(office: Office) -> Retaining:
    return Retaining(office.house.store, office.house.policies, lambda: office.files)


def _end(house: House, ref: str = "C-1042") -> None:
    house.serve(ref)
    house.tell(envelope("call.message_taken", subject=ref))
    house.clock.now = ENDED
    house.tell(envelope("service.terminated", subject=ref, terminated_at=ENDED.isoformat()))


def _be_over(office: Office) -> Callable[[], object]:
    _end(office.house)
    office.house.clock.now = FIVE
    return _retaining(office).run


def _be_half_gone(office: Office) -> Callable[[], object]:
    """Its key is destroyed already, and its rows are still to go."""
    run = _be_over(office)
    with office.house.store.write() as tx:
        retaining.begin(tx, Over("C-1042", Retention.SENDS, ENDED))
    return run


def _be_a_prospect(office: Office) -> Callable[[], object]:
    office.house.tell(envelope("customer.enquired"))
    office.house.clock.advance(days=800)
    return _retaining(office).run


def _be_in_a_case(office: Office) -> Callable[[], object]:
    house = office.house
    house.serve()
    made = office.incidents.open("a wrong address", Wrong(customer="C-1042"), None, OFFICER)
    with house.store.write() as tx:
        tx.connection.execute(update(tables.incidents).values(closed_at=tx.now))
        row = {"incident_id": made, "entry_id": tx.new_id(), "customer_ref": "C-1042"}
        tx.connection.execute(tables.incident_sends.insert().values(row))
    house.clock.advance(days=6 * 366)
    return Forgetting(house.store, house.policies).run


def _have_post(office: Office) -> Callable[[], object]:
    house = office.house
    post = {"do": "hold", "may_shred": True}
    house.serve(services=BOTH, rules=[catch_all("d-mail", post=post)])
    house.tell(envelope("post.received", contains=..., sender=...))
    with house.store.write() as tx:
        tx.connection.execute(update(tables.items).values(asked_at=tx.now))
    house.clock.advance(days=400)
    return lambda: see_to_held(house.store, house.readings, house.policies)


def _all(office: Office) -> dict[str, list[Any]]:
    return {
        name: [dict(row) for row in office.house.rows(table)]
        for name, table in tables.metadata.tables.items()
        if name not in {"acts", "act_targets", "legal_holds"}
    }


@pytest.mark.parametrize(
    "prepare", [_be_over, _be_half_gone, _be_a_prospect, _be_in_a_case, _have_post]
)
def test_clause_41b_what_destroys_waits_for_a_hold_that_is_being_set(
    server_house: House, tmp_path: Path, prepare: Callable[[Office], Callable[[], object]]
) -> None:
    """And finds it: nothing goes that was there when the hold was set."""
    office = Office(server_house, tmp_path)
    destroy = prepare(office)
    before = _all(office)

    destroying = threading.Thread(target=destroy)
    with server_house.store.write() as tx:
        alone.hold_with_cases(tx, "C-1042")
        retaining.hold(tx, "C-1042", "a claim before the county court")
        destroying.start()
        eventually(lambda: waits_for_a_lock(server_house), "what destroys waits")
    destroying.join()

    assert _all(office) == before


def test_clause_41b_a_hold_waits_for_the_part_that_is_being_destroyed(
    server_house: House, tmp_path: Path
) -> None:
    """Else it were answered as set, and more would go after that than its officer was told."""
    office = Office(server_house, tmp_path)
    destroying = threading.Thread(target=_be_over(office))
    holding = threading.Thread(target=Holds(server_house.store).hold, args=("C-1042", OFFICER))

    with server_house.store.write() as tx:  # a row that the part needs is another's for now
        tx.connection.execute(select(tables.events.c.id).with_for_update())
        destroying.start()
        eventually(lambda: waits_for_a_lock(server_house), "what destroys waits for the row")
        holding.start()
        holding.join(1)
        answered = not holding.is_alive()
    destroying.join()
    holding.join()
    after = _kept(office, "C-1042")
    while _retaining(office).run():
        pass

    assert not answered
    assert after["deliveries"]
    assert _kept(office, "C-1042") == after


def test_clause_41b_a_hold_that_is_answered_as_set_holds(
    server_house: House, tmp_path: Path
) -> None:
    """Raced with what destroys: whatever is there once it is answered stays for good."""
    office = Office(server_house, tmp_path)
    refs = [f"C-{number}" for number in range(12)]
    for ref in refs:
        _end(server_house, ref)
    server_house.clock.now = FIVE
    holds, sweeper = Holds(server_house.store), _retaining(office)
    found: dict[str, dict[str, int]] = {}

    def hold_all() -> list[object]:
        answers = list[object]()
        for ref in reversed(refs):
            answers.append(holds.hold(ref, OFFICER))
            found[ref] = _kept(office, ref)
        return answers

    refusals, _ = at_once(hold_all, lambda: [*iter(sweeper.run, 0)])
    while sweeper.run():
        pass

    assert refusals == [None] * len(refs)
    assert {ref: _kept(office, ref) for ref in refs} == found


def _kept(office: Office, ref: str) -> dict[str, int]:
    keys = [row for row in office.house.rows(tables.data_keys, owner=ref) if row["wrapped"]]
    counted = {name: count for name, count in office.rows_of(ref).items() if name != "destructions"}
    return {**counted, "keys": len(keys)}
