"""May these rules be set?

Every problem is found at once, and names its field. A destination that is not known yet is none:
the event waits for it (`unknown_destinations`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from contracts.planning import Destination
from contracts.problems import Problem
from contracts.rule_words import Matchable, Timing
from contracts.rules import Rule, Window
from contracts.vocabulary import (
    POST_SERVICES,
    TELEPHONE_SERVICES,
    DestinationKind,
    ErrorCode,
    PostAction,
    Service,
)
from workers.routing.schedules import never_opens
from workers.routing.sending import SPOKEN, WRITTEN
from workers.routing.supported import unsupported

TELEPHONE_TYPES: Final = (Matchable.CALL_WAITING, Matchable.CALL_MESSAGE_TAKEN)
POST_TYPES: Final = (Matchable.POST_RECEIVED, Matchable.POST_SCANNED)
BILLING_TYPES: Final = (
    Matchable.INVOICE_ISSUED,
    Matchable.INVOICE_OVERDUE,
    Matchable.PAYMENT_FAILED,
)

Found = Iterator[tuple[str, str]]  # the field within the rule, and how to mend it


def check_rules(
    rules: Sequence[Rule],
    known: Mapping[str, Destination],
    contracted: Collection[Service],
    base: str = "data.rules",
) -> tuple[Problem, ...]:
    """Everything for which these rules must be refused; ``base`` is where they stand."""
    types = produced(contracted) + BILLING_TYPES
    found = [
        Problem(f"{base}[{place}].{field}", ErrorCode.INVALID, text)
        for place, rule in enumerate(rules)
        for field, text in _in_rule(rule, known, types)
    ]
    return (*_repeated_ids(rules, base), *found, *unsupported(rules, base))


def produced(services: Collection[Service]) -> tuple[Matchable, ...]:
    """The types, billing aside, of which these services produce events."""
    telephone = TELEPHONE_TYPES if not TELEPHONE_SERVICES.isdisjoint(services) else ()
    post = POST_TYPES if not POST_SERVICES.isdisjoint(services) else ()
    return telephone + post


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


def _repeated_ids(rules: Sequence[Rule], base: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        if rule.rule_id in seen:
            yield Problem(
                f"{base}[{place}].rule_id", ErrorCode.INVALID, "an earlier rule has this rule_id"
            )
        seen.add(rule.rule_id)


def _in_rule(rule: Rule, known: Mapping[str, Destination], types: tuple[Matchable, ...]) -> Found:
    covered = rule.match.events or types
    yield from _in_windows(rule)
    yield from _in_steps(rule, known, covered)
    yield from _in_post(rule, known, covered)
    if rule.action.call is not None and not rule.covers(Matchable.CALL_WAITING):
        yield "action.call", "is for call.waiting, which match.events leaves out"


def _in_windows(rule: Rule) -> Found:
    match, action = rule.match, rule.action
    if match.from_ is not None and match.until is not None and match.until <= match.from_:
        yield "match.until", "must be later than match.from"
    if match.window is not None:
        yield from _in_window(match.window, "match.window")
    if action.window is not None:
        yield from _in_window(action.window, "action.window")
    if action.timing is Timing.NEXT_WINDOW and action.window is None:
        yield "action.window", "is needed where timing is next_window"
    if action.timing is not Timing.NEXT_WINDOW and action.window is not None:
        yield "action.window", "is for timing next_window only"


def _in_window(window: Window, field: str) -> Found:
    if never_opens(window):
        yield f"{field}.to", "must differ from `from`; the whole day is 00:00 to 24:00"


def _in_steps(
    rule: Rule, known: Mapping[str, Destination], covered: tuple[Matchable, ...]
) -> Found:
    steps = rule.action.steps
    if not steps and rule.action.timing is not Timing.NONE and _needs_steps(rule, covered):
        yield "action.steps", "name a destination, or use timing none to send nothing"
    seen: set[str] = set()
    for number, step in enumerate(steps):
        field = f"action.steps[{number}].destination"
        if step.destination in seen:
            yield field, "an earlier step of this rule names this destination"
        seen.add(step.destination)
        destination = known.get(step.destination)
        if destination is not None:
            yield from _unfit(rule, destination.kind, covered, field)


def _needs_steps(rule: Rule, covered: tuple[Matchable, ...]) -> bool:
    """A rule about post may say what to do with it and send nothing; any other must send."""
    return rule.action.post is None or any(kind not in POST_TYPES for kind in covered)


def _unfit(rule: Rule, kind: DestinationKind, covered: tuple[Matchable, ...], field: str) -> Found:
    """Whether a step can carry what the rule names.

    A rule that leaves the types open may name a destination that fits only some of them: an
    email address is passed over when a call is waiting, and the call becomes a message.
    """
    unfit = tuple(named for named in covered if not _carries(kind, named))
    if not unfit or (rule.match.events is None and len(unfit) < len(covered)):
        return
    yield field, f"a destination of kind {kind} cannot be used for {', '.join(unfit)}"


def _carries(kind: DestinationKind, event_type: Matchable) -> bool:
    return kind in (SPOKEN if event_type is Matchable.CALL_WAITING else WRITTEN)


def _in_post(rule: Rule, known: Mapping[str, Destination], covered: tuple[Matchable, ...]) -> Found:
    post = rule.action.post
    if post is None:
        return
    if rule.match.events is not None and set(covered).isdisjoint(POST_TYPES):
        yield "action.post", "is for post.received and post.scanned, which match.events leaves out"
    if post.do is PostAction.FORWARD and post.postal_destination is None:
        yield "action.post.postal_destination", "is needed to forward"
    destination = known.get(post.postal_destination or "")
    if destination is not None and destination.kind is not DestinationKind.POSTAL:
        yield (
            "action.post.postal_destination",
            f"must be a postal destination, not one of kind {destination.kind}",
        )
