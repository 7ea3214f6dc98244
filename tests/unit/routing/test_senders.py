"""Does a text come from where it can be answered, if it is to be?"""

from typing import Any

import pytest

from contracts.rules import Rule
from tests.factories import catch_all
from workers.routing.senders import Senders, wants_answer

NUMBER, ANOTHER, SPARE = "+447700900100", "+447700900200", "+447700900777"
BY_NUMBER = Senders(NUMBER, NUMBER)
BY_NAME = Senders("Brindle", NUMBER)


@pytest.mark.parametrize(
    ("senders", "own", "of_account", "answered", "sender"),
    [
        (BY_NUMBER, None, None, False, NUMBER),
        (BY_NUMBER, None, None, True, NUMBER),
        (BY_NAME, None, None, False, "Brindle"),
        (BY_NAME, None, None, True, NUMBER),
        (BY_NUMBER, "Harbour", None, False, "Harbour"),
        (BY_NUMBER, "Harbour", None, True, NUMBER),
        (BY_NAME, "Harbour", None, True, NUMBER),
        (BY_NAME, ANOTHER, None, False, ANOTHER),
        (BY_NAME, ANOTHER, None, True, ANOTHER),
        # another account has numbers of its own, and no other's; a name it may use
        (BY_NUMBER, None, SPARE, False, SPARE),
        (BY_NUMBER, ANOTHER, SPARE, False, SPARE),
        (BY_NUMBER, "Harbour", SPARE, False, "Harbour"),
        (BY_NUMBER, "Harbour", SPARE, True, SPARE),
        (BY_NAME, None, SPARE, True, SPARE),
    ],
)
def test_a_sender_is_chosen(
    senders: Senders, own: str | None, of_account: str | None, answered: bool, sender: str
) -> None:
    """A code that is texted to a name reaches nobody, and the rule would escalate for nothing."""
    chosen = senders.of(own, of_account=of_account, wants_answer=lambda: answered)

    assert chosen == sender


def test_whether_it_wants_an_answer_is_not_asked_for_a_number() -> None:
    """It would be read from the store, for every text."""

    def asked() -> bool:
        raise AssertionError

    assert BY_NUMBER.of(None, of_account=None, wants_answer=asked) == NUMBER


@pytest.mark.parametrize(
    ("action", "step", "wanted"),
    [
        ({}, 0, False),
        ({"timing": "hold"}, 0, True),
        ({"steps": [{"destination": "d-mobile", "acknowledge": "code"}]}, 0, True),
        ({"steps": [{"destination": "d-mobile", "acknowledge": "code"}]}, 1, False),
        ({"steps": [{"destination": "d-mobile", "acknowledge": "receipt"}]}, 0, False),
    ],
)
def test_a_rule_says_whether_it_wants_an_answer(
    action: dict[str, Any], step: int, wanted: bool
) -> None:
    """A reply code, or the word that lets go what is held."""
    rule = Rule.model_validate(catch_all("d-mobile", **action))

    assert wants_answer(rule, step) is wanted
    assert not wants_answer(None, step)
