from dataclasses import replace
from typing import Any

import pytest

from contracts.problems import Problem
from contracts.rules import Callers, Rule
from contracts.vocabulary import ErrorCode, Service
from tests.unit.routing.samples import POLICY, customer, rule
from workers.routing.checks import check_rules, unknown_destinations
from workers.routing.readiness import Lack, missing_for_service

ALL = frozenset(Service)
TELEPHONE = frozenset({Service.PHONE_ANSWERING})
POST = frozenset({Service.MAIL_FORWARDING})
HOURS = {"from": "08:00", "to": "18:00"}
NEVER = {"from": "08:00", "to": "08:00"}
NOBODY = Callers()


def on(*events: str) -> dict[str, Any]:
    """A match on these types alone."""
    return {"events": list(events)}


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
        # not offered yet
        (rule("d-mobile", mode="escalate"), "action.mode"),
        (rule("d-mobile", timing="hold"), "action.timing"),
        (rule("d-mobile", timing={"digest": {"every": "day", "at": "17:00"}}), "action.timing.digest"),
        (rule(steps=[{"destination": "d-mobile", "attempts": 3}]), "action.steps[0].attempts"),
        (rule("d-mobile", call={"ring": "all"}), "action.call.ring"),
        (rule("d-mobile", call={"press_to_accept": True}), "action.call.press_to_accept"),
        (rule("d-mobile", call={"announce": True}), "action.call.announce"),
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
        "data.rules[0].action.mode",
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
    found = missing_for_service(customer(*rules), services)

    assert [(missing.what, missing.about) for missing in found] == expected


def test_a_service_cannot_start_with_an_address_that_was_never_verified() -> None:
    """Letters and messages go to verified places only."""
    whom = customer(
        rule("d-mobile", post={"do": "forward", "postal_destination": "d-postal"}),
        unverified=["d-mobile", "d-postal"],
    )

    found = missing_for_service(whom, ALL)

    assert [(missing.what, missing.about) for missing in found] == [
        (Lack.VERIFICATION, "d-mobile"),
        (Lack.VERIFICATION, "d-postal"),
    ]


def test_everything_that_is_missing_is_told_at_once() -> None:
    """Registration can be mended together with the rest."""
    whom = replace(customer(), registered=False, rules=None)

    found = missing_for_service(whom, ALL)

    assert [missing.what for missing in found] == [Lack.REGISTRATION, Lack.RULES]
