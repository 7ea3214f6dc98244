"""Does what waits in the mailroom follow a customer's new rules?"""

from typing import Any

import pytest

from store import tables
from tests.building import POST, House
from tests.factories import catch_all, envelope

_FORWARD = {"do": "forward", "postal_destination": "d-postal", "consolidate": "now"}


def _serve(house: House, post: dict[str, Any]) -> None:
    house.serve("C-1042", POST, [catch_all("d-mail", post=post)])


def _want(house: House, post: dict[str, Any]) -> None:
    rules = [catch_all("d-mail", post=post)]
    house.tell(envelope("preferences.set", rules=rules, based_on_version=1))


def _item(house: House) -> dict[str, Any]:
    (row,) = house.rows(tables.items, item_id="item-1")
    return row


def _letters(house: House) -> list[tuple[str, str]]:
    rows = house.deliveries()
    return [(r["status"].value, r["reason"].value) for r in rows if r["channel"].value == "post"]


@pytest.mark.parametrize("told_by", ["post.received", "post.scanned"])
def test_what_is_held_is_forwarded_once_the_rules_say_so(house: House, told_by: str) -> None:
    """A clerk would else keep it until somebody asks."""
    _serve(house, {"do": "hold"})
    house.tell(envelope(told_by, item_id="item-1"))

    _want(house, _FORWARD)

    item = _item(house)
    assert (item["do"].value, item["destination_id"], item["rule_id"]) == (
        "forward",
        "d-postal",
        "everything",
    )
    assert item["authority"] == "rules version 2, rule everything"
    assert [o["items"] for o in house.outcomes("post.forward_requested")] == [["item-1"]]
    assert _letters(house) == [("pending", "planned")]


def test_a_letter_that_the_new_rules_do_not_want_is_called_off(house: House) -> None:
    """What had been asked for is not sent on against the rules in force."""
    _serve(house, _FORWARD)
    house.tell(envelope("post.received", item_id="item-1"))

    _want(house, {"do": "collect"})

    assert _item(house)["do"].value == "collect"
    assert _letters(house) == [("cancelled", "rules_changed")]
    assert [o["items"] for o in house.outcomes("post.collect_requested")] == [["item-1"]]


def test_what_comes_out_as_it_was_is_left_alone(house: House) -> None:
    """The mailroom hears nothing twice."""
    _serve(house, _FORWARD)
    house.tell(envelope("post.received", item_id="item-1"))

    _want(house, _FORWARD)

    assert _item(house)["revision"] == 1
    assert _letters(house) == [("pending", "planned")]
    assert len(house.outcomes("post.forward_requested")) == 1


def test_what_the_customer_said_of_an_item_stands(house: House) -> None:
    """Rules are for what nobody has spoken of."""
    _serve(house, {"do": "hold"})
    house.tell(envelope("post.received", item_id="item-1"))
    house.tell(envelope("item.instructed", items=["item-1"], do="collect", told_us_by="phone"))

    _want(house, _FORWARD)

    assert _item(house)["do"].value == "collect"
    assert _letters(house) == []


def test_what_has_left_us_is_not_asked_for(house: House) -> None:
    """Nobody can send on what is gone."""
    _serve(house, _FORWARD)
    house.tell(envelope("post.received", item_id="item-1"))
    house.tell(envelope("post.dispatched", subject=None, items=["item-1"]))

    _want(house, {"do": "shred"})

    assert _item(house)["do"].value == "forward"
    assert house.outcomes("post.shred_requested") == []
