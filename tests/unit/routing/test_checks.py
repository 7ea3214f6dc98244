from dataclasses import replace
from typing import Any

import pytest

from contracts.planning import IdentityPolicy
from contracts.problems import Problem
from contracts.rule_words import Matchable
from contracts.rules import Callers, Rule
from contracts.vocabulary import DestinationKind, ErrorCode, Service
from tests.unit.routing.samples import POLICY, customer, destination, rule
from workers.routing.checks import check_rules, misfits, unknown_destinations
from workers.routing.forms import ill_formed
from workers.routing.readiness import Lack, missing_for_service

ALL = frozenset(Service)
ALL_CALLS = ["call.waiting", "call.message_taken"]
TELEPHONE = frozenset({Service.PHONE_ANSWERING})
POST = frozenset({Service.MAIL_FORWARDING})
HOURS = {"from": "08:00", "to": "18:00"}
NEVER = {"from": "08:00", "to": "08:00"}
NOBODY = Callers()
NOBODYS_IDENTITY = IdentityPolicy(before_service=False)
MESSAGE = {"events": ["call.message_taken"]}


def on(*events: str) -> dict[str, Any]:
    """A match on these types alone."""
    return {"events": list(events)}


def steps(*wanted: str | dict[str, Any], **rest: Any) -> Rule:
    """A rule with these steps; a name stands for a step to that destination."""
    given = [{"destination": each} if isinstance(each, str) else each for each in wanted]
    return rule(steps=given, **rest)


def problems(
    *rules: Rule, services: frozenset[Service] = ALL, callers: Callers = NOBODY
) -> list[Problem]:
    """What is wrong with the rules, but for a catch-all that they lack."""
    whom = customer(contracted=services)
    found = check_rules(rules, callers, whom, POLICY)
    return [problem for problem in found if problem.path != "data.rules"]


def paths(*rules: Rule, services: frozenset[Service] = ALL) -> list[str]:
    """Where the rules are wrong."""
    return [problem.path for problem in problems(*rules, services=services)]


@pytest.mark.parametrize(
    "given",
    [
        rule("d-mobile", "d-email"),
        rule("d-mobile", mode="first", content="notice"),
        rule("d-voice", "d-mobile", match=on("call.waiting"), call={"ring_seconds": 15}),
        rule("d-mobile", timing="next_window", window=HOURS),
        rule(timing="none"),
        rule(match=on("post.received", "post.scanned"), post={"do": "hold"}),
        rule("d-email", post={"do": "forward", "postal_destination": "d-postal"}),
        rule("d-email", match=on("invoice.issued")),
        rule("d-not-added-yet", match=on("call.waiting")),
        rule("d-not-added-yet"),
        rule("d-voice", "d-not-added-yet"),
        # waits that have an effect
        steps({"destination": "d-mobile", "wait": "PT5M"}, "d-email", mode="first"),
        steps({"destination": "d-mobile", "wait": "PT5M"}, "d-voice", match=on("call.waiting")),
        rule(
            match=on("post.received"),
            post={"do": "forward", "postal_destination": "d-postal", "consolidate": "fri"},
        ),
        rule(match=on("post.received"), post={"do": "shred", "never_shred": ["bank"]}),
        # a Monday that is not a bank holiday lies between
        rule(
            "d-mobile",
            match={
                "from": "2026-12-25T00:00:00Z",
                "until": "2027-01-05T00:00:00Z",
                "window": {"days": ["mon"], "bank_holidays": "exclude"},
            },
        ),
    ],
)
def test_a_rule_that_can_be_carried_out_is_admitted(given: Rule) -> None:
    """Refusing a sound wish is as wrong as admitting an unsound one."""
    found = problems(given)

    assert found == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (rule(), "action.steps"),
        (rule(post={"do": "hold"}), "action.steps"),
        (rule("d-mobile", "d-mobile"), "action.steps[1].destination"),
        (rule("d-postal"), "action.steps[0].destination"),
        (rule("d-email", match=on("call.waiting")), "action.steps[0].destination"),
        (
            rule("d-email", match=on("call.waiting", "post.scanned")),
            "action.steps[0].destination",
        ),
        (rule("d-voice", match=on("call.message_taken")), "action.steps[0].destination"),
        (rule("d-mobile", timing="next_window"), "action.window"),
        (rule("d-mobile", window=HOURS), "action.window"),
        (rule("d-mobile", timing="next_window", window=NEVER), "action.window.to"),
        (rule("d-mobile", match={"window": NEVER}), "match.window.to"),
        (
            rule(
                "d-mobile",
                match={"from": "2026-12-02T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
            ),
            "match.until",
        ),
        (rule("d-mobile", match=on("post.scanned"), call={}), "action.call"),
        (
            rule("d-mobile", match=on("call.message_taken"), post={"do": "hold"}),
            "action.post",
        ),
        (rule("d-email", post={"do": "forward"}), "action.post.postal_destination"),
        (
            rule("d-email", post={"do": "forward", "postal_destination": "d-email"}),
            "action.post.postal_destination",
        ),
        # what has no effect where it stands
        (
            steps({"destination": "d-mobile", "wait": "PT5M"}, "d-email", match=MESSAGE),
            "action.steps[0].wait",
        ),
        (
            steps("d-mobile", {"destination": "d-email", "wait": "PT5M"}, mode="first"),
            "action.steps[1].wait",
        ),
        (
            steps(
                {"destination": "d-mobile", "wait": "PT5M"},
                "d-email",
                mode="first",
                match=on("post.scanned"),
            ),
            "action.steps[0].wait",
        ),
        (
            rule(
                "d-email",
                match=on("post.received"),
                post={"do": "scan", "postal_destination": "d-postal"},
            ),
            "action.post.postal_destination",
        ),
        (
            rule("d-email", match=on("post.received"), post={"do": "hold", "consolidate": "fri"}),
            "action.post.consolidate",
        ),
        (
            rule(
                "d-email", match=on("post.received"), post={"do": "scan", "never_shred": ["bank"]}
            ),
            "action.post.never_shred",
        ),
        # what can never match
        (
            rule("d-mobile", match={**on("call.waiting"), "min_urgency": "urgent"}),
            "match.min_urgency",
        ),
        (
            rule("d-email", match={**on("post.scanned"), "department": ["sales"]}),
            "match.department",
        ),
        (rule("d-mobile", match={"caller": "vip"}), "match.caller"),
        (rule("d-mobile", match={"department": ["sales"], "contains": ["card"]}), "match"),
        (
            rule(
                "d-mobile",
                match={
                    "from": "2026-11-27T18:00:00Z",
                    "until": "2026-11-30T08:00:00Z",
                    "window": {"days": ["mon"], "from": "08:00", "to": "18:00"},
                },
            ),
            "match.window",
        ),
        (
            rule(
                "d-mobile",
                match={
                    "from": "2026-12-25T00:00:00Z",
                    "until": "2026-12-27T00:00:00Z",
                    "window": {"days": ["fri", "sat"], "bank_holidays": "exclude"},
                },
            ),
            "match.window",
        ),
        # an open rule that has nowhere to send what is written
        (rule("d-voice"), "action.steps"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused_by_its_field(given: Rule, field: str) -> None:
    """Who set it can only mend what is named."""
    found = problems(given)

    assert [(problem.path, problem.code) for problem in found] == [
        (f"data.rules[0].{field}", ErrorCode.INVALID)
    ]


def test_every_problem_is_told_at_once() -> None:
    """Mending one error only to be told of the next is a day lost."""
    first = rule("d-mobile", "d-mobile", mode="escalate")
    second = rule("d-postal")

    found = paths(first, second)

    assert found == [
        "data.rules[0].action.steps[1].destination",
        "data.rules[1].rule_id",
        "data.rules[1].action.steps[0].destination",
        "data.rules[1].match",
    ]


def test_a_voice_number_fits_no_rule_of_one_who_has_no_telephone_service() -> None:
    """No call would ever come, and nothing written goes to a landline."""
    found = paths(rule("d-voice"), services=POST)

    assert found == ["data.rules[0].action.steps[0].destination"]


def test_destinations_that_nobody_has_added_are_waited_for() -> None:
    """The rules may arrive before the address that they name."""
    rules = [
        rule("d-new", "d-email"),
        rule("d-new", post={"do": "forward", "postal_destination": "d-home"}, rule_id="r2"),
    ]

    found = unknown_destinations(rules, customer().destinations)

    assert found == ("d-new", "d-home")


@pytest.mark.parametrize(
    ("rules", "services", "expected"),
    [
        ([rule("d-mobile")], ALL, []),
        ([rule("d-mobile", match={"caller": "any"})], ALL, []),
        (
            [rule("d-mobile", match=on("call.message_taken"))],
            TELEPHONE,
            [(Lack.CATCH_ALL, "call.waiting")],
        ),
        (
            [rule("d-mobile", match={"min_urgency": "urgent"})],
            TELEPHONE,
            [(Lack.CATCH_ALL, "call.waiting"), (Lack.CATCH_ALL, "call.message_taken")],
        ),
        (
            [rule("d-mobile", match=on("call.message_taken", "call.waiting"))],
            POST,
            [(Lack.CATCH_ALL, "post.received"), (Lack.CATCH_ALL, "post.scanned")],
        ),
        ([], TELEPHONE, [(Lack.RULES, None)]),
        ([rule("d-gone")], TELEPHONE, [(Lack.DESTINATION, "d-gone")]),
    ],
)
def test_a_service_cannot_start_until_every_event_has_a_rule(
    rules: list[Rule], services: frozenset[Service], expected: list[tuple[Lack, str | None]]
) -> None:
    """The first event without a rule would be the first one lost."""
    found = missing_for_service(customer(*rules), services, NOBODYS_IDENTITY)

    assert [(missing.what, missing.about) for missing in found] == expected


def test_a_service_cannot_start_with_an_address_that_was_never_verified() -> None:
    """Letters and messages go to verified places only."""
    whom = customer(
        rule("d-mobile", post={"do": "forward", "postal_destination": "d-postal"}),
        unverified=["d-mobile", "d-postal"],
    )

    found = missing_for_service(whom, ALL, NOBODYS_IDENTITY)

    assert [(missing.what, missing.about) for missing in found] == [
        (Lack.VERIFICATION, "d-mobile"),
        (Lack.VERIFICATION, "d-postal"),
    ]


def test_everything_that_is_missing_is_told_at_once() -> None:
    """Registration can be mended together with the rest."""
    whom = replace(customer(), registered=False, rules=None)

    found = missing_for_service(whom, ALL, NOBODYS_IDENTITY)

    assert [missing.what for missing in found] == [Lack.REGISTRATION, Lack.RULES]


@pytest.mark.parametrize(
    ("rules", "services", "lacking"),
    [
        ([rule("d-mobile")], ALL, []),
        ([], TELEPHONE, ["call.waiting", "call.message_taken"]),
        ([], POST, ["post.received", "post.scanned"]),
        ([], frozenset(), []),
        ([rule("d-mobile", match=MESSAGE)], TELEPHONE, ["call.waiting"]),
        ([rule("d-mobile", match={**MESSAGE, "min_urgency": "routine"})], TELEPHONE, ALL_CALLS),
        ([rule("d-mobile", match={"window": HOURS})], TELEPHONE, ALL_CALLS),
        ([rule(timing="none", match=on("call.waiting", "call.message_taken"))], TELEPHONE, []),
    ],
)
def test_rules_without_a_catch_all_for_what_the_services_produce_are_refused(
    rules: list[Rule], services: frozenset[Service], lacking: list[str]
) -> None:
    """An event that no rule is for would be lost, and nobody would have chosen that."""
    whom = customer(contracted=services)

    found = check_rules(rules, NOBODY, whom, POLICY)

    assert [problem.path for problem in found] == ["data.rules"] * len(lacking)
    assert [next(k for k in lacking if k in p.text) for p in found] == lacking


def test_a_hidden_rule_is_told_with_the_rule_that_hides_it() -> None:
    """Who wrote it can only move it past a rule that has a name."""
    first = rule("d-mobile", rule_id="sales", match={"department": ["Sales"]})
    second = rule("d-email", rule_id="urgent-sales", match={"department": ["sales", "sales "]})
    third = rule("d-email", rule_id="rest")
    fourth = rule("d-email", rule_id="07700900123", match={"caller": "vip"})

    found = problems(first, second, third, fourth, callers=Callers(vip=("+441632960001",)))

    assert [problem.path for problem in found] == ["data.rules[1].match", "data.rules[3].match"]
    assert "data.rules[0] (sales), before it, takes all" in found[0].text
    assert "data.rules[2] (rest), before it, takes all" in found[1].text


def test_a_name_that_may_be_personal_is_not_repeated() -> None:
    """Problems are kept in the clear, and published."""
    rules = [rule("d-mobile", rule_id="07700900123"), rule("d-email", rule_id="rest")]

    (found,) = problems(*rules)

    assert "07700900123" not in found.text
    assert "data.rules[0]" in found.text


@pytest.mark.parametrize(
    ("digest", "fields"),
    [
        ({"every": "hour"}, []),
        ({"every": "hour", "at": "17:00"}, ["at"]),
        ({"every": "hour", "at": "17:00", "on": "fri"}, ["at", "on"]),
        ({"every": "day", "at": "17:00"}, []),
        ({"every": "day"}, ["at"]),
        ({"every": "day", "on": "fri"}, ["at", "on"]),
        ({"every": "week", "at": "17:00", "on": "fri"}, []),
        ({"every": "week", "at": "17:00"}, ["on"]),
        ({"every": "week"}, ["at", "on"]),
    ],
)
def test_a_digest_says_when_it_is_sent_and_no_more(
    digest: dict[str, str], fields: list[str]
) -> None:
    """A time that is left to chance is no wish."""
    found = list(ill_formed(rule("d-email", timing={"digest": digest}), set(Matchable)))

    assert [field for field, _ in found] == [f"action.timing.digest.{name}" for name in fields]


@pytest.mark.parametrize("timing", ["hold", {"digest": {"every": "hour"}}])
def test_a_caller_is_not_kept_for_later(timing: Any) -> None:
    """Nobody holds a line for an hour."""
    calls = rule("d-mobile", match=on("call.waiting"), timing=timing)

    found = [field for field, _ in ill_formed(calls, {Matchable.CALL_WAITING})]

    assert found == ["action.timing"]


@pytest.mark.parametrize(
    ("destination", "acknowledge", "mode", "refused"),
    [
        ("d-mobile", "code", "escalate", False),
        ("d-mobile", "receipt", "escalate", False),
        ("d-email", "none", "escalate", False),
        ("d-not-added-yet", "code", "escalate", False),
        ("d-email", "code", "escalate", True),
        ("d-email", "receipt", "escalate", True),
        ("d-mobile", "code", "all", True),
        ("d-mobile", "receipt", "first", True),
    ],
)
def test_an_acknowledgement_is_asked_for_where_one_can_come(
    destination: str, acknowledge: str, mode: str, *, refused: bool
) -> None:
    """An escalation that waits for what cannot come always goes to the end."""
    step = {"destination": destination, "acknowledge": acknowledge}
    given = steps(step, "d-mail", match=MESSAGE, mode=mode)

    found = [
        field
        for field, _ in (
            *ill_formed(given, {Matchable.CALL_MESSAGE_TAKEN}),
            *misfits(given, customer().destinations, (Matchable.CALL_MESSAGE_TAKEN,)),
        )
    ]

    assert found == (["action.steps[0].acknowledge"] if refused else [])


@pytest.mark.parametrize(
    ("acknowledge", "number", "idle"),
    [("none", 0, False), ("code", 0, False), ("code", 1, False), ("none", 1, True)],
)
def test_an_escalation_waits_where_something_follows(
    acknowledge: str, number: int, *, idle: bool
) -> None:
    """After the last step only a missing acknowledgement does: somebody is told."""
    given = [{"destination": "d-mobile"}, {"destination": "d-other"}]
    given[number] |= {"wait": "PT5M", "acknowledge": acknowledge}

    found = ill_formed(steps(*given, mode="escalate"), set(Matchable))

    assert [field for field, _ in found] == ([f"action.steps[{number}].wait"] if idle else [])


def test_a_service_cannot_start_with_a_destination_that_has_become_another_kind() -> None:
    """A mobile that was replaced by a landline can be sent no text."""
    changed = dict(customer().destinations)
    changed["d-mobile"] = destination("d-mobile", DestinationKind.VOICE)
    whom = customer(rule("d-mobile", match=MESSAGE), rule("d-email"), destinations=changed)

    found = missing_for_service(whom, ALL, NOBODYS_IDENTITY)

    assert [(missing.what, missing.about) for missing in found] == [
        (Lack.RULES, "r1: action.steps[0].destination")
    ]


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("0001-01-01T00:00:00Z", "2027-01-04T08:00:00Z"),
        ("2026-12-24T17:00:00Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_season_may_begin_and_end_where_the_calendar_does(begins: str, ends: str) -> None:
    """Programs write so for one without beginning or end."""
    season = rule("d-email", match={"from": begins, "until": ends, "window": HOURS})

    assert problems(season) == []
