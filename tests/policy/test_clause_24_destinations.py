"""Clause 24: messages go to the places in the rule in force, and nothing makes up another."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.planning import INVOICE_EMAIL, Customer, NonSend, PlannedDelivery, Routable
from contracts.vocabulary import Answer, Channel, DeliveryStatus, DestinationKind
from tests.building import MAIL, MOBILE, House, first_of, place, preferences, verified
from tests.dispatch.sending import Sending
from tests.factories import catch_all, envelope
from tests.unit.routing.samples import NOW, POLICY
from tests.unit.routing.test_planning_invariants import OWN_WAYS, customers, events
from workers.routing.checks import named_destinations
from workers.routing.planning import next_step, plan
from workers.sandbox.behaviour import Act, Rule

CARRIED_TO = {
    Channel.SMS: {DestinationKind.MOBILE},
    Channel.EMAIL: {DestinationKind.EMAIL},
    Channel.CALL: {DestinationKind.MOBILE, DestinationKind.VOICE},
    Channel.POST: {DestinationKind.POSTAL},
}


def _all_that_may_follow(event: Routable, whom: Customer) -> list[PlannedDelivery]:
    """What is planned, and all that follows where each of it reaches nobody."""
    found: list[PlannedDelivery] = []
    for planned in plan(event, whom, NOW, POLICY).deliveries:
        following: PlannedDelivery | NonSend = planned
        while isinstance(following, PlannedDelivery):
            found.append(following)
            rule = whom.rules.rule(following.rule_id) if whom.rules is not None else None
            if rule is None or not following.mode.in_turn:
                break
            following = next_step(rule, following.step, event, whom, NOW, POLICY, following.purpose)
    return found


@given(events, customers())
def test_clause_24_all_that_may_be_sent_goes_to_what_was_specified(
    event: Routable, whom: Customer
) -> None:
    """Sent is a part of specified: for whatever rules, and whatever fails on the way."""
    may_follow = _all_that_may_follow(event, whom)

    specified = set(named_destinations(whom.rules.rules)) if whom.rules is not None else set()
    for one in may_follow:
        in_our_way = one.rule_id in OWN_WAYS and one.destination_id == INVOICE_EMAIL
        assert one.destination_id in specified or in_our_way
        assert whom.destinations[one.destination_id].kind in CARRIED_TO[one.channel]


@given(events, customers())
def test_clause_24_the_next_step_is_a_later_step_of_the_same_rule(
    event: Routable, whom: Customer
) -> None:
    """No fallback is invented: where a rule has no further step, there is none."""
    may_follow = _all_that_may_follow(event, whom)

    for one, other in pairwise(may_follow):
        if one.mode.in_turn and other.step > one.step:
            rule = whom.rules.rule(one.rule_id) if whom.rules is not None else None
            assert rule is not None
            assert other.rule_id == one.rule_id
            assert rule.action.steps[other.step].destination == other.destination_id


@given(st.data())
def test_clause_24_a_customer_without_rules_is_sent_no_message(data: st.DataObject) -> None:
    """Where nobody has said where to, nothing goes anywhere."""
    event, whom = data.draw(events), data.draw(customers())
    without = Customer(**{n: getattr(whom, n) for n in whom.__slots__} | {"rules": None})

    assert {one.rule_id for one in plan(event, without, NOW, POLICY).deliveries} <= OWN_WAYS


def _serve_at_five_places(house: House, *named: str) -> None:
    house.serve()
    more = {
        "d-other-mobile": ("mobile", "07700 900555"),
        "d-other-mail": ("email", "other@harbourlane.example"),
        "d-voice": ("voice", "020 7946 0106"),
    }
    for name, (kind, value) in more.items():
        house.tell(place("C-1042", name, kind, value), verified("C-1042", name))
    house.tell(preferences("C-1042", first_of(*named)))


def test_clause_24_where_all_that_was_specified_fails_nothing_else_is_tried(
    sending: Sending,
) -> None:
    """Five verified places, two in the rule, both refused: the provider never hears of a third."""
    house = sending.house
    _serve_at_five_places(house, "d-mobile", "d-mail")
    sending.sandbox.behave(
        Rule(Act.REFUSE, channel="sms", code=21211, times=1),
        Rule(Act.REFUSE, channel="email", code=550, times=1),
    )

    house.have_message()
    for _ in range(3):
        sending.deliver(Channel.SMS)
        sending.deliver(Channel.EMAIL)
        house.go_on()

    assert [(row["destination_id"], row["status"]) for row in house.deliveries()] == [
        ("d-mobile", DeliveryStatus.FAILED),
        ("d-mail", DeliveryStatus.FAILED),
    ]
    assert sending.accepted() == []


def test_clause_24_the_rule_in_force_counts_not_the_one_before(sending: Sending) -> None:
    """A place that was taken out of the rules gets nothing that has not left yet."""
    house = sending.house
    house.serve(rules=[catch_all("d-mobile", "d-mail")])
    house.have_message()

    house.tell(preferences("C-1042", catch_all("d-mail", rule_id="mail-alone")))
    for channel in (Channel.SMS, Channel.EMAIL):
        sending.deliver(channel)

    assert [one.to for one in sending.accepted()] == [MAIL]


def test_clause_24_what_is_sent_goes_to_the_value_that_was_verified(sending: Sending) -> None:
    """Not to one that was put in its place since, until that is verified too."""
    house = sending.house
    house.serve(rules=[catch_all("d-mobile")])
    house.have_message()

    house.tell(place("C-1042", "d-mobile", "mobile", "07700 900777"))
    sending.deliver(Channel.SMS)
    before = sending.accepted()
    house.tell(verified("C-1042", "d-mobile"))
    house.have_message(call_id="call-2")
    sending.deliver(Channel.SMS)

    assert before == []
    assert {one.to for one in sending.accepted()} == {"+447700900777"} != {MOBILE}


@pytest.mark.parametrize("number", ["020 7946 0106", "01632 960111", "0808 157 0192"])
def test_clause_24_a_landline_is_refused_for_texts(house: House, number: str) -> None:
    """As a mobile, and as what a rule for messages alone names; the answer says so."""
    house.serve()

    as_mobile = house.hand_in_one(place("C-1042", "d-land", "mobile", number))
    house.tell(place("C-1042", "d-voice", "voice", "020 7946 0106"), verified("C-1042", "d-voice"))
    rule = catch_all("d-voice", rule_id="texts")
    rule["match"] = {"events": ["call.message_taken"]}
    in_a_rule = house.hand_in_one(preferences("C-1042", rule, catch_all("d-mail")))

    assert as_mobile.answer is Answer.REJECTED
    assert [one.path for one in as_mobile.problems] == ["data.value"]
    assert in_a_rule.answer is Answer.REJECTED
    assert "data.rules[0].action.steps[0].destination" in {p.path for p in in_a_rule.problems}


def test_clause_24_a_number_that_rings_is_never_texted(house: House) -> None:
    """A rule for everything may name it: callers are put through to it, and messages pass it by."""
    house.serve()
    house.tell(place("C-1042", "d-voice", "voice", "020 7946 0106"), verified("C-1042", "d-voice"))
    house.tell(preferences("C-1042", catch_all("d-voice", "d-mail")))

    house.tell(envelope("call.message_taken"))

    assert [row["destination_id"] for row in house.deliveries()] == ["d-mail"]
