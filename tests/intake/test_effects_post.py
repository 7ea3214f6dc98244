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
    assert house.outcomes("post.forward_requested") == []
    (told,) = house.outcomes("post.hold_requested")  # until its day
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
    assert {row["what"].value for row in house.rows(tables.contradictions)} == {
        {
            "another place": "another_place",
            "was to be held": "not_to_be_sent",
            "no longer wanted": "called_off",
            "sent already": "gone_already",
        }[contradiction]
    }


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
    house.tell(envelope("item.instructed", subject=None, items=["item-1"], do="return"))
    assert _item(house)["do"].value == "return"


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ({}, "shred"),
        ({"contains": ["cheque"]}, "hold"),
        ({"contains": ["card"]}, "hold"),
        ({"contains": ["identity_document"]}, "hold"),
        ({"sender": {"class": "court"}}, "hold"),
        ({"sender": {"class": "official"}}, "hold"),
    ],
)
def test_not_even_the_customer_has_a_cheque_shredded(
    house: House, contents: dict[str, Any], expected: str
) -> None:
    """They are told why it is kept; what cannot be put together again is not taken apart."""
    house.serve(services=POST)
    plain = {"contains": ..., "sender": ...}
    house.tell(envelope("post.received", item_id="item-1", **(plain | contents)))

    house.tell(envelope("item.instructed", items=["item-1"], do="shred"))

    assert _item(house)["do"].value == expected
    told = [row for row in house.deliveries() if row["rule_id"] == "@item-kept"]
    assert [row["destination_id"] for row in told] == ["d-mail"] * (expected == "hold")


def test_what_an_earlier_event_told_of_an_item_keeps_it_from_the_shredder(house: House) -> None:
    """Whoever scans it need not say once more that a cheque is inside."""
    rules = [
        catch_all("d-mail", rule_id="in", match={"events": ["post.received"]}, post={"do": "hold"}),
        catch_all("d-mail", post={"do": "shred"}),
    ]
    rules[0]["match"] = rules[0]["action"].pop("match")
    house.serve(services=POST, rules=rules)
    house.tell(envelope("post.received", item_id="item-1", contains=["cheque"], sender=...))

    house.tell(envelope("post.scanned", item_id="item-1", contains=..., sender=...))

    item = _item(house)
    assert (item["do"].value, item["why"].value) == ("hold", "must_be_kept")


def test_the_customers_word_on_an_item_stands_when_it_is_scanned_later(house: House) -> None:
    """A rule for all post must not send away what they want to collect."""
    _forwarding(house)
    _arrive(house, "item-1")
    house.tell(envelope("item.instructed", items=["item-1"], do="collect"))

    house.tell(envelope("post.scanned", item_id="item-1"))

    assert _item(house)["do"].value == "collect"
    assert _letters(house) == [("cancelled", "rules_changed")]


def test_a_scan_of_what_is_to_be_forwarded_plans_no_second_letter(house: House) -> None:
    """One item, one letter, however many events tell of it; and the scan is sent all the same."""
    _forwarding(house)
    house.tell_at_once(
        envelope("post.received", item_id="item-1"), envelope("post.scanned", item_id="item-1")
    )

    assert _letters(house) == [("pending", "planned")]
    emails = [row for row in house.deliveries() if row["channel"].value == "email"]
    assert len(emails) == 2


def test_an_item_that_has_left_is_instructed_no_more(house: House) -> None:
    """The answer says so, while somebody can still be told."""
    _forwarding(house)
    _arrive(house, "item-1")
    house.tell(envelope("post.disposed", items=["item-1"], how="collected"))

    answer = house.hand_in_one(envelope("item.instructed", items=["item-1"], do="hold"))

    assert [(p.path, p.code) for p in answer.problems] == [("data.items", ErrorCode.IMPOSSIBLE)]


def test_items_that_are_instructed_alike_are_one_instruction(house: House) -> None:
    """The clerk gets one slip for them."""
    _forwarding(house)
    _arrive(house, "item-1", "item-2")

    house.tell(envelope("item.instructed", items=["item-2", "item-1"], do="collect"))

    (told,) = house.outcomes("post.collect_requested")
    assert sorted(told["items"]) == ["item-1", "item-2"]


def test_the_customer_is_told_why_their_post_is_held(house: House) -> None:
    """Once, to a place of theirs; and it goes on when the address is verified, by a new letter."""
    _forwarding(house)
    _arrive(house, "item-1")
    changed = envelope(
        "destination.added", destination_id="d-postal", kind="postal", value="9 New Street"
    )

    house.tell(changed)
    held = _item(house)
    house.tell(envelope("destination.verified", destination_id="d-postal"))

    assert (held["do"].value, held["why"].value) == ("hold", "destination_unverified")
    assert len(house.outcomes("post.hold_requested")) == 3  # for its day, held, for its day again
    told = [row for row in house.deliveries() if row["rule_id"] == "@item-address"]
    assert [row["destination_id"] for row in told] == ["d-mail"]
    assert _item(house)["do"].value == "forward"
    assert _letters(house) == [("cancelled", "destination_unverified"), ("pending", "planned")]


def test_an_item_whose_address_is_removed_is_held_at_once(house: House) -> None:
    """The clerk is told before the van comes, not when they ask."""
    _forwarding(house)
    _arrive(house, "item-1")

    house.tell(envelope("destination.removed", destination_id="d-postal"))

    item = _item(house)
    assert (item["do"].value, item["why"].value) == ("hold", "destination_removed")
    assert house.outcomes("post.hold_requested")[-1]["items"] == ["item-1"]


@pytest.mark.parametrize(
    ("how", "do", "authority", "against"),
    [
        ("shredded", "shred", ..., "must_be_kept"),  # it holds a cheque
        ("shredded", "hold", ..., "must_be_kept"),
        ("returned", "hold", ..., "not_to_be_returned"),
        ("returned", "return", ..., None),
        ("collected", "hold", ..., "not_to_be_collected"),
        ("collected", "hold", "customer at the desk", None),
    ],
)
def test_a_disposal_that_nobody_asked_for_is_raised(
    house: House, how: str, do: str, authority: Any, against: str | None
) -> None:
    """What has happened is recorded, and somebody must look into it."""
    _forwarding(house)
    _arrive(house, "item-1")
    house.tell(envelope("item.instructed", items=["item-1"], do=do))

    house.tell(envelope("post.disposed", items=["item-1"], how=how, authority=authority))

    raised = [row["what"].value for row in house.rows(tables.contradictions)]
    assert raised == ([against] if against else [])
    assert _item(house)["done_as"] == how
