"""Which of a customer's rules is for this event? The first that matches."""

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.rule_words import CallerKind
from contracts.rules import Callers, Match, Rule, RuleSet
from workers.routing.facts import Facts
from workers.routing.schedules import english_bank_holiday, is_open


def first_match(rules: RuleSet, facts: Facts, now: datetime, tz: ZoneInfo) -> Rule | None:
    """The first rule that matches the event at this instant."""
    for rule in rules.rules:
        if rule.covers(facts.type) and _matches(rule.match, rules.callers, facts, now, tz):
            return rule
    return None


def _matches(match: Match, callers: Callers, facts: Facts, now: datetime, tz: ZoneInfo) -> bool:
    return match.unconditional or (
        _concerns(match, facts)
        and _caller_is(match.caller, callers, facts.caller)
        and _is_such_post(match, facts)
        and _is_in_time(match, now, tz)
    )


def _concerns(match: Match, facts: Facts) -> bool:
    """Whether person, department and urgency fit; an event without them fits no such wish."""
    return (
        (match.least_rank == 0 or facts.urgency.rank >= match.least_rank)
        and (match.person is None or _listed(facts.person, match.people))
        and (match.department is None or _listed(facts.department, match.departments))
    )


def _listed(name: str | None, names: frozenset[str]) -> bool:
    return name is not None and name.strip().casefold() in names


def _caller_is(kind: CallerKind, callers: Callers, number: str | None) -> bool:
    match kind:
        case CallerKind.ANY:
            return True
        case CallerKind.VIP:
            return number in callers.vip_numbers
        case CallerKind.BLOCKED:
            return number in callers.blocked_numbers


def _is_such_post(match: Match, facts: Facts) -> bool:
    return (
        (match.post_class is None or facts.post_class in match.post_class)
        and (match.sender_class is None or facts.sender_class in match.sender_class)
        and (match.contains is None or not set(match.contains).isdisjoint(facts.contains))
    )


def _is_in_time(match: Match, now: datetime, tz: ZoneInfo) -> bool:
    """Whether the rule is in force: from `from` (included) to `until` (left out), in its hours."""
    return (
        (match.from_ is None or match.from_ <= now)
        and (match.until is None or now < match.until)
        and (match.window is None or is_open(match.window, now, tz, english_bank_holiday))
    )
