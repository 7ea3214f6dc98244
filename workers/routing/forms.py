"""Do the parts of one rule go together?

What would have no effect is refused like what cannot be done: whoever wrote it meant something
by it, and would wait for it in vain.
"""

from collections.abc import Collection, Iterator
from typing import Final

from contracts.rule_words import Acknowledge, Matchable, Timing
from contracts.rules import Action, Digest, Digested, PostRule, Rule, Step, Window
from contracts.vocabulary import Mode, PostAction
from workers.routing.schedules import never_opens
from workers.routing.services import CALLS, POST

Found = Iterator[tuple[str, str]]  # the field within the rule, and how to mend it

WAITED_FOR: Final = "has no effect in mode all, which waits for nothing; use first or escalate"
CALLS_ONLY: Final = (
    "has no effect: in mode first only urgent messages and live calls go on for want of an answer;"
    " use escalate, or leave it out"
)
FOLLOWED: Final = "has no effect: no step follows, and nothing is to be acknowledged; leave it out"


def ill_formed(rule: Rule, covered: Collection[Matchable]) -> Found:
    """What does not go together; ``covered`` are the types that the rule can be for."""
    action = rule.action
    if rule.match.window is not None:
        yield from _in_window(rule.match.window, "match.window")
    yield from _in_timing(action, covered)
    if not action.steps and action.timing is not Timing.NONE and _needs_steps(rule, covered):
        yield "action.steps", "name a destination, or use timing none to send nothing"
    for number, step in enumerate(action.steps):
        for field, text in _in_step(action, number, step, covered):
            yield f"action.steps[{number}].{field}", text
    if action.post is not None:
        yield from _in_post(action.post, rule)
    if action.call is not None and not rule.covers(Matchable.CALL_WAITING):
        yield "action.call", "is for call.waiting, which match.events leaves out"


def _in_window(window: Window, field: str) -> Found:
    if never_opens(window):
        yield f"{field}.to", "must differ from `from`; the whole day is 00:00 to 24:00"


def _in_timing(action: Action, covered: Collection[Matchable]) -> Found:
    waits = action.timing is Timing.NEXT_WINDOW
    if waits and action.window is None:
        yield "action.window", "is needed where timing is next_window"
    if not waits and action.window is not None:
        yield "action.window", "is for timing next_window only"
    if action.window is not None:
        yield from _in_window(action.window, "action.window")
    if isinstance(action.timing, Digested):
        yield from _in_digest(action.timing.digest)
    gathered = isinstance(action.timing, Digested) or action.timing is Timing.HOLD
    if gathered and set(covered) == {Matchable.CALL_WAITING}:
        yield "action.timing", "a caller cannot be kept for later; use now, next_window or none"


def _in_digest(digest: Digest) -> Found:
    at, on = "action.timing.digest.at", "action.timing.digest.on"
    match digest.every:
        case "hour":
            if digest.at is not None:
                yield at, "is for every day or week; an hourly digest goes out on the hour"
            if digest.on is not None:
                yield on, "is for every week; leave it out"
        case "day":
            if digest.at is None:
                yield at, "is needed for every day, such as 17:00"
            if digest.on is not None:
                yield on, "is for every week; leave it out"
        case "week":
            if digest.at is None:
                yield at, "is needed for every week, such as 17:00"
            if digest.on is None:
                yield on, "is needed for every week, such as fri"


def _needs_steps(rule: Rule, covered: Collection[Matchable]) -> bool:
    """A rule about post may say what to do with it and send nothing; any other must send."""
    return rule.action.post is None or any(kind not in POST for kind in covered)


def _in_step(action: Action, number: int, step: Step, covered: Collection[Matchable]) -> Found:
    if step.destination in {earlier.destination for earlier in action.steps[:number]}:
        yield "destination", "an earlier step of this rule names this destination"
    if step.acknowledge is not Acknowledge.NONE and action.mode is not Mode.ESCALATE:
        yield "acknowledge", "is for mode escalate; use that, or none"
    if step.wait is not None:
        wrong = _idle_wait(action, number, step, covered)
        if wrong is not None:
            yield "wait", wrong


def _idle_wait(
    action: Action, number: int, step: Step, covered: Collection[Matchable]
) -> str | None:
    """Why waiting at this step changes nothing, if it does not."""
    is_last = number == len(action.steps) - 1
    match action.mode:
        case Mode.ALL if Matchable.CALL_WAITING not in covered:  # calls are rung one by one
            return WAITED_FOR
        case Mode.FIRST if set(CALLS).isdisjoint(covered):
            return CALLS_ONLY
        case Mode.ESCALATE if is_last:
            return FOLLOWED if step.acknowledge is Acknowledge.NONE else None
        case _:
            return FOLLOWED if is_last else None


def _in_post(post: PostRule, rule: Rule) -> Found:
    if not any(rule.covers(kind) for kind in POST):
        yield "action.post", "is for post.received and post.scanned, which match.events leaves out"
    forwards = post.do is PostAction.FORWARD
    if forwards and post.postal_destination is None:
        yield "action.post.postal_destination", "is needed to forward"
    if not forwards and post.postal_destination is not None:
        yield "action.post.postal_destination", "is for do forward; leave it out"
    if not forwards and post.consolidate != "now":
        yield "action.post.consolidate", "is for do forward; leave it out"
    shreds = post.do is PostAction.SHRED or post.may_shred
    if post.never_shred and not shreds:
        yield "action.post.never_shred", "is for do shred, or may_shred; leave it out"
