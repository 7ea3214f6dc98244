"""Does a rule send when it says: gathered, held, or step by step?"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.planning import NonSend, PlannedDelivery
from contracts.rule_words import Acknowledge
from contracts.vocabulary import Channel, Mode, Reason
from tests.unit.routing.samples import NOW, POLICY, customer, event, rule
from workers.routing.planning import next_step, plan

HOURLY = {"digest": {"every": "hour"}}
AT_ELEVEN = datetime.fromisoformat("2026-11-24T11:00:00Z")


def sends(given_rule: Any, **data: Any) -> tuple[PlannedDelivery, ...]:
    """What this rule alone plans for a message that was taken."""
    return plan(event("call.message_taken", **data), customer(given_rule), NOW, POLICY).deliveries


def steps(*given: dict[str, Any], **action: Any) -> Any:
    """A rule with these steps."""
    return rule(steps=[*given], **action)


@pytest.mark.parametrize(
    ("timing", "match", "urgency", "expected"),
    [
        ("now", {}, "routine", (NOW, Reason.PLANNED, False)),
        (HOURLY, {}, "routine", (AT_ELEVEN, Reason.DIGEST, False)),
        # what is urgent waits in no digest, unless the rule is for urgent messages
        (HOURLY, {}, "urgent", (NOW, Reason.PLANNED, False)),
        (HOURLY, {}, "emergency", (NOW, Reason.PLANNED, False)),
        (HOURLY, {"min_urgency": "routine"}, "urgent", (NOW, Reason.PLANNED, False)),
        (HOURLY, {"min_urgency": "urgent"}, "urgent", (AT_ELEVEN, Reason.DIGEST, False)),
        (HOURLY, {"min_urgency": "urgent"}, "emergency", (AT_ELEVEN, Reason.DIGEST, False)),
        # a hold is a hold
        ("hold", {}, "routine", (NOW, Reason.HELD, True)),
        ("hold", {}, "urgent", (NOW, Reason.HELD, True)),
    ],
)
def test_a_send_is_due_when_its_rule_says(
    timing: Any, match: dict[str, Any], urgency: str, expected: tuple[datetime, Reason, bool]
) -> None:
    """Not sooner, not later, and the record says why."""
    (found,) = sends(rule("d-mobile", timing=timing, match=match), urgency=urgency)

    assert (found.due_at, found.reason, found.held) == expected
    assert (found.digest is not None) == (expected[1] is Reason.DIGEST)
    assert found.deadline_at - found.due_at == timedelta(seconds=POLICY.deadline(found.lane))


@pytest.mark.parametrize(("timing", "reason"), [(HOURLY, Reason.DIGEST), ("hold", Reason.HELD)])
def test_a_caller_is_neither_gathered_nor_held_but_told_of_as_a_message(
    timing: Any, reason: Reason
) -> None:
    """Nobody waits on the line until the hour is full."""
    found = plan(event("call.waiting"), customer(rule("d-mobile", timing=timing)), NOW, POLICY)

    assert [each.reason for each in found.non_sends] == [reason]
    assert [(each.channel, each.reason) for each in found.deliveries] == [(Channel.SMS, reason)]


MOBILE, EMAIL = {"destination": "d-mobile"}, {"destination": "d-email"}
CODE = {**MOBILE, "acknowledge": "code"}
RECEIPT = {**MOBILE, "acknowledge": "receipt"}


@pytest.mark.parametrize(
    ("first", "mode", "urgency", "wait", "acknowledge"),
    [
        # every step, at once: nothing is waited for
        (MOBILE, "all", "urgent", None, "none"),
        # the first that accepts: only what is urgent goes on for want of an answer
        (MOBILE, "first", "routine", None, "none"),
        (MOBILE, "first", "urgent", 120, "none"),
        ({**MOBILE, "wait": "PT10M"}, "first", "urgent", 600, "none"),
        ({**MOBILE, "wait": "PT10M"}, "first", "routine", None, "none"),
        # escalation: always, by its own wait, or one that suits what is asked for
        (MOBILE, "escalate", "routine", 900, "none"),
        (MOBILE, "escalate", "urgent", 120, "none"),
        (RECEIPT, "escalate", "urgent", 120, "receipt"),
        (CODE, "escalate", "urgent", 600, "code"),
        (CODE, "escalate", "routine", 600, "code"),
        ({**CODE, "wait": "PT30S"}, "escalate", "urgent", 30, "code"),
    ],
)
def test_a_step_is_given_its_time(
    first: dict[str, Any], mode: str, urgency: str, wait: float | None, acknowledge: str
) -> None:
    """The rule's, or one that suits its lane and what counts as reaching somebody."""
    found = sends(steps(first, EMAIL, mode=mode), urgency=urgency)[0]

    assert found.wait == (None if wait is None else timedelta(seconds=wait))
    assert (found.mode, found.acknowledge) == (Mode(mode), Acknowledge(acknowledge))


def test_escalation_begins_with_the_first_step_alone() -> None:
    """The others are for when it does not reach."""
    found = sends(steps(CODE, EMAIL, mode="escalate"))

    assert [each.destination_id for each in found] == ["d-mobile"]


def test_a_steps_attempts_come_along() -> None:
    """In every mode."""
    (found,) = sends(steps({**MOBILE, "attempts": 3}))

    assert found.most_attempts == 3


@pytest.mark.parametrize("timing", ["now", "hold", HOURLY])
def test_a_next_step_goes_out_at_once(timing: Any) -> None:
    """What was gathered, or asked for, has waited long enough."""
    given_rule = steps(MOBILE, EMAIL, mode="escalate", timing=timing)
    whom = customer(given_rule)

    found = next_step(given_rule, 0, event("call.message_taken"), whom, NOW, POLICY)

    assert isinstance(found, PlannedDelivery)
    assert (found.due_at, found.reason, found.digest, found.held) == (
        NOW,
        Reason.NEXT_STEP,
        None,
        False,
    )


def test_after_the_last_step_there_is_none() -> None:
    """And it says so."""
    given_rule = steps(MOBILE, EMAIL, mode="escalate")

    found = next_step(given_rule, 1, event("call.message_taken"), customer(given_rule), NOW, POLICY)

    assert isinstance(found, NonSend)
    assert found.reason is Reason.NO_ADDRESS
