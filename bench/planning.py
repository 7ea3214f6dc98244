"""How much processor time does planning one event take, with 30 rules of which the last matches?

Each rule before it is for this type and meets every condition but its last: the worst that thirty
rules can ask.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from config.bank_holidays import bank_holidays
from contracts.events.calls import MessageTaken
from contracts.planning import Customer, Destination, LanePolicy, Routable
from contracts.rules import RuleSet
from contracts.vocabulary import DestinationKind, Lane, Service
from workers.routing.planning import plan

RULES = 30
_PLANS = 2_000
_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_CALLER = "+441632960111"


def microseconds() -> float:
    """Plan an event many times, a second later each; give the processor time of one."""
    customer, policy = _customer(), _policy()
    moments = [_NOON + timedelta(seconds=number) for number in range(_PLANS)]
    found = plan(_message(), customer, moments[0], policy)
    assert [one.rule_id for one in found.deliveries] == [f"rule-{RULES - 1}"] * 2
    begun = time.process_time()
    for moment in moments:
        plan(_message(), customer, moment, policy)
    return (time.process_time() - begun) / _PLANS * 1e6


def _customer() -> Customer:
    conditions = [_conditions(number) for number in range(RULES - 1)] + [{}]
    steps = [{"destination": "d-mobile"}, {"destination": "d-mail"}]
    rules = [
        {"rule_id": f"rule-{number}", "match": match, "action": {"steps": steps}}
        for number, match in enumerate(conditions)
    ]
    return Customer(
        ref="C-1042",
        revision=1,
        contracted=frozenset(Service),
        started=frozenset(Service),
        rules=RuleSet.model_validate({"version": 1, "rules": rules, "callers": {"vip": [_CALLER]}}),
        rules_version=1,
        destinations={
            "d-mobile": Destination(
                "d-mobile", DestinationKind.MOBILE, 1, verified=True, masked=""
            ),
            "d-mail": Destination("d-mail", DestinationKind.EMAIL, 1, verified=True, masked=""),
        },
    )


def _conditions(number: int) -> dict[str, Any]:
    """Give conditions that are all met at noon of a Tuesday, but for the hours."""
    return {
        "events": ["call.message_taken", "post.scanned"],
        "person": ["Tom Ash", "Ana Ruiz"],
        "department": ["sales", "support"],
        "min_urgency": "urgent",
        "caller": "vip",
        "from": "2026-01-01T00:00:00Z",
        "until": "2027-01-01T00:00:00Z",
        "window": {
            "days": ["mon", "tue", "wed", "thu", "fri"],
            "from": f"18:{number:02}",
            "to": f"08:{number:02}",
            "bank_holidays": "exclude",
        },
    }


def _policy() -> LanePolicy:
    return LanePolicy(dict.fromkeys(Lane, 3_600), bank_holidays("england"))


_SAID: Final = MessageTaken.model_validate(
    {
        "call_id": "call-1",
        "taken_at": "2026-11-24T11:59:00Z",
        "text": "Please ring back.",
        "caller": {"number": _CALLER},
        "for": {"person": "Tom  ASH", "department": "Sales"},
        "urgency": "urgent",
    }
)


def _message() -> Routable:
    return Routable(UUID(int=1), "call.message_taken", _NOON, _SAID)
