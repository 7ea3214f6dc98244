"""Whom does one text come from: the customer's own sender, the company's, or its number?

A name cannot be answered: so what wants an answer (a reply code, or the word that lets go what is
held) comes from a number. And a number is one account's: another account sends under its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.rule_words import Acknowledge, Timing
from contracts.rules import Rule


@dataclass(frozen=True, slots=True)
class Senders:
    """Whom the company's texts come from, and the number that answers to its names come to."""

    usual: str
    number: str

    def of(
        self, own: str | None, *, of_account: str | None, wants_answer: Callable[[], bool]
    ) -> str:
        """Choose; ``own`` is the customer's, ``of_account`` that of an account beside the first.

        Whether it wants an answer is asked only where the sender would be a name.
        """
        chosen = own or of_account or self.usual
        if _is_name(chosen):
            return (of_account or self.number) if wants_answer() else chosen
        return of_account or chosen


def wants_answer(rule: Rule | None, step: int) -> bool:
    """Whether a rule's step asks the customer to text something back."""
    if rule is None:
        return False
    if rule.action.timing is Timing.HOLD:
        return True
    steps = rule.action.steps
    return step < len(steps) and steps[step].acknowledge is Acknowledge.CODE


def _is_name(sender: str) -> bool:
    return not sender.startswith("+")
