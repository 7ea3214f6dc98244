"""Clause 23: post goes to an address verified when it is picked; else it is held."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Channel, Door, Role
from store import publishers, tables
from store.customers.known import Readings
from store.publishers import Publisher
from tests.building import POST, House, place, verified
from tests.dispatch.documents import keep, pdf
from tests.dispatch.sending import Sending, open_sending
from tests.door.opened import Opened, serving
from tests.factories import catch_all, envelope
from workers.bootstrap.doors import open_web
from workers.upkeep.post import ask_for_rounds

ADDRESS = "4 Quay Street\nWestport\nZZ1 1AB"
OTHER = "9 New Street\nWestport\nZZ1 1AC"


class Mailroom:
    """A house with its door, and the clerk's key to it."""

    def __init__(self, sending: Sending, door: Opened) -> None:
        self.sending, self.house, self._door = sending, sending.house, door

    def picks(self, item_id: str = "item-1") -> dict[str, Any]:
        """What the clerk is told who takes the item in hand now."""
        reply = self._door.ask("GET", f"/items/{item_id}")
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json()
        return found


@pytest.fixture
def mailroom(empty_url: str, tmp_path: Path) -> Iterator[Mailroom]:
    """Give one with a customer whose post is scanned on arrival and sent on at once."""
    with open_sending(empty_url, tmp_path) as sending:
        post = {"do": "forward", "postal_destination": "d-postal"}
        sending.house.clock.now = datetime(2026, 11, 20, 10, tzinfo=UTC)
        sending.house.serve(services=POST, rules=[catch_all("d-mail", post=post)])
        key = _key(sending.house)
        with serving(open_web(sending.parts)) as port:
            yield Mailroom(sending, Opened(port, key))


def _key(house: House) -> str:
    clerk = Publisher("mailroom", ("post.*",), ("*",), (Door.ITEMS,), (Role.MAILROOM,))
    with house.store.write() as tx:
        return publishers.add(tx, clerk)


def _scanned(mailroom: Mailroom) -> None:
    scan = keep(mailroom.sending, pdf())
    mailroom.house.tell(envelope("post.scanned", item_id="item-1", scan=scan, pages=1))


def _unverified(house: House) -> None:
    house.tell(place("C-1042", "d-postal", "postal", ADDRESS))


def _changed(house: House) -> None:
    house.tell(place("C-1042", "d-postal", "postal", OTHER))


def _removed(house: House) -> None:
    house.tell(envelope("destination.removed", destination_id="d-postal"))


def _taken_back_behind_our_back(house: House) -> None:
    """The verification alone is gone, as after a correction in the database."""
    d = tables.destinations
    with house.store.write() as tx:
        tx.connection.execute(
            d.update().where(d.c.destination_id == "d-postal").values(verified_at=None)
        )


MEANWHILE = [_unverified, _changed, _removed, _taken_back_behind_our_back]


def test_clause_23_who_picks_an_item_for_a_verified_address_is_given_it(mailroom: Mailroom) -> None:
    """It is read now, and it is the one that the customer verified."""
    _scanned(mailroom)

    told = mailroom.picks()

    assert (told["do"], told["address"]) == ("forward", ADDRESS)


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_clause_23_what_changes_between_scan_and_dispatch_holds_the_item(
    mailroom: Mailroom, meanwhile: Callable[[House], None]
) -> None:
    """Paper cannot be called back: no address is given out, neither the old nor the new."""
    _scanned(mailroom)
    assert mailroom.picks()["do"] == "forward"

    meanwhile(mailroom.house)
    told = mailroom.picks()

    assert told["do"] == "hold"
    assert told["why"] in {"destination_unverified", "destination_removed"}
    assert "address" not in told


@pytest.mark.parametrize("meanwhile", MEANWHILE[:3])
def test_clause_23_the_customer_is_told_that_it_is_held(
    mailroom: Mailroom, meanwhile: Callable[[House], None]
) -> None:
    """To a place of theirs that is verified: else they would wait for it."""
    _scanned(mailroom)
    mailroom.sending.deliver(Channel.EMAIL)

    meanwhile(mailroom.house)
    mailroom.sending.deliver(Channel.EMAIL)

    told = mailroom.sending.mails()[-1]
    assert told["To"] == "jo@harbourlane.example"
    assert "item-1" in told.as_string()


def test_clause_23_once_the_new_address_is_verified_it_goes_there(mailroom: Mailroom) -> None:
    """And never to the old one."""
    _scanned(mailroom)
    _changed(mailroom.house)
    mailroom.house.tell(verified("C-1042", "d-postal"))

    told = mailroom.picks()

    assert (told["do"], told["address"]) == ("forward", OTHER)


def test_clause_23_on_the_day_of_a_weekly_round_it_is_looked_at_again(house: House) -> None:
    """Verified on Monday is not enough on Friday."""
    post = {"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"}
    house.serve(services=POST, rules=[catch_all("d-mail", post=post)])
    house.tell(envelope("post.received", item_id="item-1", contains=..., sender=...))
    _taken_back_behind_our_back(house)
    house.clock.advance(hours=2)
    house.readings = Readings()  # as of a process that has just started

    while ask_for_rounds(house.store, house.readings, house.policies)[0]:
        pass

    (item,) = house.rows(tables.items)
    assert (item["do"].value, item["why"].value) == ("hold", "destination_unverified")
    assert house.outcomes("post.forward_requested") == []
