"""Is a rule that can never match found, and only such a rule?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rule_words import WEEK, Matchable
from contracts.rules import Callers, Rule, RuleSet, Window
from contracts.vocabulary import Purpose, Urgency
from tests.unit.routing.samples import POLICY, rule
from workers.routing.facts import Facts
from workers.routing.hidden import Hidden, Unmeetable, never_matching
from workers.routing.matching import Condition, first_match
from workers.routing.schedules import moment, never_opens, zone
from workers.routing.space import CONTENTS, POST_CLASSES, SENDERS

MESSAGES, CALLS = "call.message_taken", "call.waiting"
CALLERS = Callers(vip=("+441632960001",), blocked=("+441632960009",))
NOBODY = Callers()
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}
WEEKEND = {"days": ["sat", "sun"]}


def matching(*matches: dict[str, Any]) -> list[Rule]:
    """A rule for each of these conditions."""
    return [rule("d-mobile", match=match, rule_id=f"r{n}") for n, match in enumerate(matches)]


def found(*matches: dict[str, Any], callers: Callers = CALLERS) -> dict[int, Any]:
    """Which of these can never match, and why."""
    return dict(never_matching(matching(*matches), callers))


@pytest.mark.parametrize(
    ("matches", "hiding"),
    [
        ([{}, {}], [0]),
        ([{}, {"department": ["sales"]}], [0]),
        ([{"department": ["sales"]}, {"department": ["Sales "]}], [0]),
        ([{"department": ["sales", "help"]}, {"department": ["help"]}], [0]),
        ([{"min_urgency": "urgent"}, {"min_urgency": "emergency"}], [0]),
        ([{"events": [MESSAGES, CALLS]}, {"events": [CALLS], "person": ["Bo"]}], [0]),
        # two that take it between them, and a third that has no part in it
        (
            [
                {"events": [CALLS]},
                {"person": ["Bo"]},
                {"events": [MESSAGES]},
                {"department": ["sales"]},
            ],
            [0, 2],
        ),
        (
            [
                {"department": ["sales"], "window": OFFICE},
                {"department": ["sales"], "window": {**OFFICE, "from": "18:00", "to": "08:00"}},
                {"department": ["sales"], "window": WEEKEND},
                {"department": ["sales"], "window": {"days": ["mon"], "to": "08:00"}},
                {"department": ["sales"]},
            ],
            [0, 1, 2, 3],
        ),
        # windows
        ([{"window": OFFICE}, {"window": {"days": ["mon"], "from": "09:00", "to": "10:00"}}], [0]),
        (
            [
                {"window": {"bank_holidays": "exclude"}},
                {"window": {"bank_holidays": "only"}},
                {"person": ["Bo"]},
            ],
            [0, 1],
        ),
        (
            [
                {"window": {"from": "22:00", "to": "06:00", "bank_holidays": "only"}},
                {
                    "window": {
                        "days": ["fri"],
                        "from": "23:00",
                        "to": "05:00",
                        "bank_holidays": "only",
                    }
                },
            ],
            [0],
        ),
        # seasons
        (
            [
                {"until": "2026-12-01T00:00:00Z"},
                {"from": "2026-12-01T00:00:00Z"},
                {"caller": "vip"},
            ],
            [0, 1],
        ),
        (
            [
                {"from": "2026-12-01T00:00:00Z"},
                {"from": "2026-12-24T00:00:00Z", "until": "2027-01-04T00:00:00+01:00"},
            ],
            [0],
        ),
        # post
        ([{"contains": ["cheque", "card"]}, {"contains": ["card"]}], [0]),
        (
            [
                {"events": ["post.received"], "post_class": ["letter", "large_letter"]},
                {"events": ["post.received"], "post_class": ["packet", "parcel"]},
                {"events": ["post.received"], "sender_class": ["bank"]},
            ],
            [0, 1],
        ),
    ],
)
def test_a_rule_behind_others_that_take_all_of_it_is_found_with_those(
    matches: list[dict[str, Any]], hiding: list[int]
) -> None:
    """Who wrote it wants it to be used, and must be told which rule to move."""
    reasons = found(*matches)

    assert reasons == {len(matches) - 1: Hidden(tuple(hiding))}


@pytest.mark.parametrize(
    "matches",
    [
        [{"department": ["sales"]}, {}],
        [{"department": ["sales"]}, {"person": ["Bo"]}],
        [{"min_urgency": "emergency"}, {"min_urgency": "urgent"}],
        [{"caller": "vip"}, {"caller": "blocked"}, {}],
        # nobody may be named, nothing may be said of a sender
        [{"events": [MESSAGES], "person": ["Bo"]}, {"events": [MESSAGES]}],
        [{"sender_class": list(SENDERS)}, {"events": ["post.received"]}],
        # an empty item is in no list of contents
        [{"contains": list(CONTENTS)}, {"events": ["post.received"]}],
        # an hour's gap, a day's, and the night that reaches into Monday
        [
            {"window": {"from": "08:00", "to": "12:00"}},
            {"window": {"from": "11:00", "to": "13:00"}},
        ],
        [{"window": {"days": list(WEEK[:6])}}, {}],
        [
            {"window": {"days": ["mon"]}},
            {"window": {"days": ["sun"], "from": "22:00", "to": "06:00"}},
            {"window": {"days": ["sun"], "from": "21:00", "to": "06:00"}},
        ],
        # a night belongs to the bank holiday on which it began
        [
            {"window": {"from": "22:00", "to": "06:00", "bank_holidays": "exclude"}},
            {"window": {"from": "22:00", "to": "06:00"}},
        ],
        [{"window": {"bank_holidays": "exclude"}}, {"window": {"days": ["mon"]}}],
        [{"until": "2026-12-01T00:00:00Z"}, {"from": "2026-12-01T00:00:01Z"}, {}],
    ],
)
def test_a_rule_that_anything_is_left_for_may_be_set(matches: list[dict[str, Any]]) -> None:
    """A wish that can come true must not be refused."""
    assert found(*matches) == {}


@pytest.mark.parametrize(
    ("match", "callers", "conditions"),
    [
        ({"events": [CALLS], "min_urgency": "urgent"}, CALLERS, [Condition.MIN_URGENCY]),
        ({"events": ["post.scanned"], "department": ["x"]}, CALLERS, [Condition.DEPARTMENT]),
        ({"events": ["post.scanned"], "caller": "vip"}, CALLERS, [Condition.CALLER]),
        ({"events": ["invoice.issued"], "person": ["Bo"]}, CALLERS, [Condition.PERSON]),
        ({"events": [MESSAGES], "post_class": ["letter"]}, CALLERS, [Condition.POST_CLASS]),
        (
            {"events": [MESSAGES], "sender_class": ["court"], "contains": ["card"]},
            CALLERS,
            [Condition.SENDER_CLASS, Condition.CONTAINS],
        ),
        ({"caller": "vip"}, NOBODY, [Condition.CALLER]),
        ({"caller": "blocked"}, Callers(vip=CALLERS.vip), [Condition.CALLER]),
        (
            {"from": "2026-12-02T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
            CALLERS,
            [Condition.UNTIL],
        ),
        (
            {"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T01:00:00+01:00"},
            CALLERS,
            [Condition.UNTIL],
        ),
        ({"window": {"from": "08:00", "to": "08:00"}}, CALLERS, [Condition.WINDOW]),
        # each can be met, and never both by the same event
        ({"department": ["sales"], "contains": ["card"]}, CALLERS, []),
        ({"min_urgency": "urgent", "sender_class": ["bank"]}, CALLERS, []),
    ],
)
def test_conditions_that_no_event_can_meet_are_named(
    match: dict[str, Any], callers: Callers, conditions: list[Condition]
) -> None:
    """The field that is wrong, rather than the rule that is never used."""
    (reason,) = found(match, callers=callers).values()

    assert isinstance(reason, Unmeetable)
    assert list(reason.conditions) == conditions


def test_a_catch_all_may_stand_behind_rules_that_leave_it_nothing() -> None:
    """It must be there, and the rules before it may be over tomorrow."""
    office = {"window": OFFICE}
    nights = {"window": {**OFFICE, "from": "18:00", "to": "08:00"}}
    rest = {"window": {"days": ["sat", "sun", "mon"]}}

    assert found(office, nights, rest, {}) == {}
    assert found(office, nights, rest, {}, {"events": [CALLS]}) == {4: Hidden((3,))}


def test_many_rules_are_looked_through_in_bounded_time() -> None:
    """Rules come from outside: none may keep intake from its work."""
    tangled = [
        {
            "events": [MESSAGES],
            "person": [f"p{(n * k) % 50}" for k in range(1, 9)],
            "department": [f"d{(n * k) % 31}" for k in range(1, 9)],
            "window": {"from": f"{n % 23:02}:{n % 59:02}", "to": f"{(n * 7) % 24:02}:{n % 60:02}"},
        }
        for n in range(1, 200)
    ]

    assert 199 not in found(*tangled, {})


# ------------------------------------------------------------ beside what the planner would choose

PERSONS = (None, "ana", "bo", "else")
DEPARTMENTS = (None, "sales", "else")
NUMBERS = (None, "+441632960001", "+441632960009", "+441632960005")


def some(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """A few of these."""
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=3, unique=True)


timeless = st.fixed_dictionaries(
    {},
    optional={
        "events": some(list(Matchable)),
        "person": some(["ana", "bo"]),
        "department": st.just(["sales"]),
        "min_urgency": st.sampled_from(list(Urgency)),
        "caller": st.sampled_from(["vip", "blocked"]),
        "post_class": some(POST_CLASSES),
        "sender_class": some(SENDERS),
        "contains": some(CONTENTS),
    },
)


def every_event() -> list[Facts]:
    """One event for each combination that conditions can tell apart."""
    subsets = [tuple(each) for n in range(5) for each in combinations(CONTENTS, n)]
    messages = (
        Facts(MESSAGES, Purpose.MESSAGES, person=p, department=d, urgency=u, caller=c)
        for p, d, u, c in product(PERSONS, DEPARTMENTS, Urgency, NUMBERS)
    )
    calls = (
        Facts(CALLS, Purpose.CALLS, person=p, department=d, caller=c)
        for p, d, c in product(PERSONS, DEPARTMENTS, NUMBERS)
    )
    post = (
        Facts(kind, Purpose.POST, person=p, post_class=k, sender_class=s, contains=c)
        for kind, p, k, s, c in product(
            ("post.received", "post.scanned"), PERSONS, POST_CLASSES, (None, *SENDERS), subsets
        )
    )
    billing = (
        Facts(kind, Purpose.INVOICE)
        for kind in ("invoice.issued", "invoice.overdue", "payment.failed")
    )
    return list(chain(messages, calls, post, billing))


EVENTS = every_event()
NOON = moment(datetime(2026, 11, 24, 12, tzinfo=UTC), zone("Europe/London"), POLICY.is_bank_holiday)


@settings(max_examples=50)
@given(st.lists(timeless, min_size=1, max_size=6))
def test_exactly_the_rules_that_no_event_comes_to_are_found(matches: list[dict[str, Any]]) -> None:
    """Neither is a sound wish refused, nor is a vain one let in."""
    rules = matching(*matches)
    in_force = RuleSet(version=1, rules=tuple(rules), callers=CALLERS)

    chosen = {first_match(in_force, facts, NOON) for facts in EVENTS}

    used = {each.rule_id for each in chosen if each is not None}
    vain = {rules[place].rule_id for place in found(*matches)}
    needed = {each.rule_id for each in rules if each.match.unconditional}
    assert vain <= {each.rule_id for each in rules} - used
    assert vain | needed >= {each.rule_id for each in rules} - used


clock = st.sampled_from(["00:00", "01:00", "01:30", "02:00", "08:00", "22:00"])
windows = st.fixed_dictionaries(
    {"from": clock, "to": clock},
    optional={"days": some(WEEK), "bank_holidays": st.sampled_from(["include", "exclude", "only"])},
).filter(lambda given: not never_opens(Window.model_validate(given)))
EDGES = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-12-25T00:00:00Z"]
timed = st.fixed_dictionaries(
    {},
    optional={
        "window": windows,
        "from": st.sampled_from(EDGES),
        "until": st.sampled_from(EDGES),
        "person": st.just(["ana"]),
    },
)
instants = st.one_of(
    st.sampled_from(EDGES).flatmap(
        lambda edge: st.integers(-2880, 2880).map(
            lambda minutes: datetime.fromisoformat(edge) + timedelta(minutes=minutes)
        )
    ),
    st.integers(0, 2 * 366 * 24 * 60).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)
zones = st.sampled_from(
    ["Europe/London", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"]
).map(zone)


@given(st.lists(timed, min_size=2, max_size=6), st.lists(instants, min_size=20), zones)
def test_no_rule_that_is_chosen_at_any_moment_is_found(
    matches: list[dict[str, Any]], moments: list[datetime], tz: ZoneInfo
) -> None:
    """Changes of the clock and bank holidays must not make a sound wish look vain."""
    rules = matching(*matches)
    in_force = RuleSet(version=1, rules=tuple(rules), callers=CALLERS)
    vain = {rules[place].rule_id for place in found(*matches)}

    for instant, person in product(moments, (None, "ana")):
        now = moment(instant, tz, POLICY.is_bank_holiday)
        chosen = first_match(in_force, Facts(MESSAGES, Purpose.MESSAGES, person=person), now)
        assert chosen is None or chosen.rule_id not in vain
