"""Which rules can never match, and what stands in their way?

Sound: what is named here can match no event at all. It is complete over every condition but for
time, where each combination of weekday, bank holidays and season counts as one that will come. A
catch-all is named only behind another one, since it must be there in any case.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.rule_words import Matchable
from contracts.rules import Callers, Rule
from workers.routing.matching import Condition
from workers.routing.space import DIMENSIONS, Box, Space, shared, space_of

PATIENCE: Final = 100_000  # looks at two boxes; when they are spent, a rule is taken to match


@dataclass(frozen=True, slots=True)
class Unmeetable:
    """Conditions that no event of the types that the rule is for can meet.

    Without conditions: each can be met, and no event meets all.
    """

    conditions: tuple[Condition, ...]
    types: tuple[Matchable, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """Earlier rules, by their places, that between them take all that the rule is for."""

    places: tuple[int, ...]


def never_matching(
    rules: Sequence[Rule], callers: Callers
) -> Iterator[tuple[int, Unmeetable | Hidden]]:
    """The places of the rules that can never match, each with the reason."""
    space = space_of(rules, callers)
    boxes = [space.box(rule.match) for rule in rules]
    looks = iter(range(PATIENCE))
    for place, rule in enumerate(rules):
        types = tuple(kind for kind in Matchable if rule.covers(kind))
        meant = {kind: shared(space.domain(kind), boxes[place]) for kind in types}
        if not any(meant.values()):
            yield place, Unmeetable(_unmeetable(boxes[place], types, space), types)
            continue
        earlier = {kind: _standing_before(place, rules, kind) for kind in types}
        hiding = _hiding(meant, earlier, boxes, looks)
        if hiding is not None:
            yield place, Hidden(hiding)


def _standing_before(place: int, rules: Sequence[Rule], kind: Matchable) -> list[int]:
    """The earlier rules for this type; before a catch-all, the other catch-alls alone.

    One must be there even where conditions leave it nothing: they may be those of today.
    """
    needed = rules[place].match.unconditional
    return [
        at
        for at in range(place)
        if rules[at].covers(kind) and (rules[at].match.unconditional or not needed)
    ]


def _unmeetable(box: Box, types: Sequence[Matchable], space: Space) -> tuple[Condition, ...]:
    """The conditions that no type can meet; of a season `until`, which is the one to mend."""
    domains = [space.domain(kind) for kind in types]
    return tuple(
        conditions[-1]
        for side, conditions in enumerate(DIMENSIONS)
        if not any(domain[side] & box[side] for domain in domains)
    )


def _hiding(
    meant: Mapping[Matchable, Box | None],
    earlier: Mapping[Matchable, Sequence[int]],
    boxes: Sequence[Box],
    looks: Iterator[int],
) -> tuple[int, ...] | None:
    """The earlier rules that take all that is meant; none where something is left."""
    hiding: set[int] = set()
    for kind, box in meant.items():
        if box is not None:
            found = _taking(box, earlier[kind], boxes, looks)
            if found is None:
                return None
            hiding.update(found)
    return tuple(sorted(hiding))


def _taking(
    box: Box, earlier: Sequence[int], boxes: Sequence[Box], looks: Iterator[int]
) -> Sequence[int] | None:
    """As few earlier rules as take all of the box; none where something is left."""
    touching = [at for at in earlier if shared(box, boxes[at]) is not None]
    for at in touching:
        if shared(box, boxes[at]) == box:
            return [at]
    if not _is_taken(box, [boxes[at] for at in touching], looks):
        return None
    needed = touching
    for at in touching:
        without = [other for other in needed if other != at]
        if _is_taken(box, [boxes[other] for other in without], looks):
            needed = without
    return needed


def _is_taken(box: Box, takers: Sequence[Box], looks: Iterator[int]) -> bool:
    """Whether nothing of the box is left when the takers have had theirs."""
    left = [(box, 0)]
    for _ in looks:
        rest, at = left.pop()
        if at == len(takers):
            return False
        if shared(rest, takers[at]) is None:
            left.append((rest, at + 1))
        else:
            left += [(part, at + 1) for part in _parts_beside(rest, takers[at])]
        if not left:
            return True
    return False


def _parts_beside(box: Box, taker: Box) -> Iterator[Box]:
    """What is left of the box beside the taker, cut into boxes that do not overlap."""
    for side, taken in enumerate(taker):
        outside = box[side] & ~taken
        if outside:
            yield (*box[:side], outside, *box[side + 1 :])
        box = (*box[:side], box[side] & taken, *box[side + 1 :])
