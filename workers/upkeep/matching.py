"""Which of a provider's texts and calls are those attempts that nobody answered for?

By count: where a provider shows at least as many as may have been sent alike, every one of them
was sent, whichever is which. Where it shows fewer, nothing says which were; none is nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.vocabulary import Said
from workers.providers.lookups import Leg, Listed

SKEW = timedelta(seconds=60)  # the provider's clock is not ours, and shows whole seconds

AttemptKey = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An attempt of unknown fate; ``digest`` is that of what it sent."""

    delivery_id: UUID
    fence: int
    started_at: datetime
    digest: str = ""

    @property
    def key(self) -> AttemptKey:
        """What names it."""
        return self.delivery_id, self.fence


@dataclass(frozen=True, slots=True)
class FoundText:
    """What is said of one attempt to send a text; with ``FOUND`` comes the text."""

    said: Said
    text: Listed | None = None


@dataclass(frozen=True, slots=True)
class FoundLeg:
    """The same for a call."""

    said: Said
    leg: Leg | None = None


def match_texts(
    doubtful: Sequence[Doubtful],
    listed: Sequence[tuple[str, Listed]],
    lasts: timedelta,
) -> Mapping[AttemptKey, FoundText]:
    """Match attempts to one number with the texts to it that no attempt of ours accounts for.

    ``listed`` texts come with the digests of their bodies; an attempt may have left us for as
    long as its claim ``lasts``.
    """
    found: dict[AttemptKey, FoundText] = {}
    for digest in sorted({one.digest for one in doubtful}):
        alike = [one for one in doubtful if one.digest == digest]
        texts = [
            (text.created_at, text)
            for of, text in listed
            if of == digest and text.created_at is not None
        ]
        texts.sort(key=lambda pair: pair[0])
        for crowd in _crowds(alike, lasts):
            found |= _match_crowd(crowd, texts, lasts)
    return found


def match_legs(
    attempted: Sequence[AttemptKey], legs: Sequence[Leg]
) -> Mapping[AttemptKey, FoundLeg]:
    """Match tries to put one caller through to one number with the legs that were dialled.

    Both in the order of time; ``attempted`` are all tries that may have reached the provider.
    """
    if len(legs) >= len(attempted):
        pairs = zip(attempted, legs, strict=False)
        return {key: FoundLeg(Said.FOUND, leg) for key, leg in pairs}
    said = Said.FEWER if legs else Said.NOTHING
    return {key: FoundLeg(said) for key in attempted}


def _crowds(alike: Sequence[Doubtful], lasts: timedelta) -> list[list[Doubtful]]:
    """Part attempts whose times have nothing to do with one another."""
    crowds: list[list[Doubtful]] = []
    until: datetime | None = None
    for one in sorted(alike, key=lambda each: (each.started_at, each.key)):
        if until is None or one.started_at - SKEW > until:
            crowds.append([])
        crowds[-1].append(one)
        until = one.started_at + lasts + SKEW
    return crowds


def _match_crowd(
    crowd: Sequence[Doubtful], texts: Sequence[tuple[datetime, Listed]], lasts: timedelta
) -> dict[AttemptKey, FoundText]:
    # Attempts of one delivery say the same to the same person: the newest is matched first, for
    # it is the one that decides what the delivery becomes.
    one_delivery = len({each.delivery_id for each in crowd}) == 1
    order = list(reversed(crowd)) if one_delivery else list(crowd)
    left = list(reversed(texts)) if one_delivery else list(texts)
    found: dict[AttemptKey, FoundText] = {}
    seen = False
    for one in order:
        fitting = [pair for pair in left if _fits(pair[0], one, lasts)]
        seen = seen or bool(fitting)
        if fitting:
            left.remove(fitting[0])
            found[one.key] = FoundText(Said.FOUND, fitting[0][1])
    if len(found) == len(crowd) or one_delivery:
        return {one.key: found.get(one.key, FoundText(Said.NOTHING)) for one in crowd}
    said = Said.FEWER if seen else Said.NOTHING
    return {one.key: FoundText(said) for one in crowd}


def _fits(created_at: datetime, one: Doubtful, lasts: timedelta) -> bool:
    return one.started_at - SKEW <= created_at <= one.started_at + lasts + SKEW
