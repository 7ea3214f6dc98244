"""Which of a customer's rules is for this event? The first that matches."""

from enum import StrEnum
from typing import Final

from contracts.rule_words import CallerKind, Matchable
from contracts.rules import Callers, Match, Rule, RuleSet
from workers.routing.facts import Facts
from workers.routing.schedules import Moment, holds

MATCHABLE: Final = frozenset(kind.value for kind in Matchable)


class Condition(StrEnum):
    """The conditions of a `match`, spelled as its fields, in the order they are looked at."""

    EVENTS = "events"
    PERSON = "person"
    DEPARTMENT = "department"
    MIN_URGENCY = "min_urgency"
    CALLER = "caller"
    POST_CLASS = "post_class"
    SENDER_CLASS = "sender_class"
    CONTAINS = "contains"
    FROM = "from"
    UNTIL = "until"
    WINDOW = "window"


def first_match(rules: RuleSet, facts: Facts, now: Moment) -> Rule | None:
    """The first rule that matches the event at this moment."""
    for rule in rules.by_type.get(facts.matched_as, ()):
        if _unmet(rule.match, rules.callers, facts, now) is None:
            return rule
    return None


def first_unmet(rule: Rule, callers: Callers, facts: Facts, now: Moment) -> Condition | None:
    """The first condition of the rule that the event does not meet; none where it matches."""
    if facts.matched_as not in MATCHABLE or not rule.covers(facts.matched_as):
        return Condition.EVENTS
    return _unmet(rule.match, callers, facts, now)


def _unmet(match: Match, callers: Callers, facts: Facts, now: Moment) -> Condition | None:
    if match.unconditional:
        return None
    return (
        _unmet_by_whom_it_concerns(match, facts)
        or _unmet_by_the_caller(match.caller, callers, facts.caller)
        or _unmet_by_the_item(match, facts)
        or _unmet_by_the_time(match, now)
    )


def _unmet_by_whom_it_concerns(match: Match, facts: Facts) -> Condition | None:
    """An event without person, department or urgency meets no wish for one."""
    if match.person is not None and facts.person not in match.people:
        return Condition.PERSON
    if match.department is not None and facts.department not in match.departments:
        return Condition.DEPARTMENT
    if match.least_rank and facts.urgency.rank < match.least_rank:
        return Condition.MIN_URGENCY
    return None


def _unmet_by_the_caller(
    kind: CallerKind, callers: Callers, number: str | None
) -> Condition | None:
    match kind:
        case CallerKind.ANY:
            met = True
        case CallerKind.VIP:
            met = number in callers.vip_numbers
        case CallerKind.BLOCKED:
            met = number in callers.blocked_numbers
    return None if met else Condition.CALLER


def _unmet_by_the_item(match: Match, facts: Facts) -> Condition | None:
    if match.post_class is not None and facts.post_class not in match.post_class:
        return Condition.POST_CLASS
    if match.sender_class is not None and facts.sender_class not in match.sender_class:
        return Condition.SENDER_CLASS
    if match.contains is not None and set(match.contains).isdisjoint(facts.contains):
        return Condition.CONTAINS
    return None


def _unmet_by_the_time(match: Match, now: Moment) -> Condition | None:
    """A rule is in force from `from` (included) to `until` (left out), in its hours."""
    if match.from_ is not None and now.at < match.from_:
        return Condition.FROM
    if match.until is not None and match.until <= now.at:
        return Condition.UNTIL
    if match.window is not None and not holds(match.window, now):
        return Condition.WINDOW
    return None
