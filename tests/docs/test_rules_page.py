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
from tests.unit.routing.samples import POLICY, customer, destination
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


def test_what_the_page_says_of_refusals_is_what_they_say() -> None:
    """The reader looks for the words that stood on the screen."""
    code = "".join(
        (ROOT / "workers" / "routing" / name).read_text(encoding="utf-8")
        for name in ("checks.py", "forms.py")
    )
    said = re.sub(r'"\s*f?"', "", code)
    quoted = [text for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
              for text in re.findall(r"`([^`]+ [^`]+)`", row)]

    parts = [part for text in quoted for part in re.split(r"…|data\.rules\[0\] \(…\)", text)]
    missing = [part.strip(" ,():") for part in parts if part.strip(" ,():") not in said]
    assert missing == []
    assert len(quoted) >= 10
