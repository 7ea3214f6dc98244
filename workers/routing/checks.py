"""May these rules be set?

Every problem is found at once, and names its field. A destination that is not known yet is none:
the event waits for it (`unknown_destinations`).
"""

from collections.abc import Collection, Mapping, Sequence

from contracts.planning import Customer, Destination, LanePolicy
from contracts.problems import Problem, shown_name
from contracts.rule_words import Acknowledge, Matchable
from contracts.rules import Callers, Rule
from contracts.vocabulary import DestinationKind, ErrorCode
from workers.routing.forms import Found, ill_formed
from workers.routing.hidden import Hidden, Unmeetable, never_matching
from workers.routing.matching import Condition
from workers.routing.schedules import never_opens, next_opening, zone
from workers.routing.sending import SPOKEN, WRITTEN
from workers.routing.services import BILLING, CALLS, produced


def check_rules(
    rules: Sequence[Rule],
    callers: Callers,
    customer: Customer,
    policy: LanePolicy,
    base: str = "data.rules",
) -> tuple[Problem, ...]:
    """Everything for which these rules must be refused; ``base`` is where they stand.

    Of the customer only services, destinations and time zone are asked; the rules that are in
    force now do not count.
    """
    services = produced(customer.contracted)
    found = [
        Problem(f"{base}[{place}].{field}", ErrorCode.INVALID, text)
        for place, rule in enumerate(rules)
        for field, text in (
            *_repeated_id(place, rules),
            *ill_formed(rule, rule.match.events or services + BILLING),
            *misfits(rule, customer.destinations, services),
            *_in_season(rule, customer, policy),
        )
    ]
    never = [
        Problem(f"{base}[{place}].match{field}", ErrorCode.INVALID, text)
        for place, reason in never_matching(rules, callers)
        for field, text in _told(reason, rules, base)
    ]
    lacking = [
        Problem(base, ErrorCode.INVALID, lacks_catch_all(kind))
        for kind in without_catch_all(rules, services)
    ]
    return (*found, *never, *lacking)


def without_catch_all(rules: Sequence[Rule], types: Collection[Matchable]) -> tuple[Matchable, ...]:
    """Those of these types for which no rule stands that has no other condition."""
    return tuple(
        kind
        for kind in types
        if not any(rule.match.unconditional and rule.covers(kind) for rule in rules)
    )


def lacks_catch_all(kind: Matchable) -> str:
    """What is wrong where a type has no catch-all, and how to mend it."""
    return (
        f"no rule without any other condition is for {kind}; add one, at the end, even if it only"
        " says timing none"
    )


def named_destinations(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Every destination that the rules name, once each, in their order."""
    named: dict[str, None] = {}
    for rule in rules:
        named.update(dict.fromkeys(step.destination for step in rule.action.steps))
        if rule.action.post is not None and rule.action.post.postal_destination is not None:
            named[rule.action.post.postal_destination] = None
    return tuple(named)


def unknown_destinations(
    rules: Sequence[Rule], known: Mapping[str, Destination]
) -> tuple[str, ...]:
    """The destinations that rules name and nobody has added: the rules wait for them."""
    return tuple(name for name in named_destinations(rules) if name not in known)


def misfits(rule: Rule, known: Mapping[str, Destination], services: tuple[Matchable, ...]) -> Found:
    """Where the rule's destinations do not fit what it is for, by the field."""
    kinds = [
        known[step.destination].kind if step.destination in known else None
        for step in rule.action.steps
    ]
    unfit = [_unfit(rule, kind, services) for kind in kinds]
    for number, (step, text) in enumerate(zip(rule.action.steps, unfit, strict=True)):
        field, kind = f"action.steps[{number}]", kinds[number]
        if text is not None:
            yield f"{field}.destination", text
        elif step.acknowledge is Acknowledge.CODE and kind not in {None, DestinationKind.MOBILE}:
            yield f"{field}.acknowledge", "a code is answered by text, so only from a mobile"
        elif step.acknowledge is Acknowledge.RECEIPT and kind is DestinationKind.EMAIL:
            yield f"{field}.acknowledge", "no receipt comes for an email that arrives; use none"
    if kinds and not any(unfit) and not rule.sends_nothing:
        yield from _nothing_carried(rule, kinds, services)
    yield from _in_postal_destination(rule, known)


def _repeated_id(place: int, rules: Sequence[Rule]) -> Found:
    if rules[place].rule_id in {earlier.rule_id for earlier in rules[:place]}:
        yield "rule_id", "an earlier rule has this rule_id"


def _unfit(rule: Rule, kind: DestinationKind | None, services: tuple[Matchable, ...]) -> str | None:
    """Why a step cannot carry what the rule is for, if it cannot.

    A rule that leaves the types open may name a destination that fits only some of them: an
    email address is passed over when a call is waiting, and the call becomes a message.
    """
    covered = rule.match.events or services + BILLING
    unfit = tuple(named for named in covered if kind is not None and not _carries(kind, named))
    if not unfit or (rule.match.events is None and len(unfit) < len(covered)):
        return None
    return f"a destination of kind {kind} cannot be used for {', '.join(unfit)}"


def _nothing_carried(
    rule: Rule, kinds: Sequence[DestinationKind | None], services: tuple[Matchable, ...]
) -> Found:
    """What an open rule would take, and has no destination for; a call may become a message."""
    if rule.match.events is not None or None in kinds:
        return
    stranded = tuple(
        kind
        for kind in services
        if kind is not Matchable.CALL_WAITING
        and not any(place is not None and _carries(place, kind) for place in kinds)
    )
    if stranded:
        text = (
            f"no destination of this rule can be used for {', '.join(stranded)}, which it is for"
            " too; add a mobile or an email, or say in match.events what it is for"
        )
        yield "action.steps", text


def _carries(kind: DestinationKind, event_type: Matchable) -> bool:
    return kind in (SPOKEN if event_type is Matchable.CALL_WAITING else WRITTEN)


def _in_postal_destination(rule: Rule, known: Mapping[str, Destination]) -> Found:
    post = rule.action.post
    destination = known.get(post.postal_destination or "") if post is not None else None
    if destination is not None and destination.kind is not DestinationKind.POSTAL:
        yield (
            "action.post.postal_destination",
            f"must be a postal destination, not one of kind {destination.kind}",
        )


def _in_season(rule: Rule, customer: Customer, policy: LanePolicy) -> Found:
    """A rule with a beginning, an end and hours must have some of its hours between the two."""
    match = rule.match
    if match.window is None or match.from_ is None or match.until is None:
        return
    if match.from_ >= match.until or never_opens(match.window):
        return  # told already
    tz = zone(customer.time_zone)
    try:
        opens = next_opening(match.window, match.from_, tz, policy.is_bank_holiday)
    except OverflowError:  # at either end of the calendar, which stands for no beginning or end
        return
    if opens >= match.until:
        yield "match.window", "is never open between match.from and match.until"


def _told(reason: Unmeetable | Hidden, rules: Sequence[Rule], base: str) -> Found:
    """What of `match` is wrong with a rule that can never match, and how to mend it."""
    match reason:
        case Hidden(places):
            names = " and ".join(f"{base}[{at}] ({shown_name(rules[at].rule_id)})" for at in places)
            text = (
                f"can never match: {names}, before it, {'takes' if len(places) == 1 else 'take'}"
                " all that it is for; put it first, narrow what hides it, or leave it out"
            )
            yield "", text
        case Unmeetable((), _):
            yield "", "can never match: no event can meet all of these conditions at once"
        case Unmeetable(conditions, types):
            for condition in conditions:
                wrong = _unmeetable(condition, types)
                if wrong is not None:
                    yield f".{condition}", wrong


def _unmeetable(condition: Condition, types: Sequence[Matchable]) -> str | None:
    """Why no event can meet a condition; none where the window's own form is told."""
    match condition:
        case Condition.WINDOW:
            return None
        case Condition.UNTIL:
            return "must be later than match.from"
        case Condition.CALLER if not set(CALLS).isdisjoint(types):
            return "can never match: the list that it asks for, in callers, is empty"
        case _:
            kinds = ", ".join(types)
            return f"can never match: it is never so of {kinds}; mend it, or match.events"
