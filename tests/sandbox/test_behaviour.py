"""Which rule fires, when, and how often: without a server."""

import pytest
from pydantic import ValidationError

from workers.sandbox.behaviour import Act, Behaviour, Occasion, Rule, Script, script_from

SMS = Occasion("sms", "+447700900123", "Onward")
RCPT = Occasion("email", "pat@example.com", "post@onward.example", "rcpt")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fates(behaviour: Behaviour, occasion: Occasion, times: int) -> list[bool]:
    """Whether some rule decided, time after time."""
    return [behaviour.fate(occasion) is not None for _ in range(times)]


@pytest.mark.parametrize(
    ("rule", "occasion", "fires"),
    [
        (Rule(Act.DROP), SMS, True),
        (Rule(Act.DROP, channel="sms"), SMS, True),
        (Rule(Act.DROP, channel="call"), SMS, False),
        (Rule(Act.DROP, to="+447700900123"), SMS, True),
        (Rule(Act.DROP, to="+4477009001*"), SMS, True),
        (Rule(Act.DROP, to="+447700900124"), SMS, False),
        (Rule(Act.DROP, sender="Elsewhere"), SMS, False),
        (Rule(Act.DROP, stage="rcpt"), SMS, False),
        (Rule(Act.DROP, stage="rcpt"), RCPT, True),
        (Rule(Act.DROP), RCPT, False),
        (Rule(Act.REFUSE), RCPT, True),
        (Rule(Act.REFUSE, stage="dot"), RCPT, False),
        (Rule(Act.SLOW), SMS, False),
    ],
)
def test_a_rule_fires_where_all_that_it_names_matches(
    rule: Rule, occasion: Occasion, fires: bool
) -> None:
    """A rule for one number must leave all others alone."""
    behaviour = Behaviour(Clock())
    behaviour.replace(Script((rule,)))

    fate = behaviour.fate(occasion)

    assert (fate is rule) is fires


def test_a_rule_passes_its_first_and_stops_after_its_last() -> None:
    """`the third and fourth request` is how a hiccup is placed in a demo."""
    behaviour = Behaviour(Clock())
    behaviour.replace(Script((Rule(Act.DROP, skip=2, times=2),)))

    decided = fates(behaviour, SMS, 6)

    assert decided == [False, False, True, True, False, False]


def test_a_rule_ends_with_its_time() -> None:
    """A time-boxed hiccup needs nobody to end it."""
    clock = Clock()
    behaviour = Behaviour(clock)
    behaviour.replace(Script((Rule(Act.UNAVAILABLE, for_seconds=5),)))
    during = behaviour.fate(SMS)
    clock.now += 5

    after = behaviour.fate(SMS)

    assert (during is None, after is None) == (False, True)


def test_chance_comes_from_the_seed() -> None:
    """A fault test that fails must fail again."""
    rule = Rule(Act.DROP, probability=0.3)
    runs = []
    for seed in (7, 7, 8):
        behaviour = Behaviour(Clock())
        behaviour.replace(Script((rule,), seed))
        runs.append(fates(behaviour, SMS, 200))

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert 30 < sum(runs[0]) < 90


def test_a_rate_limit_lets_so_many_through_a_second() -> None:
    """And fills up again as time goes by."""
    clock = Clock()
    behaviour = Behaviour(clock)
    behaviour.replace(Script((Rule(Act.RATE_LIMIT, per_second=2),)))
    first = fates(behaviour, SMS, 3)
    clock.now += 0.5

    later = fates(behaviour, SMS, 2)

    assert (first, later) == ([False, False, True], [False, True])


def test_the_first_rule_that_fires_decides() -> None:
    """So a spent rule gives way to the next."""
    behaviour = Behaviour(Clock())
    behaviour.replace(Script((Rule(Act.DROP, times=1), Rule(Act.RESET))))

    acts = [fate.act for _ in range(2) if (fate := behaviour.fate(SMS))]

    assert acts == [Act.DROP, Act.RESET]
    assert behaviour.fired() == [1, 1]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"act": "explode"},
        {"act": "drop", "probability": 2},
        {"act": "drop", "times": 0},
        {"act": "drop", "number": "+447700900123"},
        {"act": "callbacks", "how": "politely"},
    ],
)
def test_a_faulty_script_is_refused(rule: dict[str, object]) -> None:
    """A misspelt fault that never fires would let a test pass for nothing."""
    with pytest.raises(ValidationError):
        script_from({"rules": [rule]})


def test_a_script_is_read_from_json_words() -> None:
    """What a file or the control API says."""
    script = script_from({"rules": [{"act": "slow", "latency_ms": 100}], "seed": 3})

    assert script == Script((Rule(Act.SLOW, latency_ms=100),), 3)
