"""Which parts of the rules language are not offered yet?

A rule that asks for one of them is refused when it is set, with the field's name, so that
nothing is ever quietly sent another way than it was asked for.
"""

from collections.abc import Iterator, Sequence

from contracts.problems import Problem
from contracts.rule_words import Ring
from contracts.rules import Action, CallRule, Rule
from contracts.vocabulary import ErrorCode


def unsupported(rules: Sequence[Rule], base: str = "data.rules") -> tuple[Problem, ...]:
    """Every field that asks for what is not offered; ``base`` is where the rules stand."""
    return tuple(
        Problem(f"{base}[{place}].action.{field}", ErrorCode.INVALID, text)
        for place, rule in enumerate(rules)
        for field, text in _unoffered(rule.action)
    )


def _unoffered(action: Action) -> Iterator[tuple[str, str]]:
    if action.call is not None:
        yield from _unoffered_of_calls(action.call)


def _unoffered_of_calls(call: CallRule) -> Iterator[tuple[str, str]]:
    if call.ring is Ring.ALL:
        yield "call.ring", "not offered yet: use in_order"
    if call.press_to_accept:
        yield "call.press_to_accept", "not offered yet: use false"
    if call.announce:
        yield "call.announce", "not offered yet: use false"
