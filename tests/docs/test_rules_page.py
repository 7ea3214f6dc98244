"""Does the page on rules say what may be set, and name every field of the language?"""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.rules import (
    Action,
    Callers,
    CallRule,
    Digest,
    Match,
    PostRule,
    Rule,
    Step,
    Window,
)
from contracts.vocabulary import DestinationKind
from tests.docs.reading import ROOT
from tests.unit.routing.samples import POLICY, customer, destination, rule
from workers.routing.checks import check_rules

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PLACES = {
    "d-mobile": DestinationKind.MOBILE,
    "d-partner": DestinationKind.MOBILE,
    "d-mail": DestinationKind.EMAIL,
    "d-desk": DestinationKind.VOICE,
    "d-home": DestinationKind.POSTAL,
}
KNOWN = {name: destination(name, kind) for name, kind in PLACES.items()}


def _step(destination: str, mode: str = "all", **more: str) -> Rule:
    """A rule with one step, of which more is said."""
    steps = [{"destination": destination} | more, {"destination": "d-partner"}]
    return rule(steps=steps, mode=mode, match={"events": ["call.message_taken"]})


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_may_be_set(text: str) -> None:
    """It will be copied, and must not be refused."""
    read: Any = json.loads(text)
    given = read if isinstance(read, dict) else {"rules": read}
    rules = [Rule.model_validate(rule) for rule in given["rules"]]
    callers = Callers.model_validate(given.get("callers", {}))

    found = check_rules(rules, callers, customer(destinations=KNOWN), POLICY)

    assert found == ()


@pytest.mark.parametrize("model", [Match, Window, Action, Digest, Step, PostRule, CallRule])
def test_every_field_is_on_the_page(model: type[BaseModel]) -> None:
    """A wish that nobody knows can be had is not asked for."""
    names = {field.alias or name for name, field in model.model_fields.items()}

    assert {name for name in names if not re.search(rf'[`"]{name}[`"]', PAGE)} == set()


SALES, POST = {"department": ["sales"]}, {"events": ["post.received"]}
CALLS = {"events": ["call.waiting"]}
WRONG = [
    rule("d-mobile", match=SALES),
    rule("d-desk", match=SALES),
    rule("d-mobile", match={**CALLS, "min_urgency": "urgent"}),
    rule("d-mobile", match={**SALES, "contains": ["card"]}),
    rule("d-mobile", match={"caller": "vip"}),
    rule(
        "d-mobile",
        match={
            "from": "2026-11-28T00:00:00Z",
            "until": "2026-11-29T00:00:00Z",
            "window": {"days": ["mon"]},
        },
    ),
    rule("d-mail", match=CALLS),
    rule("d-desk"),
    _step("d-mail", mode="escalate", acknowledge="code"),
    _step("d-mail", mode="escalate", acknowledge="receipt"),
    _step("d-mobile", wait="PT5M"),
    rule("d-mail", timing="next_window"),
    rule("d-mail", window={"to": "08:00"}),
    rule("d-mail", timing={"digest": {"every": "week", "at": "17:00"}}),
    rule("d-mail", match=POST, post={"do": "scan", "postal_destination": "d-home"}),
    rule("d-mail", match=POST, post={"do": "scan", "never_shred": ["bank"]}),
]


def test_what_the_page_says_of_refusals_is_what_they_say() -> None:
    """The reader looks for the words that stood on the screen."""
    told = [p.text for p in check_rules(WRONG, Callers(), customer(destinations=KNOWN), POLICY)]
    told += [p.text for p in check_rules([], Callers(), customer(), POLICY)]
    _, table = PAGE.split("## What is refused")
    listed = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)

    quoted = [text for row in listed for text in re.findall(r"`([^`]+)`", row)]

    unsaid = [text for text in quoted if not any(_is_said(text, each) for each in told)]
    assert unsaid == []
    assert len(quoted) >= len(listed) > 10


def _is_said(quoted: str, told: str) -> bool:
    """Whether a message begins so; three dots stand for what is named in it."""
    pattern = ".+".join(map(re.escape, quoted.removesuffix("…").strip().split("…")))
    return re.match(pattern, told) is not None
