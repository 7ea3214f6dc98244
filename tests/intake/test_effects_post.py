"""Does the mailroom hear what to do with each item, and is what it did on record?"""

from typing import Any

import pytest

from contracts.vocabulary import Answer, DeliveryStatus, ErrorCode
from store import tables
from tests.building import POST, House
from tests.factories import Sample, catch_all, envelope


def _forwarding(house: House, ref: str = "C-1042") -> None:
    """Serve a customer whose post is forwarded to their postal address."""
    post = {"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"}
    house.serve(ref, POST, [catch_all("d-mail", post=post)], legal_name=f"{ref} Ltd")


def _arrive(house: House, *items: str, ref: str = "C-1042") -> None:
    house.tell(*(envelope("post.received", subject=ref, item_id=item) for item in items))


def _dispatched(*items: str, **changes: Any) -> Sample:
    return envelope("post.dispatched", subject=None, items=[*items], **changes)


def _item(house: House, item_id: str = "item-1") -> dict[str, Any]:
    (row,) = house.rows(tables.items, item_id=item_id)
    return row


def _letters(house: House) -> list[tuple[str, str]]:
    rows = house.deliveries()
    return [(r["status"].value, r["reason"].value) for r in rows if r["channel"].value == "post"]


def test_an_item_is_forwarded_as_its_rule_says_and_its_letter_is_pending(house: House) -> None:
    """Asked for once, without a lease, and done only when the mailroom says so."""
    _forwarding(house)

    _arrive(house, "item-1")

    item = _item(house)
    assert (item["do"].value, item["destination_id"], item["consolidate"]) == (
        "forward",
        "d-postal",
        "fri",
    )
    (told,) = house.outcomes("post.forward_requested")
    assert told == {
        "items": ["item-1"],
        "destination_id": "d-postal",
        "consolidate": "fri",
        "authority": "rules version 1, rule everything",
    }
    assert _letters(house) == [("pending", "planned")]
    assert [c.channel.value for c in house.claim()] == ["email"]


def test_a_dispatched_item_is_on_record_as_sent_on(house: House) -> None:
    """The ledger names the carrier's reference, the place, and when it was handed over."""
    _forwarding(house)
    _arrive(house, "item-1")

    house.tell(_dispatched("item-1", handed_over_at="2026-11-20T17:30:00+01:00"))

    assert _letters(house) == [("accepted", "post_dispatched")]
    (entry,) = house.entries()
    assert (entry["reference"], entry["detail"], entry["provider"]) == (
        "QX123456785GB",
        "Royal Mail",
        "mailroom",
    )
    assert entry["attempted_at"].isoformat() == "2026-11-20T16:30:00+00:00"
    item = _item(house)
    assert (item["done_as"], item["done_at"]) == ("dispatched", entry["attempted_at"])


@pytest.mark.parametrize(
    "contradiction", ["another place", "was to be held", "no longer wanted", "sent already"]
)
def test_a_dispatch_that_nobody_asked_for_is_recorded_as_such(
    house: House, contradiction: str
) -> None:
    """The letter has gone, whatever was asked; a record that leaves it out would be false."""
    _forwarding(house)
    _arrive(house, "item-1")
    place = "d-postal"
    match contradiction:
        case "another place":
            place = "d-elsewhere"
        case "was to be held":
            house.tell(envelope("item.instructed", items=["item-1"], do="hold"))
        case "no longer wanted":
            house.tell(envelope("service.terminated", terminated_at="2026-11-20T09:00:00Z"))
        case _:
            house.tell(_dispatched("item-1", dispatch_id="first"))
    before = len(house.entries())

    house.tell(_dispatched("item-1", destination_id=place))

    last = house.entries()[-1]
    assert (last["outcome"], last["detail"]) == ("accepted", "contradicts its instruction")
    assert last["destination_id"] == place
    letters = {status for status, _ in _letters(house)}
    assert DeliveryStatus.PENDING not in letters
    assert len(house.entries()) > before


def test_what_the_customer_says_of_an_item_goes_above_the_rules(house: House) -> None:
    """They looked at the envelope's picture and want it collected."""
    _forwarding(house)
    _arrive(house, "item-1")

    house.tell(envelope("item.instructed", items=["item-1"], do="collect", told_us_by="phone"))

    item = _item(house)
    assert (item["do"].value, item["authority"]) == ("collect", "customer, phone")
    assert _letters(house) == [("cancelled", "rules_changed")]
    assert house.outcomes("post.collect_requested")[0]["items"] == ["item-1"]


def test_an_item_to_be_forwarded_to_an_unverified_address_is_held(house: House) -> None:
    """Paper cannot be called back."""
    _forwarding(house)
    house.tell(
        envelope(
            "destination.added",
            destination_id="d-postal",
            kind="postal",
            value="9 New Street\nWestport",
        )
    )

    _arrive(house, "item-1")

    item = _item(house)
    assert (item["do"].value, item["why"].value) == ("hold", "destination_unverified")


def test_a_letter_is_not_made_due_by_the_verification_of_its_address(house: House) -> None:
    """The mailroom reports it; no worker may ever be hinted at it."""
    _forwarding(house)
    _arrive(house, "item-1")

    due = house.tell(envelope("destination.verified", destination_id="d-postal"))

    assert due == []
    (letter,) = [row for row in house.deliveries() if row["channel"].value == "post"]
    assert letter["due_at"] is None


@pytest.mark.parametrize("event_type", ["item.instructed", "post.dispatched", "post.disposed"])
@pytest.mark.parametrize("subject", [None, "C-1"])
def test_an_event_may_name_only_one_customers_items(
    house: House, event_type: str, subject: str | None
) -> None:
    """A slip must not hand one customer's letter, or its record, to another."""
    _forwarding(house, "C-1")
    _forwarding(house, "C-2")
    _arrive(house, "mine", ref="C-1")
    _arrive(house, "yours", ref="C-2")
    before = house.rows(tables.items)

    answer = house.hand_in_one(envelope(event_type, subject=subject, items=["mine", "yours"]))

    assert {(p.path, p.code) for p in answer.problems} == {("data.items", ErrorCode.IMPOSSIBLE)}
    assert house.rows(tables.items) == before


@pytest.mark.parametrize("event_type", ["item.instructed", "post.dispatched", "post.disposed"])
def test_an_unknown_item_of_a_known_customer_is_waited_for(house: House, event_type: str) -> None:
    """It must neither fail its batch nor be lost."""
    _forwarding(house)

    taken = house.hand_in(envelope(event_type, items=["item-1"]), envelope("call.ended"))

    assert [(a.answer, a.waits_for) for a in taken.answers] == [
        (Answer.WAITING, "item"),
        (Answer.ACCEPTED, None),
    ]


def test_a_disposed_item_is_not_sent_on(house: House) -> None:
    """Collected at the desk: the letter that was asked for is off."""
    _forwarding(house)
    _arrive(house, "item-1")

    house.tell(envelope("post.disposed", subject=None, items=["item-1"], how="collected"))

    assert _letters(house) == [("cancelled", "replaced")]
    assert _item(house)["done_as"] == "collected"


def test_two_items_of_one_dispatch_are_two_entries(house: House) -> None:
    """One handing over, two letters: each customer's question is about one of them."""
    _forwarding(house)
    _arrive(house, "item-1", "item-2")

    house.tell(_dispatched("item-1", "item-2"))

    assert _letters(house) == [("accepted", "post_dispatched")] * 2
    assert len(house.entries()) == 2


def test_an_item_whose_rule_says_nothing_of_post_is_its_customers_and_held(house: House) -> None:
    """It can be instructed, and found, although nobody has said what to do with it."""
    house.serve(services=POST)

    _arrive(house, "item-1")

    item = _item(house)
    assert (item["customer_ref"], item["do"].value) == ("C-1042", "hold")
    house.tell(envelope("item.instructed", subject=None, items=["item-1"], do="shred"))
    assert _item(house)["do"].value == "shred"
