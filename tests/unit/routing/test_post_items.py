from datetime import date
from typing import Any

import pytest

from contracts.events.post import ItemInstructed
from contracts.planning import Plan, PostInstruction
from contracts.rules import Rule
from contracts.vocabulary import Channel, PostAction, Reason
from tests.unit.routing.samples import NOW, POLICY, VERSION, customer, event, later, rule
from workers.routing.planning import plan
from workers.routing.post_items import carry_out, wish_of_customer

SCAN = {"do": "scan"}
FORWARD = {"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"}


def received(*rules: Rule, whom: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """The plan for an item that has come in."""
    return plan(event("post.received", **changes), customer(*rules, **(whom or {})), NOW, POLICY)


def scanned(*rules: Rule, **changes: Any) -> Plan:
    """The plan for an item that was scanned."""
    return plan(event("post.scanned", **changes), customer(*rules), NOW, POLICY)


def instructed(found: Plan) -> PostInstruction:
    """What the mailroom is to do."""
    assert found.post is not None
    return found.post


def test_no_word_goes_out_on_an_item_whose_scan_will_follow() -> None:
    """Two emails for one letter are one too many."""
    found = received(rule("d-email", post=SCAN))

    assert found.deliveries == ()
    assert [non_send.reason for non_send in found.non_sends] == [Reason.SCAN_FOLLOWS]
    assert instructed(found).do is PostAction.SCAN


def test_a_rule_that_names_the_arrival_is_obeyed_though_a_scan_follows() -> None:
    """Who asks to be told at once is told at once."""
    found = received(rule("d-email", match={"events": ["post.received"]}, post=SCAN))

    assert [delivery.destination_id for delivery in found.deliveries] == ["d-email"]
    assert instructed(found).do is PostAction.SCAN


def test_the_authority_to_open_names_rule_and_version() -> None:
    """Opening another's letter needs one, and the mailroom must be able to show it."""
    found = received(rule("d-email", post=SCAN))

    assert instructed(found).authority == f"rules version {VERSION}, rule r1"


def test_an_arrival_is_told_of_where_no_scan_follows() -> None:
    """Otherwise the customer would never hear of the letter."""
    found = received(rule("d-email", post={"do": "hold"}))

    assert [delivery.destination_id for delivery in found.deliveries] == ["d-email"]


@pytest.mark.parametrize("rules", [(), (rule("d-email"),)], ids=["no rule", "a rule without post"])
def test_an_item_that_no_rule_is_for_is_held(rules: tuple[Rule, ...]) -> None:
    """Holding can be undone; shredding and forwarding cannot."""
    found = received(*rules)

    assert instructed(found).do is PostAction.HOLD
    assert instructed(found).why is Reason.NO_RULE


def test_a_terminated_customers_item_is_held_and_told_to_nobody() -> None:
    """What happens to it is the office's to decide."""
    found = received(rule("d-email", post=FORWARD), whom={"terminated_at": NOW})

    assert found.deliveries == ()
    assert instructed(found) == PostInstruction(PostAction.HOLD, Reason.SERVICE_TERMINATED)


def test_forwarding_plans_the_letter_and_tells_the_mailroom() -> None:
    """The letter is a delivery like any other, and settled by the mailroom's word."""
    found = received(rule(post=FORWARD))

    (letter,) = found.deliveries
    assert (letter.channel, letter.destination_id) == (Channel.POST, "d-postal")
    assert letter.due_at == later(days=3, hours=2)  # Friday noon
    assert letter.deadline_at == later(days=33, hours=2)
    assert instructed(found).until == date(2026, 11, 27)
    assert instructed(found).do is PostAction.FORWARD
    assert instructed(found).destination_id == "d-postal"
    assert instructed(found).consolidate == "fri"


@pytest.mark.parametrize(
    ("place", "unverified", "why"),
    [
        ("d-postal", ["d-postal"], Reason.DESTINATION_UNVERIFIED),
        ("d-gone", [], Reason.DESTINATION_REMOVED),
        ("d-email", [], Reason.DESTINATION_UNFIT),
        (None, [], Reason.NO_ADDRESS),
    ],
)
def test_an_item_that_cannot_be_forwarded_is_held(
    place: str | None, unverified: list[str], why: Reason
) -> None:
    """Post goes only to a verified postal address; the customer is told why it does not go.

    They are told where another of their rules sends, as this one sends nothing.
    """
    wanted = {"do": "forward", "postal_destination": place}
    elsewhere = rule("d-email", match={"events": ["call.message_taken"]}, rule_id="messages")

    found = received(rule(post=wanted), elsewhere, whom={"unverified": unverified})

    assert [(one.rule_id, one.destination_id) for one in found.deliveries] == [
        ("@item-address", "d-email")
    ]
    assert (instructed(found).do, instructed(found).why) == (PostAction.HOLD, why)


@pytest.mark.parametrize(
    ("changes", "never_shred", "expected"),
    [
        ({}, [], PostAction.SHRED),
        ({"contains": ["cheque"]}, [], PostAction.HOLD),
        ({"contains": ["card"]}, [], PostAction.HOLD),
        ({"contains": ["identity_document"]}, [], PostAction.HOLD),
        ({"contains": ["legal"]}, [], PostAction.HOLD),
        ({"sender": {"class": "official"}}, [], PostAction.HOLD),
        ({"sender": {"class": "court"}}, [], PostAction.HOLD),
        ({"sender": {"class": "bank"}}, [], PostAction.SHRED),
        ({"sender": {"class": "bank"}}, ["bank"], PostAction.HOLD),
    ],
)
def test_what_must_not_be_shredded_is_held(
    changes: dict[str, Any], never_shred: list[str], expected: PostAction
) -> None:
    """A shredded cheque cannot be put together again."""
    found = scanned(rule("d-email", post={"do": "shred", "never_shred": never_shred}), **changes)

    assert instructed(found).do is expected


def test_a_scanned_item_is_not_scanned_again() -> None:
    """A rule for all post says `scan` of the scan's own event too."""
    found = scanned(rule("d-email", post=SCAN))

    assert (instructed(found).do, instructed(found).why) == (PostAction.HOLD, Reason.HELD)
    assert [delivery.destination_id for delivery in found.deliveries] == ["d-email"]


def test_a_rule_may_send_nothing_and_still_say_what_to_do() -> None:
    """Silence about post is recorded, and the instruction stands."""
    found = received(rule(post={"do": "collect"}))

    assert [non_send.reason for non_send in found.non_sends] == [Reason.RULE_SENDS_NOTHING]
    assert instructed(found).do is PostAction.COLLECT


@pytest.mark.parametrize("do", list(PostAction))
def test_the_customers_own_word_on_an_item_is_carried_out(do: PostAction) -> None:
    """It stands above any rule, and is kept with who was told."""
    told = ItemInstructed.model_validate(
        {"items": ["item-1"], "do": do, "told_us_by": "phone", "postal_destination": "d-postal"}
    )

    wish = wish_of_customer(told, "item-1", frozenset())
    found, letters = carry_out(wish, customer(), NOW, POLICY)

    assert found.do is do
    assert found.authority == "customer, phone"
    assert bool(letters) is (do is PostAction.FORWARD)
