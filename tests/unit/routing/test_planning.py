from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.planning import INVOICE_EMAIL, Customer, Plan
from contracts.rules import Rule
from contracts.vocabulary import Channel, Content, DestinationKind, Lane, Mode, Purpose, Reason
from tests.unit.routing.samples import (
    NOW,
    POLICY,
    VERSION,
    customer,
    destination,
    event,
    later,
    rule,
)
from workers.routing.planning import next_step, plan, plan_late_call
from workers.routing.sending import UnofferedError

SALES = {"for_": {"department": "Sales"}}
CLOSED = {"days": ["sat"], "from": "09:00", "to": "12:00"}


def planned(whom: Customer, event_type: str = "call.message_taken", **changes: Any) -> Plan:
    """The plan for an event of this type, made now."""
    return plan(event(event_type, **changes), whom, NOW, POLICY)


def sent(found: Plan) -> list[tuple[str, str]]:
    """By which channel and where to."""
    return [(delivery.channel, delivery.destination_id) for delivery in found.deliveries]


def reasons(found: Plan) -> list[str]:
    """Why what is not sent is not."""
    return [non_send.reason for non_send in found.non_sends]


@pytest.mark.parametrize(
    ("match", "changes", "matches"),
    [
        ({}, {}, True),
        ({"events": ["call.message_taken"]}, {}, True),
        ({"events": ["post.scanned"]}, {}, False),
        ({"department": ["sales"]}, SALES, True),
        ({"department": ["accounts", " SALES "]}, SALES, True),
        ({"department": ["accounts"]}, SALES, False),
        ({"department": ["sales"]}, {}, False),
        ({"person": ["Ana Ruiz"]}, {"for_": {"person": "ana ruiz"}}, True),
        ({"person": ["Ana Ruiz"]}, {"for_": {"person": "Bo Ek"}}, False),
        ({"min_urgency": "routine"}, {}, True),
        ({"min_urgency": "urgent"}, {}, False),
        ({"min_urgency": "urgent"}, {"urgency": "urgent"}, True),
        ({"min_urgency": "urgent"}, {"urgency": "emergency"}, True),
        ({"min_urgency": "emergency"}, {"urgency": "urgent"}, False),
        ({"caller": "any"}, {}, True),
        ({"caller": "vip"}, {"caller": {"number": "01632 960001"}}, True),
        ({"caller": "vip"}, {"caller": {"number": "01632 960002"}}, False),
        ({"caller": "vip"}, {"caller": {"withheld": True}}, False),
        ({"caller": "vip"}, {}, False),
        ({"caller": "blocked"}, {"caller": {"number": "+441632960009"}}, True),
        ({"window": {"days": ["tue"]}}, {}, True),
        ({"window": CLOSED}, {}, False),
        ({"from": "2026-11-24T10:00:00Z"}, {}, True),
        ({"from": "2026-11-24T10:00:01Z"}, {}, False),
        ({"until": "2026-11-24T10:00:00Z"}, {}, False),
        ({"until": "2026-11-24T10:00:01Z"}, {}, True),
        ({"post_class": ["letter"]}, {}, False),
    ],
)
def test_a_rule_matches_a_call_by_all_that_it_asks(
    match: dict[str, Any], changes: dict[str, Any], *, matches: bool
) -> None:
    """A wish that is overlooked sends a customer's words to the wrong person."""
    callers = {"vip": ["+441632960001"], "blocked": ["01632 960009"]}
    whom = customer(rule("d-email", match=match), rule("d-mobile", rule_id="r2"), callers=callers)

    found = planned(whom, **changes)

    assert found.deliveries[0].rule_id == ("r1" if matches else "r2")


@pytest.mark.parametrize(
    ("match", "changes", "matches"),
    [
        ({"post_class": ["letter", "packet"]}, {}, True),
        ({"post_class": ["parcel"]}, {}, False),
        ({"sender_class": ["court"]}, {"sender": {"class": "court"}}, True),
        ({"sender_class": ["court"]}, {"sender": {"class": "bank"}}, False),
        ({"sender_class": ["court"]}, {}, False),
        ({"contains": ["cheque"]}, {"contains": ["card", "cheque"]}, True),
        ({"contains": ["cheque"]}, {"contains": []}, False),
        ({"department": ["sales"]}, {}, False),
        ({"caller": "vip"}, {}, False),
    ],
)
def test_a_rule_matches_post_by_all_that_it_asks(
    match: dict[str, Any], changes: dict[str, Any], *, matches: bool
) -> None:
    """A letter from a court must not go the way of the flyers."""
    whom = customer(rule("d-email", match=match), rule("d-mobile", rule_id="r2"))

    found = planned(whom, "post.scanned", **changes)

    assert found.deliveries[0].rule_id == ("r1" if matches else "r2")


def test_the_first_rule_that_matches_wins() -> None:
    """Two rules at once would send twice."""
    whom = customer(rule("d-email"), rule("d-mobile", rule_id="r2"))

    found = planned(whom)

    assert sent(found) == [("email", "d-email")]


def test_every_destination_is_sent_to_at_once_in_mode_all() -> None:
    """A customer who named two places expects word at both."""
    found = planned(customer(rule("d-mobile", "d-email", mode="all")))

    assert sent(found) == [("sms", "d-mobile"), ("email", "d-email")]


def test_only_the_first_step_goes_out_in_mode_first() -> None:
    """The others are for when it does not reach."""
    found = planned(customer(rule("d-mobile", "d-email", mode="first")))

    assert sent(found) == [("sms", "d-mobile")]


def test_a_step_that_cannot_be_used_is_passed_over_and_recorded() -> None:
    """What was deliberately not sent is on record, and the customer is still reached."""
    whom = customer(rule("d-mobile", "d-email", mode="first"), unverified=["d-mobile"])

    found = planned(whom)

    assert sent(found) == [("email", "d-email")]
    assert reasons(found) == [Reason.DESTINATION_UNVERIFIED]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("d-gone", Reason.DESTINATION_REMOVED),
        ("d-voice", Reason.DESTINATION_UNFIT),
        ("d-postal", Reason.DESTINATION_UNFIT),
    ],
)
def test_nothing_goes_where_it_may_not(name: str, reason: Reason) -> None:
    """Each unusable destination says why, so that an operator can mend it."""
    found = planned(customer(rule(name, "d-mobile")))

    assert sent(found) == [("sms", "d-mobile")]
    assert reasons(found) == [reason]


def test_what_would_go_to_an_unverified_destination_is_held() -> None:
    """Leaving it out would lose it; it goes as soon as the destination is verified."""
    found = planned(customer(rule("d-email", "d-mobile"), unverified=("d-email",)))

    assert [(d.destination_id, d.reason) for d in found.deliveries] == [
        ("d-email", Reason.DESTINATION_UNVERIFIED),
        ("d-mobile", Reason.PLANNED),
    ]


def test_first_holds_what_it_cannot_send_anywhere_at_once() -> None:
    """With no verified step left, the first unverified one waits instead of being dropped."""
    found = planned(customer(rule("d-email", mode="first"), unverified=("d-email",)))

    assert [(d.destination_id, d.reason) for d in found.deliveries] == [
        ("d-email", Reason.DESTINATION_UNVERIFIED)
    ]
    assert found.non_sends == ()


def test_a_destination_named_twice_is_sent_to_once() -> None:
    """Rules from before this was refused must not send twice either."""
    found = planned(customer(rule("d-mobile", "d-mobile")))

    assert sent(found) == [("sms", "d-mobile")]


@pytest.mark.parametrize(
    ("event_type", "changes", "lane", "purpose"),
    [
        ("call.message_taken", {}, Lane.ROUTINE, Purpose.MESSAGES),
        ("call.message_taken", {"urgency": "urgent"}, Lane.URGENT, Purpose.MESSAGES),
        ("call.message_taken", {"urgency": "emergency"}, Lane.URGENT, Purpose.MESSAGES),
        ("call.waiting", {}, Lane.LIVE, Purpose.CALLS),
        ("post.scanned", {}, Lane.ROUTINE, Purpose.POST),
        ("invoice.issued", {}, Lane.ROUTINE, Purpose.INVOICE),
        ("payment.failed", {}, Lane.ROUTINE, Purpose.PAYMENT),
        ("policy.changed", {}, Lane.BULK, Purpose.POLICY_NOTICE),
        ("offer.published", {}, Lane.BULK, Purpose.OFFERS),
    ],
)
def test_each_event_goes_in_its_lane_for_its_purpose(
    event_type: str, changes: dict[str, Any], lane: Lane, purpose: Purpose
) -> None:
    """The lane decides how soon it goes, the purpose whether it may."""
    whom = customer(rule("d-mobile"), consents=frozenset({Purpose.OFFERS}))

    found = planned(whom, event_type, **changes)

    assert {(delivery.lane, delivery.purpose) for delivery in found.deliveries} == {(lane, purpose)}


def test_a_delivery_expires_its_lanes_time_after_it_is_due() -> None:
    """Yesterday's urgent text must not arrive tomorrow."""
    found = planned(customer(rule("d-mobile")), urgency="urgent")

    assert found.deliveries[0].due_at == NOW
    assert found.deliveries[0].deadline_at == later(hours=1)


def test_a_send_waits_for_its_window_to_open() -> None:
    """Quiet hours defer, and the deadline runs from when they end."""
    opens = {"days": ["wed"], "from": "08:00", "to": "18:00"}

    found = planned(customer(rule("d-mobile", timing="next_window", window=opens)))

    (delivery,) = found.deliveries
    assert delivery.due_at == later(hours=22)
    assert delivery.deadline_at == later(hours=22 + 24)
    assert delivery.reason is Reason.WINDOW


def test_a_send_in_its_window_does_not_wait() -> None:
    """The window is for quiet hours, not for collecting."""
    opens = {"from": "08:00", "to": "18:00"}

    found = planned(customer(rule("d-mobile", timing="next_window", window=opens)))

    assert found.deliveries[0].due_at == NOW
    assert found.deliveries[0].reason is Reason.PLANNED


def test_a_window_is_in_the_customers_time_zone() -> None:
    """Eight o'clock in New York is not eight o'clock in London."""
    opens = {"from": "08:00", "to": "18:00"}
    whom = customer(
        rule("d-mobile", timing="next_window", window=opens), time_zone="America/New_York"
    )

    found = planned(whom)

    assert found.deliveries[0].due_at == later(hours=3)


@pytest.mark.parametrize(
    ("whom", "reason"),
    [
        (customer(rules=None), Reason.NO_RULE),
        (customer(), Reason.NO_RULE),
        (customer(rule("d-mobile", match={"events": ["call.waiting"]})), Reason.NO_RULE),
        (customer(rule("d-mobile", timing="none")), Reason.RULE_SENDS_NOTHING),
        (customer(rule()), Reason.RULE_SENDS_NOTHING),
        (customer(rule("d-mobile"), terminated_at=NOW), Reason.SERVICE_TERMINATED),
    ],
)
def test_what_is_deliberately_not_sent_is_recorded(whom: Customer, reason: Reason) -> None:
    """Asked why something did not come, the office has an answer on record."""
    found = planned(whom)

    assert found.deliveries == ()
    assert reasons(found) == [reason]


def test_a_service_that_ends_later_still_sends() -> None:
    """Notice given is not notice run out."""
    found = planned(customer(rule("d-mobile"), terminated_at=later(seconds=1)))

    assert sent(found) == [("sms", "d-mobile")]


@pytest.mark.parametrize("event_type", ["call.ended", "payment.received"])
def test_a_fact_that_nobody_is_told_of_plans_nothing(event_type: str) -> None:
    """Not even a non-send: no rule could have asked for it."""
    found = planned(customer(rule("d-mobile")), event_type)

    assert found == Plan()


@pytest.mark.parametrize(
    ("action", "attach", "content"),
    [
        ({}, True, Content.FULL),
        ({"content": "summary"}, True, Content.SUMMARY),
        ({"content": "notice"}, False, Content.NOTICE),
        ({"attach_scan": False}, False, Content.FULL),
    ],
)
def test_the_scan_is_attached_where_it_is_wanted(
    action: dict[str, Any], content: Content, *, attach: bool
) -> None:
    """A notice alone must not carry the letter itself."""
    found = planned(customer(rule("d-email", **action)), "post.scanned")

    assert found.deliveries[0].attach is attach
    assert found.deliveries[0].content is content


def test_a_text_carries_no_attachment() -> None:
    """There is no such thing in an SMS."""
    found = planned(customer(rule("d-mobile")), "post.scanned")

    assert found.deliveries[0].attach is False


@pytest.mark.parametrize(
    "action",
    [
        {"timing": "next_window"},
    ],
)
def test_a_rule_that_should_have_been_refused_is_never_guessed_at(
    action: dict[str, Any],
) -> None:
    """Sent another way than asked is worse than an error that somebody sees."""
    whom = customer(rule("d-mobile", **action))

    with pytest.raises(UnofferedError):
        planned(whom)


# ------------------------------------------------------------------------------------ live calls


def test_a_waiting_caller_is_put_through_until_not_after() -> None:
    """The caller hangs up; ringing the customer later helps nobody."""
    found = planned(customer(rule("d-voice", "d-mobile")), "call.waiting")

    (delivery,) = found.deliveries
    assert (delivery.channel, delivery.destination_id) == (Channel.CALL, "d-voice")
    assert delivery.mode is Mode.FIRST
    assert delivery.due_at == NOW
    assert delivery.deadline_at == later(seconds=20)


def test_a_call_is_put_through_to_a_mobile_too() -> None:
    """A mobile is a telephone."""
    found = planned(customer(rule("d-mobile")), "call.waiting")

    assert sent(found) == [("call", "d-mobile")]


@pytest.mark.parametrize("fallback", ["message", "agent"])
def test_a_late_call_becomes_a_message(fallback: str) -> None:
    """It is never dialled, and the caller's details follow the rules for messages."""
    rules = (
        rule(
            "d-voice",
            match={"events": ["call.waiting"]},
            call={"fallback": fallback},
            rule_id="calls",
        ),
        rule("d-email", match={"events": ["call.message_taken"]}, rule_id="messages"),
    )

    found = planned(customer(*rules), "call.waiting", not_after="2026-11-24T10:00:00Z")

    assert sent(found) == [("email", "d-email")]
    assert reasons(found) == [Reason.LATE_CALL]
    assert found.non_sends[0].channel is Channel.CALL
    assert found.deliveries[0].rule_id == "messages"
    assert found.deliveries[0].purpose is Purpose.MESSAGES
    assert found.deliveries[0].lane is Lane.ROUTINE
    assert found.deliveries[0].deadline_at == later(days=1)


@pytest.mark.parametrize(
    ("first", "unverified", "reason"),
    [
        (rule("d-email", match={"events": ["call.waiting"]}), (), Reason.DESTINATION_UNFIT),
        (
            rule("d-voice", match={"events": ["call.waiting"]}),
            ("d-voice",),
            Reason.DESTINATION_UNVERIFIED,
        ),
        (
            rule("d-voice", match={"events": ["call.waiting"]}, timing="none"),
            (),
            Reason.RULE_SENDS_NOTHING,
        ),
        (
            rule(
                "d-voice",
                match={"events": ["call.waiting"]},
                timing="next_window",
                window=CLOSED,
            ),
            (),
            Reason.WINDOW,
        ),
        (rule("d-voice", match={"events": ["post.scanned"]}), (), Reason.NO_RULE),
    ],
)
def test_a_call_that_cannot_be_put_through_becomes_a_message(
    first: Rule, unverified: tuple[str, ...], reason: Reason
) -> None:
    """A caller must not be lost because no line could be rung."""
    messages = rule("d-email", match={"events": ["call.message_taken"]}, rule_id="messages")

    found = planned(customer(first, messages, unverified=unverified), "call.waiting")

    assert sent(found) == [("email", "d-email")]
    assert reasons(found) == [reason]


def test_a_call_for_a_terminated_customer_goes_nowhere() -> None:
    """From that moment their details are no longer used."""
    found = planned(customer(rule("d-voice"), terminated_at=NOW), "call.waiting")

    assert found.deliveries == ()
    assert reasons(found) == [Reason.SERVICE_TERMINATED]


def test_an_unanswered_calls_message_keeps_to_the_message_rules() -> None:
    """Dispatch plans it after the ringing has ended, by the same rules as a message taken."""
    whom = customer(rule("d-mobile", "d-email"))

    found = plan_late_call(event("call.waiting", **SALES), whom, later(minutes=1), POLICY)

    assert sent(found) == [("sms", "d-mobile"), ("email", "d-email")]
    assert found.non_sends == ()


def test_only_a_live_call_can_be_late() -> None:
    """Asking it of anything else is a mistake in the code that asks."""
    with pytest.raises(ValueError, match="no live call"):
        plan_late_call(event(), customer(rule("d-mobile")), NOW, POLICY)


# ------------------------------------------------------------------------------------- next steps


def test_the_next_step_follows_one_that_did_not_reach() -> None:
    """The customer named it for just this."""
    wanted = rule("d-mobile", "d-email", mode="first")

    found = next_step(wanted, 0, event(), customer(wanted), NOW, POLICY)

    assert getattr(found, "destination_id", None) == "d-email"
    assert getattr(found, "step", None) == 1
    assert found.reason is Reason.NEXT_STEP


def test_a_next_step_that_cannot_be_used_is_passed_over() -> None:
    """One bad address must not end the search for a good one."""
    wanted = rule("d-mobile", "d-gone", "d-email", mode="first")

    found = next_step(wanted, 0, event(), customer(wanted), NOW, POLICY)

    assert getattr(found, "step", None) == 2


@pytest.mark.parametrize(
    ("wanted", "whom", "reason"),
    [
        (rule("d-mobile"), {}, Reason.NO_ADDRESS),
        (rule("d-mobile", "d-gone"), {}, Reason.DESTINATION_REMOVED),
        (rule("d-mobile", "d-email"), {"terminated_at": NOW}, Reason.SERVICE_TERMINATED),
    ],
)
def test_a_rule_with_no_usable_step_left_says_so(
    wanted: Rule, whom: dict[str, Any], reason: Reason
) -> None:
    """The ledger tells why the trail ended."""
    found = next_step(wanted, 0, event(), customer(wanted, **whom), NOW, POLICY)

    assert found.reason is reason
    assert found.rule_id == "r1"


def test_the_next_line_is_not_rung_for_a_caller_who_is_gone() -> None:
    """A late call is never dialled, whichever step it has come to."""
    wanted = rule("d-voice", "d-mobile")

    found = next_step(wanted, 0, event("call.waiting"), customer(wanted), later(minutes=1), POLICY)

    assert found.reason is Reason.LATE_CALL


def test_the_message_of_a_late_call_has_next_steps_of_its_own() -> None:
    """Its text may bounce like any other, and then the email is its next step."""
    wanted = rule("d-mobile", "d-email", mode="first")

    found = next_step(
        wanted,
        0,
        event("call.waiting"),
        customer(wanted),
        later(minutes=1),
        POLICY,
        Purpose.MESSAGES,
    )

    assert found.channel is Channel.EMAIL
    assert found.reason is Reason.NEXT_STEP


def test_nothing_has_a_next_step_where_nothing_is_sent() -> None:
    """Asking is a mistake in the code that asks."""
    with pytest.raises(ValueError, match="nothing is sent"):
        next_step(rule("d-mobile"), 0, event("call.ended"), customer(rule("d-mobile")), NOW, POLICY)


# ----------------------------------------------------------------------------------------- billing


@pytest.mark.parametrize(
    ("event_type", "attach"),
    [
        ("invoice.issued", True),
        ("invoice.overdue", False),
        ("invoice.cancelled", False),
        ("payment.failed", False),
    ],
)
@pytest.mark.parametrize(
    "rules", [(), (rule("d-mobile", timing="none"),)], ids=["no rule", "a silent rule"]
)
def test_billing_goes_to_the_invoice_email_whatever_the_rules_say(
    event_type: str, rules: tuple[Rule, ...], *, attach: bool
) -> None:
    """Some categories cannot be muted."""
    found = planned(customer(*rules), event_type)

    (delivery,) = found.deliveries
    assert (delivery.channel, delivery.destination_id) == (Channel.EMAIL, INVOICE_EMAIL)
    assert delivery.content is Content.FULL
    assert delivery.attach is attach
    assert found.non_sends == ()


def test_a_rule_adds_a_notice_elsewhere_and_replaces_nothing() -> None:
    """An invoice's amounts stay out of the text message that tells of it."""
    whom = customer(rule("d-mobile", "d-email", content="full"))

    found = planned(whom, "invoice.issued")

    assert sent(found) == [("email", INVOICE_EMAIL), ("sms", "d-mobile"), ("email", "d-email")]
    assert [delivery.content for delivery in found.deliveries[1:]] == [Content.NOTICE] * 2
    assert [delivery.attach for delivery in found.deliveries] == [True, False, False]


def test_an_invoice_without_an_address_is_recorded_as_not_sent() -> None:
    """Somebody must ask that customer for one."""
    whom = customer()

    found = planned(replace(whom, destinations={}), "invoice.issued")

    assert found.deliveries == ()
    assert reasons(found) == [Reason.NO_ADDRESS]


def test_a_terminated_customer_is_sent_the_final_account_and_nothing_more() -> None:
    """Their rules no longer count, what they owe does."""
    found = planned(customer(rule("d-mobile"), terminated_at=NOW), "invoice.issued")

    assert sent(found) == [("email", INVOICE_EMAIL)]


# ----------------------------------------------------------------------------------------- notices


def test_an_offer_goes_by_email_to_those_who_agreed() -> None:
    """Consent is for email, so no rule can turn an offer into a text."""
    whom = customer(rule("d-mobile"), consents=frozenset({Purpose.OFFERS}))

    found = planned(whom, "offer.published", valid_until="2026-11-25T10:00:00Z")

    assert sent(found) == [("email", INVOICE_EMAIL)]
    assert found.deliveries[0].deadline_at == later(days=1)


@pytest.mark.parametrize(
    ("whom", "changes", "expected"),
    [
        ({"consents": frozenset()}, {}, [Reason.NO_CONSENT]),
        ({"terminated_at": NOW}, {}, [Reason.SERVICE_TERMINATED]),
        ({}, {"valid_until": "2026-11-24T10:00:00Z"}, [Reason.DEADLINE]),
        ({"registered": False}, {}, []),
        ({"contracted": frozenset()}, {"services": ["phone_answering"]}, []),
    ],
)
def test_an_offer_goes_to_nobody_else(
    whom: dict[str, Any], changes: dict[str, Any], expected: list[Reason]
) -> None:
    """An offer that was not agreed to is an offence against the policy."""
    fields = {"consents": frozenset({Purpose.OFFERS})} | whom

    found = planned(customer(rule("d-email"), **fields), "offer.published", **changes)

    assert found.deliveries == ()
    assert reasons(found) == expected


def test_a_policy_notice_goes_to_every_customer() -> None:
    """No rule, no consent and no termination keeps it back."""
    found = planned(customer(rule("d-mobile", timing="none"), terminated_at=NOW), "policy.changed")

    assert sent(found) == [("email", INVOICE_EMAIL)]


def test_one_who_only_asked_for_a_price_is_sent_no_policy_notice() -> None:
    """A prospect is no customer."""
    found = planned(customer(registered=False), "policy.changed")

    assert found == Plan()


def test_a_delivery_names_the_rules_and_destination_it_was_planned_with() -> None:
    """So a claim can tell that either has changed since."""
    known = {"d-mobile": destination("d-mobile", DestinationKind.MOBILE)}

    found = planned(customer(rule("d-mobile"), destinations=known))

    assert found.deliveries[0].rule_version == VERSION
    assert found.deliveries[0].destination_version == known["d-mobile"].version
    assert found.deliveries[0].deadline_at - NOW == timedelta(days=1)
