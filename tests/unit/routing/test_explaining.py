"""Does an explanation say what the planner does, and rightly why?"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from contracts.planning import Customer, Plan, Routable
from contracts.rules import Match, Rule, RuleSet
from contracts.vocabulary import Channel, Lane, Purpose, Reason, Service
from tests.unit.routing.samples import NOW, POLICY, customer, event, later, rule
from tests.unit.routing.test_planning_invariants import customers, events
from workers.routing.case import Case
from workers.routing.explaining import Explanation, explain
from workers.routing.facts import facts_of
from workers.routing.matching import first_match, first_unmet
from workers.routing.planning import next_step, plan

SALES: dict[str, Any] = {"for_": {"department": "Sales"}}


def explained(
    whom: Customer, event_type: str = "call.message_taken", **changes: Any
) -> Explanation:
    """Why what is sent on such an event now is sent."""
    return explain(event(event_type, **changes), whom, NOW, POLICY)


# --------------------------------------------------------------------- it never disagrees with plan


@given(events, customers())
def test_an_explanation_tells_of_the_plan_and_of_nothing_else(
    given_event: Routable, whom: Customer
) -> None:
    """Whoever is told another thing than what is sent has been told a lie."""
    planned = plan(given_event, whom, NOW, POLICY)

    found = explain(given_event, whom, NOW, POLICY)

    assert found.plan == planned
    assert tuple(send.delivery for send in found.sends) == planned.deliveries
    assert tuple(each.non_send for each in found.withheld) == planned.non_sends
    assert found.post == planned.post


@given(events, customers())
def test_the_rule_that_is_named_is_the_one_that_the_planner_followed(
    given_event: Routable, whom: Customer
) -> None:
    """And those before it are told of one by one, none left out."""
    found = explain(given_event, whom, NOW, POLICY)

    followed = {sent.rule_id for sent in found.plan.deliveries}
    followed |= {each.rule_id or "@" for each in found.plan.non_sends}
    own = {name for name in followed if not name.startswith("@")}
    assert own <= {search.matched for search in found.searches}
    assert whom.rules is not None
    in_order = [each.rule_id for each in whom.rules.rules]
    for search in found.searches:
        told = [each.rule_id for each in search.passed]
        assert told + ([search.matched] if search.matched else []) == in_order[: len(told) + 1]
        assert search.matched is not None or told == in_order


@given(events, customers())
def test_the_search_that_is_told_is_the_search_that_is_made(
    given_event: Routable, whom: Customer
) -> None:
    """The planner looks at the rules of a type alone, the explanation at all of them."""
    facts = facts_of(given_event)
    assert whom.rules is not None
    if facts is None:
        return
    now = Case(facts, whom, NOW, POLICY).moment

    unmet = [first_unmet(each, whom.rules.callers, facts, now) for each in whom.rules.rules]

    chosen = first_match(whom.rules, facts, now)
    first = next((at for at, why in enumerate(unmet) if why is None), None)
    assert chosen == (None if first is None else whom.rules.rules[first])


@given(events, customers())
def test_the_condition_that_is_named_is_one_that_alone_keeps_the_rule_away(
    given_event: Routable, whom: Customer
) -> None:
    """A customer who takes another condition out would find the rule unused as before."""
    facts = facts_of(given_event)
    assert whom.rules is not None
    if facts is None:
        return
    now = Case(facts, whom, NOW, POLICY).moment

    for each in whom.rules.rules:
        unmet = first_unmet(each, whom.rules.callers, facts, now)
        if unmet is not None:
            name = {"from": "from_"}.get(unmet, unmet.value)
            alone = Match.model_validate({name: getattr(each.match, name)})
            lone = each.model_copy(update={"match": alone})
            assert first_unmet(lone, whom.rules.callers, facts, now) is unmet


@given(events, customers())
def test_what_is_sent_is_part_of_what_the_rule_that_matched_specifies(
    given_event: Routable, whom: Customer
) -> None:
    """Nothing is ever sent that the customer did not ask for: place, channel, hour or content."""
    found = explain(given_event, whom, NOW, POLICY)

    for send in found.sends:
        if send.delivery.rule_id.startswith("@"):
            continue
        assert whom.rules is not None
        asked = whom.rules.rule(send.delivery.rule_id)
        assert asked is not None
        assert asked.rule_id in {search.matched for search in found.searches}
        assert _is_asked_for(send.delivery, asked)


def _is_asked_for(delivery: Any, asked: Rule) -> bool:
    if delivery.channel is Channel.POST:
        post = asked.action.post
        return post is not None and post.postal_destination == delivery.destination_id
    contents = ["notice", "summary", "full"]
    return (
        asked.action.steps[delivery.step].destination == delivery.destination_id
        and asked.action.timing != "none"
        and contents.index(delivery.content) <= contents.index(asked.action.content)
        and (not delivery.attach or asked.action.attach_scan)
        and (delivery.due_at == NOW or asked.action.timing == "next_window")
        and (delivery.channel is Channel.CALL) is (delivery.lane is Lane.LIVE)
    )


# ------------------------------------------------------------------------------------ what it tells


def test_each_rule_before_the_one_that_won_has_its_first_condition_that_does_not_fit() -> None:
    """The answer to `why was my rule not used?`."""
    whom = customer(
        rule("d-email", rule_id="post", match={"events": ["post.scanned"]}),
        rule("d-email", rule_id="help", match={"department": ["help"], "min_urgency": "urgent"}),
        rule("d-email", rule_id="urgent", match={"min_urgency": "urgent"}),
        rule("d-email", rule_id="vip", match={"caller": "vip"}),
        rule("d-email", rule_id="later", match={"from": "2026-11-25T00:00:00Z"}),
        rule("d-email", rule_id="over", match={"until": "2026-11-24T00:00:00Z"}),
        rule("d-email", rule_id="night", match={"window": {"from": "22:00", "to": "06:00"}}),
        rule("d-mobile", rule_id="sales", match={"department": ["sales"]}),
        rule("d-email", rule_id="rest"),
    )

    found = explained(whom, **SALES)

    (search,) = found.searches
    assert [(each.rule_id, each.unmet.value) for each in search.passed] == [
        ("post", "events"),
        ("help", "department"),
        ("urgent", "min_urgency"),
        ("vip", "caller"),
        ("later", "from"),
        ("over", "until"),
        ("night", "window"),
    ]
    assert search.matched == "sales"


def test_a_call_that_is_told_of_is_explained_twice() -> None:
    """Once why it was not put through, and once by which rule its message goes."""
    whom = customer(
        rule("d-mobile", rule_id="calls", match={"events": ["call.waiting"]}, timing="none"),
        rule("d-email", rule_id="rest"),
    )

    found = explained(whom, "call.waiting")

    assert [(search.event_type, search.matched) for search in found.searches] == [
        ("call.waiting", "calls"),
        ("call.message_taken", "rest"),
    ]


def test_a_call_that_is_put_through_is_explained_once() -> None:
    """Its message has no part in it yet."""
    found = explained(customer(rule("d-mobile")), "call.waiting")

    assert [search.event_type for search in found.searches] == ["call.waiting"]


def test_what_would_go_out_in_turn_is_told_by_the_planner_of_next_steps() -> None:
    """The customer asks: and if I do not have my mobile with me?"""
    wanted = rule("d-mobile", "d-voice", "d-email", mode="first")
    whom = customer(wanted)

    found = explained(whom)

    (send,) = found.sends
    (after,) = send.then
    assert after.delivery == next_step(wanted, 0, event(), whom, NOW, POLICY)
    assert (after.delivery.destination_id, after.then) == ("d-email", ())


def test_a_place_that_must_not_be_used_is_told_of() -> None:
    """It was planned, and would be stopped when a worker takes it up."""
    whom = customer(rule("d-mobile", "d-email"))
    barred = {("d-mobile", Purpose.MESSAGES): Reason.OPTED_OUT}

    found = explain(event(), whom, NOW, POLICY, barred)

    assert [send.barred for send in found.sends] == [Reason.OPTED_OUT, None]


@pytest.mark.parametrize(
    ("changes", "event_type", "waits_for"),
    [
        ({}, "call.message_taken", None),
        ({"started": frozenset()}, "call.message_taken", "service"),
        ({"started": frozenset({Service.MAIL_FORWARDING})}, "call.message_taken", "service"),
        ({"started": frozenset({Service.MAIL_FORWARDING})}, "post.received", None),
        ({"started": frozenset()}, "invoice.issued", None),
        ({"started": frozenset(), "terminated_at": NOW}, "call.message_taken", None),
        ({"registered": False}, "post.received", "customer"),
    ],
)
def test_what_an_event_would_wait_for_is_told(
    changes: dict[str, Any], event_type: str, waits_for: str | None
) -> None:
    """Rules are tried out before the service starts."""
    found = explained(customer(rule("d-mobile"), **changes), event_type)

    assert found.waits_for == waits_for
    assert found.plan == plan(event(event_type), customer(rule("d-mobile"), **changes), NOW, POLICY)


def test_a_call_without_a_service_goes_back_to_the_agent() -> None:
    """Intake does not ask the planner, and a caller cannot wait for a service to start."""
    found = explained(customer(rule("d-mobile"), started=frozenset()), "call.waiting")

    assert found.back_to_the_agent
    assert found.plan == Plan()


def test_rules_that_are_not_in_force_can_be_asked_of() -> None:
    """What would happen if: the same question of a customer with other rules."""
    before = customer(rule("d-mobile"))
    after = replace(before, rules=RuleSet(version=8, rules=(rule("d-email"),)), rules_version=8)

    found = [explained(whom).sends[0].delivery.destination_id for whom in (before, after)]

    assert found == ["d-mobile", "d-email"]


@pytest.mark.parametrize(
    ("match", "urgency", "reason", "says"),
    [
        ({}, "routine", Reason.WINDOW, "waits for the rule's window"),
        ({}, "urgent", Reason.PLANNED, "urgent: it waits for no hour"),
        ({"min_urgency": "urgent"}, "emergency", Reason.WINDOW, "waits for the rule's window"),
    ],
)
def test_what_breaks_through_quiet_hours_is_told_as_such(
    match: dict[str, Any], urgency: str, reason: Reason, says: str
) -> None:
    """A customer who was woken is told by which word."""
    closed = {"days": ["sat"], "from": "09:00", "to": "12:00"}
    whom = customer(rule("d-mobile", match=match, timing="next_window", window=closed))

    (send,) = explained(whom, urgency=urgency).sends

    assert send.delivery.reason is reason
    assert send.why.startswith(says)


def test_what_stops_a_send_is_told_in_a_sentence() -> None:
    """A word in an answer to a customer explains nothing."""
    whom = customer(rule("d-mobile", "d-postal", "d-gone"), unverified=["d-mobile"])

    found = explained(whom)

    assert [each.why for each in found.withheld] == [
        "the destination is of a kind that cannot carry it",
        "the customer removed this destination",
    ]
    assert found.sends[0].why == "kept until the destination is verified"
    assert explain(event(), replace(whom, rules=None), later(hours=1), POLICY).withheld[0].why == (
        "no rule matches"
    )
