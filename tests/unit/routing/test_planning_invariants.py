from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.planning import INVOICE_EMAIL, Customer, Routable
from contracts.rule_words import WEEK, Matchable
from contracts.rules import Callers, Rule, Window
from contracts.vocabulary import Channel, Purpose, Reason
from tests.unit.routing.samples import DATA, DESTINATIONS, NOW, POLICY, customer, event, later
from workers.routing.checks import check_rules, named_destinations
from workers.routing.own_way import BILLING_WAY, OFFERS_WAY, POLICY_WAY
from workers.routing.planning import plan
from workers.routing.post_items import ADDRESS_WAY, KEPT_WAY
from workers.routing.schedules import never_opens

NAMES = [name for name in DESTINATIONS if name != INVOICE_EMAIL]
OWN_WAYS = {BILLING_WAY, OFFERS_WAY, POLICY_WAY}
TELLING_WHY = {KEPT_WAY, ADDRESS_WAY}

clock = st.times().map(lambda found: f"{found:%H:%M}")
windows = st.fixed_dictionaries(
    {
        "from": clock,
        "to": clock,
        "days": st.lists(st.sampled_from(WEEK), min_size=1, max_size=4),
        "bank_holidays": st.sampled_from(["include", "exclude"]),
    }
).filter(lambda found: not never_opens(Window.model_validate(found)))
instants = st.sampled_from([-1, 0, 1]).map(lambda hours: later(hours=hours).isoformat())
matches = st.fixed_dictionaries(
    {},
    optional={
        "events": st.lists(st.sampled_from(list(Matchable)), min_size=1, max_size=4),
        "person": st.just(["Ana Ruiz"]),
        "department": st.just(["sales"]),
        "min_urgency": st.sampled_from(["routine", "urgent"]),
        "caller": st.sampled_from(["any", "vip", "blocked"]),
        "window": windows,
        "post_class": st.just(["letter"]),
        "sender_class": st.just(["court"]),
        "contains": st.just(["cheque"]),
        "from": instants,
        "until": instants,
    },
)
posts = st.fixed_dictionaries(
    {
        "do": st.sampled_from(["scan", "hold", "shred", "collect", "forward"]),
        "postal_destination": st.sampled_from([*NAMES, "d-gone"]),
    }
)
timings = st.one_of(
    st.sampled_from([{"timing": "now"}, {"timing": "none"}]),
    windows.map(lambda found: {"timing": "next_window", "window": found}),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule that the planner may meet, sound or not."""
    names = draw(st.lists(st.sampled_from([*NAMES, "d-gone"]), max_size=4))
    steps = [{"destination": name} for name in names]
    action: dict[str, Any] = {
        "steps": steps,
        "mode": draw(st.sampled_from(["all", "first"])),
        "content": draw(st.sampled_from(["full", "summary", "notice"])),
        "post": draw(st.none() | posts),
        **draw(timings),
    }
    return Rule.model_validate(
        {"rule_id": draw(st.sampled_from("abcdef")), "match": draw(matches), "action": action}
    )


@st.composite
def customers(draw: st.DrawFn) -> Customer:
    """A customer with some rules, some addresses not verified, perhaps gone."""
    return customer(
        *draw(st.lists(rules(), max_size=5, unique_by=lambda rule: rule.rule_id)),
        unverified=draw(st.sets(st.sampled_from(NAMES))),
        terminated_at=draw(st.sampled_from([None, NOW])),
        consents=draw(st.sampled_from([frozenset[Purpose](), frozenset({Purpose.OFFERS})])),
        callers={"vip": ["+441632960001"]},
        time_zone=draw(st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata"])),
    )


events = st.sampled_from(sorted(DATA)).map(event) | st.sampled_from(
    [
        event(urgency="urgent", for_={"department": "Sales"}),
        event("call.waiting", caller={"number": "01632 960001"}),
        event("call.waiting", not_after="2026-11-24T09:00:00Z"),
        event("post.received", contains=["cheque"]),
        event("post.scanned", sender={"class": "court"}, addressee="ANA RUIZ"),
    ]
)


@given(events, customers())
def test_nothing_goes_where_the_customer_did_not_ask(given_event: Routable, whom: Customer) -> None:
    """Every destination is named by the rules, and what it is not verified for is held."""
    found = plan(given_event, whom, NOW, POLICY)

    for delivery in found.deliveries:
        assert whom.rules is not None
        named = named_destinations(whom.rules.rules)
        assert (delivery.destination_id in named) or (
            delivery.destination_id == INVOICE_EMAIL and delivery.rule_id in OWN_WAYS
        )
        held = delivery.reason is Reason.DESTINATION_UNVERIFIED
        assert whom.destinations[delivery.destination_id].verified is not held


@given(events, customers())
def test_nothing_is_sent_twice_to_the_same_place(given_event: Routable, whom: Customer) -> None:
    """One event is one delivery a destination and channel; that an item is held is told beside."""
    found = plan(given_event, whom, NOW, POLICY)

    places = [
        (delivery.channel, delivery.destination_id, delivery.rule_id in TELLING_WHY)
        for delivery in found.deliveries
    ]
    assert len(places) == len(set(places))


@given(events, customers())
def test_every_delivery_is_due_before_it_expires_and_not_in_the_past(
    given_event: Routable, whom: Customer
) -> None:
    """A delivery that is born expired would be neither sent nor accounted for."""
    found = plan(given_event, whom, NOW, POLICY)

    assert all(NOW <= delivery.due_at < delivery.deadline_at for delivery in found.deliveries)


@given(events, customers())
def test_every_event_that_rules_can_match_leads_to_something_on_record(
    given_event: Routable, whom: Customer
) -> None:
    """A send, or a reason for none: never silence."""
    found = plan(given_event, whom, NOW, POLICY)

    matchable = given_event.type in set(Matchable)
    assert not matchable or found.deliveries or found.non_sends


@given(events, customers())
def test_a_call_is_put_through_to_one_number_at_most(given_event: Routable, whom: Customer) -> None:
    """Two redirects of one caller would cut off the first."""
    found = plan(given_event, whom, NOW, POLICY)

    calls = [delivery for delivery in found.deliveries if delivery.channel is Channel.CALL]
    assert len(calls) <= (given_event.type == "call.waiting")


@given(st.lists(rules(), max_size=5), st.sets(st.sampled_from(NAMES)))
def test_rules_that_pass_the_checks_never_name_a_wrong_kind_alone(
    wanted: list[Rule], left_out: set[str]
) -> None:
    """What is admitted can be carried out, for some event that it matches."""
    every = customer().destinations
    known = {name: place for name, place in every.items() if name not in left_out}

    found = check_rules(wanted, Callers(), customer(destinations=known), POLICY)

    postal = {
        f"data.rules[{place}].action.steps[{number}].destination"
        for place, rule in enumerate(wanted)
        for number, step in enumerate(rule.action.steps)
        if step.destination == "d-postal" and step.destination in known
    }
    assert postal <= {problem.path for problem in found}
