import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.rules import Rule, RuleSet

WHOLE: dict[str, Any] = {
    "rule_id": "urgent-sales",
    "match": {
        "events": ["call.message_taken", "post.scanned"],
        "person": ["Ana Ruiz"],
        "department": ["sales"],
        "min_urgency": "urgent",
        "caller": "vip",
        "post_class": ["parcel"],
        "sender_class": ["bank"],
        "contains": ["cheque"],
        "window": {
            "days": ["mon", "fri"],
            "from": "08:00",
            "to": "24:00",
            "bank_holidays": "exclude",
        },
        "from": "2026-11-24T10:00:00Z",
        "until": "2026-12-24T10:00:00Z",
    },
    "action": {
        "timing": {"digest": {"every": "week", "at": "17:00", "on": "fri"}},
        "window": {"days": ["sat"], "from": "22:00", "to": "06:00", "bank_holidays": "only"},
        "mode": "escalate",
        "content": "summary",
        "attach_scan": False,
        "steps": [
            {"destination": "d-mobile", "wait": "PT10M", "attempts": 2, "acknowledge": "code"}
        ],
        "post": {
            "do": "forward",
            "consolidate": "fri",
            "postal_destination": "d-home",
            "never_shred": ["cheque", "court"],
            "may_shred": True,
        },
        "call": {
            "ring": "all",
            "ring_seconds": 25,
            "press_to_accept": True,
            "announce": True,
            "caller_id": "dialled",
            "fallback": "agent",
        },
    },
}


def test_the_whole_language_goes_in_and_comes_out_the_same() -> None:
    """Rules are kept and given back as JSON; a field lost on the way is a wish lost."""
    found = json.loads(Rule.model_validate(WHOLE).model_dump_json())

    assert found == WHOLE


def test_a_step_waits_as_long_as_it_says() -> None:
    """Durations are ISO 8601 on the wire and spans of time inside."""
    found = Rule.model_validate(WHOLE)

    assert found.action.steps[0].wait == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"rule_id": "@billing"}, "rule_id"),
        ({"match": {"event": []}}, "match.event"),
        ({"match": {"events": []}}, "match.events"),
        ({"match": {"events": ["payment.received"]}}, "match.events.0"),
        ({"match": {"window": {"days": ["monday"]}}}, "match.window.days.0"),
        ({"match": {"window": {"from": "24:00"}}}, "match.window.from"),
        ({"match": {"window": {"to": "8:00"}}}, "match.window.to"),
        ({"match": {"from": "2026-11-24T10:00:00"}}, "match.from"),
        ({"match": {"until": 1795000000}}, "match.until"),
        ({"action": {"timing": "soon"}}, "action.timing.word"),
        (
            {"action": {"timing": {"digest": {"every": "year"}}}},
            "action.timing.gathered.digest.every",
        ),
        ({"action": {"steps": [{"destination": "@invoice"}]}}, "action.steps.0.destination"),
        ({"action": {"steps": [{"destination": "d", "wait": 600}]}}, "action.steps.0.wait"),
        ({"action": {"steps": [{"destination": "d", "wait": "P8D"}]}}, "action.steps.0.wait"),
        ({"action": {"steps": [{}]}}, "action.steps.0.destination"),
        ({"action": {"post": {"do": "return"}}}, "action.post.do"),
        ({"action": {"call": {"ring_seconds": 61}}}, "action.call.ring_seconds"),
        ({"action": {"call": {"announce": "yes"}}}, "action.call.announce"),
    ],
)
def test_a_rule_that_breaks_its_contract_is_refused_by_its_field(
    fields: dict[str, Any], path: str
) -> None:
    """One error, where it is."""
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate({"rule_id": "r1", "action": {}} | fields)

    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [path]


def test_callers_are_kept_as_international_numbers() -> None:
    """A caller is known by the number, however the customer wrote it."""
    given = {"version": 1, "callers": {"vip": ["01632 960001"], "blocked": ["+44 1632 960002"]}}

    found = RuleSet.model_validate(given).callers

    assert found.vip_numbers == {"+441632960001"}
    assert found.blocked_numbers == {"+441632960002"}


def test_a_rule_is_a_catch_all_only_without_any_other_condition() -> None:
    """A service starts on the strength of it."""
    conditions: dict[str, Any] = WHOLE["match"]
    parsed = [
        Rule.model_validate({"rule_id": "r", "match": {name: value}, "action": {}})
        for name, value in conditions.items()
    ]

    found = [
        name for name, rule in zip(conditions, parsed, strict=True) if rule.match.unconditional
    ]

    assert found == ["events"]
