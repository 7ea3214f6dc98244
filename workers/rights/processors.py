"""Which processors are asked to erase somebody, and when is their erasure complete?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from config.processors import BACKUP, PAYMENTS, Processor
from contracts.vocabulary import Retention, RightsKind, RightsStatus
from store.engine import Transaction
from store.rights import processors
from store.rights import requests as rights
from store.rights.processors import Asking, Held


def to_be_asked(runs: Sequence[Processor], held: Mapping[str, Held]) -> tuple[Asking, ...]:
    """Give the processors to ask: those outside that hold something, each once for all its parts.

    Whoever keeps backups holds something of everybody. What we delete ourselves nobody is asked to.
    """
    found: dict[str, list[Held]] = {}
    for one in runs:
        holds = held.get(one.part) or (Held(BACKUP) if one.part == BACKUP else None)
        if holds is not None and one.erases_when_asked:
            found.setdefault(one.name, []).append(holds)
    return tuple(Asking(name, tuple(parts)) for name, parts in found.items())


def to_be_asked_with(
    retention: Retention,
    years: Mapping[Retention, int],
    runs: Sequence[Processor],
    held: Mapping[str, Held],
) -> tuple[Asking, ...]:
    """Give the processors to ask when the time of one class of a customer's records is over.

    What was paid goes with the bills, all else with the sends, and with what was said if that goes
    before them. Backups hold every class: whoever keeps them is asked with the last.
    """
    goes = {part: one for part, one in held.items() if retention in _goes_with(part, years)}
    asked = [one for one in runs if one.part != BACKUP or retention is _last(years)]
    return to_be_asked(asked, goes)


def confirmed(tx: Transaction, erasure_id: UUID, processor: str, erased_at: datetime) -> bool:
    """Note a processor's receipt; with the last of them, the request that it answers is done.

    False where this processor was not asked. The caller holds the erasure's name alone.
    """
    if not processors.confirm(tx, erasure_id, processor, erased_at):
        return False
    asked = processors.asked_about(tx, [erasure_id])[erasure_id]
    wishes = [
        one for one in rights.listed(tx, asked[0].customer_ref) if one.kind is RightsKind.ERASURE
    ]
    answers = any(one.id == erasure_id for one in wishes)  # and was no end of their time
    if answers and all(one.confirmed_at is not None for one in asked):
        names = ", ".join(one.processor for one in asked)
        for one in wishes:
            rights.close(tx, one, RightsStatus.DONE, f"all was erased, and confirmed by {names}")
    return True


def _goes_with(part: str, years: Mapping[Retention, int]) -> tuple[Retention, ...]:
    if part == PAYMENTS:
        return (Retention.BILLING,)
    if years[Retention.CONTENT] < years[Retention.SENDS]:
        return (Retention.CONTENT, Retention.SENDS)
    return (Retention.SENDS,)


def _last(years: Mapping[Retention, int]) -> Retention:
    """The class that goes last; of those that end at once, any: what is left goes that day."""
    return max(years, key=lambda one: years[one])


def read_erasure_id(text: str) -> UUID | None:
    """Read what a receipt calls the erasure; none where that can be no id of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None
