"""How is a customer's wish written down? Rules as ``preferences.set`` spells them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Wish = Mapping[str, Any]

MESSAGES, CALLS = "call.message_taken", "call.waiting"
_CLOCKS = ("Europe/London", "Asia/Tokyo", "America/Los_Angeles")
_EVENING, _MORNING = 18, 7


def rule(
    name: str, *steps: str, events: Sequence[str] = (), match: Wish | None = None, **action: object
) -> Wish:
    """Write a rule for these events; ``action`` takes what else its action says."""
    wanted = {**(match or {}), **({"events": list(events)} if events else {})}
    todo = {"steps": [{"destination": step} for step in steps], **action}
    return {"rule_id": name, "match": wanted, "action": todo}


def a_clock_at_night(now: datetime) -> str:
    """Name a time zone in which offices are closed now, so that the demo can show the wait."""
    for name in _CLOCKS:
        hour = now.astimezone(ZoneInfo(name)).hour
        if hour >= _EVENING or hour < _MORNING:
            return name
    raise AssertionError("it is always night somewhere")


NO_CALLS = rule("no-calls", events=[CALLS], timing="none")


def all_of(*steps: str) -> Wish:
    """Messages go to all of these."""
    return rule("messages", *steps, events=[MESSAGES])


def first_of(*steps: str) -> Wish:
    """Messages go to the first of these that takes them."""
    return rule("messages", *steps, events=[MESSAGES], mode="first")
