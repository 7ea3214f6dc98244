"""Is consolidated post asked for on its day, and what is held for long seen to?"""

from typing import Any

import pytest

from contracts.vocabulary import Custody, DeliveryStatus, Reason
from store import tables
from store.audit import By
from store.deliveries.recording import Result, record
from store.office import custody
from tests.building import POST, House
from tests.factories import Sample, catch_all, envelope
from workers.rights.holds import Holds
from workers.upkeep.post import ask_for_rounds, see_to_held

FORWARD = {"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"}


def _serve(house: House, ref: str = "C-1042", **post: Any) -> None:
    rules: list[Sample] = [catch_all("d-mail", post=post or FORWARD)]
    house.serve(ref, POST, rules, legal_name=f"{ref} Ltd")


def _arrive(house: House, *items: str, ref: str = "C-1042", **more: Any) -> None:
    for item in items:
        plain = {"contains": ..., "sender": ..., **more}
        house.tell(envelope("post.received", subject=ref, item_id=item, **plain))


def _rounds(house: House) -> None:
    while ask_for_rounds(house.store, house.readings, house.policies)[0]:
        pass


def _held(house: House) -> None:
    while see_to_held(house.store, house.readings, house.policies)[0]:
        pass


def _they_hear(house: House, status: DeliveryStatus = DeliveryStatus.ACCEPTED) -> None:
    """Have the questions about items go out, and come to this."""
    asked = [row["id"] for row in house.deliveries(rule_id="@item-asked")]
    claimed = house.claim(*asked) if asked else []
    verdict = "accepted" if status is DeliveryStatus.ACCEPTED else "rejected"
    reason = Reason.PROVIDER_ACCEPTED if status is DeliveryStatus.ACCEPTED else Reason.REFUSED
    with house.store.write() as tx:
        record(
            tx, [Result(claimed=one, verdict=verdict, to=status, reason=reason) for one in claimed]
        )


def _item(house: House, item_id: str) -> dict[str, Any]:
    (row,) = house.rows(tables.items, item_id=item_id)
    return row


def test_what_goes_to_one_place_on_one_day_is_one_instruction(house: House) -> None:
    """Asked for on its day, once, with all its items; and other customers' apart."""
    _serve(house, "C-1")
    _serve(house, "C-2")
    house.clock.advance(days=3)  # a Monday
    _arrive(house, "item-1", "item-2", ref="C-1")
    house.clock.advance(days=1)
    _arrive(house, "item-3", ref="C-1")
    _arrive(house, "item-4", ref="C-2")
    _rounds(house)
    before = house.outcomes("post.forward_requested")
    house.clock.advance(days=3, hours=2)  # Friday noon

    _rounds(house)
    _rounds(house)

    assert before == []
    told = house.outcomes("post.forward_requested")
    assert sorted((tuple(one["items"]), one["consolidate"]) for one in told) == [
        (("item-1", "item-2", "item-3"), "fri"),
        (("item-4",), "fri"),
    ]


def test_an_address_that_is_not_verified_on_the_day_has_its_post_held(house: House) -> None:
    """Verified when it came in is not enough, and the customer hears of it."""
    _serve(house)
    _arrive(house, "item-1")
    with house.store.write() as tx:
        tx.connection.execute(
            tables.destinations.update()
            .where(tables.destinations.c.destination_id == "d-postal")
            .values(verified_at=None)
        )
        tx.connection.execute(
            tables.customers.update().values(revision=tables.customers.c.revision + 1)
        )
    house.clock.advance(hours=2)

    _rounds(house)

    item = _item(house, "item-1")
    assert (item["do"].value, item["why"].value) == ("hold", "destination_unverified")
    assert house.outcomes("post.forward_requested") == []
    told = [row["destination_id"] for row in house.deliveries(rule_id="@item-address")]
    assert told == ["d-mail"]


def test_a_customer_is_asked_once_about_what_is_held_for_long(house: House) -> None:
    """After twenty days, not before."""
    _serve(house, do="hold")
    _arrive(house, "item-1")
    house.clock.advance(days=19)
    _held(house)
    before = house.deliveries(rule_id="@item-asked")
    house.clock.advance(days=2)

    _held(house)
    _held(house)

    assert before == []
    (asked,) = house.deliveries(rule_id="@item-asked")
    assert asked["destination_id"] == "d-mail"
    assert asked["event_id"] == _item(house, "item-1")["arrival_id"]


@pytest.mark.parametrize(
    ("post", "contents", "expected"),
    [
        ({"do": "hold", "may_shred": True}, {}, "shred"),
        ({"do": "hold"}, {}, "hold"),
        ({"do": "hold", "may_shred": True}, {"contains": ["cheque"]}, "hold"),
        ({"do": "hold", "may_shred": True}, {"sender": {"class": "court"}}, "hold"),
        ({"do": "hold", "may_shred": True, "never_shred": ["bank"]},
         {"sender": {"class": "bank"}}, "hold"),
        ({"do": "scan", "may_shred": True}, {}, "scan"),
    ],
)  # fmt: skip
def test_only_what_may_be_shredded_is_shredded_in_time(
    house: House, post: dict[str, Any], contents: dict[str, Any], expected: str
) -> None:
    """On the authority of a rule, after the customer was asked, and never what must be kept."""
    _serve(house, **post)
    _arrive(house, "item-1", **contents)
    for days in (21, 8):
        house.clock.advance(days=days)
        _held(house)
        _they_hear(house)
    early = _item(house, "item-1")["do"].value
    house.clock.advance(days=2)

    _held(house)

    assert early != "shred"
    item = _item(house, "item-1")
    assert item["do"].value == expected
    if expected == "shred":
        assert item["authority"] == "rules version 1, rule everything; held for 30 days"


def test_nothing_of_who_is_under_a_legal_hold_is_shredded_in_time(house: House) -> None:
    """A court may need the letter itself; once the hold is lifted, it goes as it would have."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    holds, by = Holds(house.store), By("kim", "a claim before the county court")
    holds.hold("C-1042", by)
    for days in (21, 20):
        house.clock.advance(days=days)
        _held(house)
        _they_hear(house)
    kept = _item(house, "item-1")["do"].value
    holds.lift("C-1042", by)

    _held(house)

    assert kept == "hold"
    assert _item(house, "item-1")["do"].value == "shred"


def test_who_is_asked_late_has_as_long_to_answer(house: House) -> None:
    """Upkeep was away for weeks: nothing is asked and shredded in one breath."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    house.clock.advance(days=45)
    _held(house)
    _they_hear(house)
    at_once = _item(house, "item-1")["do"].value
    house.clock.advance(days=10)

    _held(house)

    assert (at_once, _item(house, "item-1")["do"].value) == ("hold", "shred")


@pytest.mark.parametrize(
    "came_to", [None, DeliveryStatus.FAILED], ids=["it waits yet", "it was refused"]
)
def test_nothing_is_shredded_of_which_nobody_was_asked(
    house: House, came_to: DeliveryStatus | None
) -> None:
    """Paper cannot be brought back: whom the question did not reach is asked again first."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    house.clock.advance(days=21)
    _held(house)
    if came_to is not None:
        _they_hear(house, came_to)
    house.clock.advance(days=10)

    _held(house)

    kept, questions = _item(house, "item-1"), house.deliveries(rule_id="@item-asked")
    _they_hear(house)
    house.clock.advance(days=10)
    _held(house)
    assert (kept["do"].value, len(questions)) == ("hold", 2)
    assert _item(house, "item-1")["do"].value == "shred"


def test_who_can_be_asked_nowhere_is_not_said_to_have_been(house: House) -> None:
    """The chain of custody must not name a question that was never put."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    house.tell(envelope("destination.removed", destination_id="d-mail"))
    for _ in range(3):
        house.clock.advance(days=21)
        _held(house)

    with house.store.read() as tx:
        lines = custody.of_item(tx, "item-1")
    assert Custody.ASKED not in {line.what for line in lines}
    assert _item(house, "item-1")["do"].value == "hold"


def test_nothing_of_who_has_left_is_shredded(house: House) -> None:
    """What becomes of it is the office's to decide."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    house.clock.advance(days=21)
    _held(house)
    _they_hear(house)
    house.tell(envelope("service.terminated", terminated_at=house.clock.now.isoformat()))
    house.clock.advance(days=20)

    _held(house)

    item = _item(house, "item-1")
    assert (item["do"].value, item["why"].value) == ("hold", "service_terminated")


def test_an_instruction_may_allow_what_no_rule_does(house: House) -> None:
    """Said of this one item: keep it for now, and shred it if you do not hear from me."""
    _serve(house, do="hold")
    _arrive(house, "item-1")
    house.tell(envelope("item.instructed", items=["item-1"], do="hold", may_shred=True))
    for days in (21, 10):
        house.clock.advance(days=days)
        _held(house)
        _they_hear(house)

    item = _item(house, "item-1")
    assert (item["do"].value, item["authority"]) == ("shred", "customer, phone; held for 30 days")


def test_who_answers_has_its_item_held_for_another_while(house: House) -> None:
    """Asked, they said to keep it: they are not asked again the next day, nor is it shredded."""
    _serve(house, do="hold", may_shred=True)
    _arrive(house, "item-1")
    house.clock.advance(days=21)
    _held(house)
    house.tell(envelope("item.instructed", items=["item-1"], do="hold"))
    house.clock.advance(days=15)

    _held(house)

    assert _item(house, "item-1")["do"].value == "hold"
    assert len(house.deliveries(rule_id="@item-asked")) == 1


def test_the_chain_of_custody_tells_all_in_the_order_of_time(house: House) -> None:
    """From the postman's hand to the carrier's: by whom, and on what authority."""
    _serve(house)
    _arrive(house, "item-1")
    house.clock.advance(minutes=5)
    house.tell(envelope("post.scanned", item_id="item-1", opened_by="Kim"))
    house.clock.advance(hours=2)
    _rounds(house)
    house.clock.advance(hours=1)
    house.tell(
        envelope(
            "post.dispatched",
            items=["item-1"],
            operator="Lee",
            handed_over_at=house.clock.now.isoformat(),
        )
    )

    with house.store.read() as tx:
        lines = custody.of_item(tx, "item-1")

    assert [line.what for line in lines] == [
        Custody.RECEIVED,
        Custody.INSTRUCTED,
        Custody.SCANNED,
        Custody.REQUESTED,
        Custody.HANDED_OVER,
    ]
    scanned, handed_over = lines[2], lines[4]
    assert (scanned.by, scanned.authority) == ("Kim", "standing instruction")
    assert (handed_over.by, handed_over.carrier, handed_over.contradiction) == (
        "Lee",
        "Royal Mail",
        None,
    )
