"""Which events can a rule's conditions be met by? As sets that can be taken from one another.

All that conditions can tell apart is laid out in nine dimensions: an event is a point, a rule's
conditions are a box, and each side of a box is a set of values, kept as the bits of a number.

Time is two of the dimensions. Of seasons (`from`, `until`) only the order of their edges counts.
Of windows it is the day of the week, the stretch between two edges on the clock, and whether that
day and the day before are bank holidays. A change of the clock moves edges and never swaps two
(`workers.routing.schedules`), so that what holds of this week holds of every week.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from contracts.rule_words import (
    WEEK,
    BankHolidays,
    CallerKind,
    Contained,
    Matchable,
    PostClass,
    SenderClass,
)
from contracts.rules import MINUTES_A_DAY, Callers, Match, Rule, Window
from contracts.vocabulary import Urgency
from workers.routing.matching import Condition
from workers.routing.services import CALLS, POST

URGENCIES: Final = tuple(Urgency)
POST_CLASSES: Final = get_args(PostClass)
SENDERS: Final = get_args(SenderClass)
CONTENTS: Final = get_args(Contained)
NEITHER, VIP, BLOCKED, BOTH = 1, 2, 4, 8  # on which of the two lists a caller is
NONE = 1  # the first value of a dimension, where an event may say nothing of it

Box = tuple[int, ...]  # a set of values for each of `DIMENSIONS`

DIMENSIONS: Final = (
    (Condition.PERSON,),
    (Condition.DEPARTMENT,),
    (Condition.MIN_URGENCY,),
    (Condition.CALLER,),
    (Condition.POST_CLASS,),
    (Condition.SENDER_CLASS,),
    (Condition.CONTAINS,),
    (Condition.FROM, Condition.UNTIL),
    (Condition.WINDOW,),
)


@dataclass(frozen=True, slots=True)
class Space:
    """All that these rules can tell apart."""

    persons: tuple[str, ...]
    departments: tuple[str, ...]
    callers: Callers
    edges: tuple[float, ...]  # of seasons, in seconds
    clock: tuple[int, ...]  # edges of windows, in minutes of a day

    def domain(self, kind: Matchable) -> Box:
        """The events of this type that there can be."""
        on_call, on_post = kind in CALLS, kind in POST
        has_urgency = kind is Matchable.CALL_MESSAGE_TAKEN
        return (
            _whole(2 + len(self.persons)) if on_call or on_post else NONE,
            _whole(2 + len(self.departments)) if on_call else NONE,
            _whole(len(URGENCIES)) if has_urgency else _bits(URGENCIES, [Urgency.ROUTINE]),
            self._listed() if on_call else NEITHER,
            _whole(1 + len(POST_CLASSES)) - NONE if on_post else NONE,
            _whole(1 + len(SENDERS)) if on_post else NONE,
            _whole(1 << len(CONTENTS)) if on_post else NONE,
            _whole(1 + len(self.edges)),
            _whole(len(WEEK) * 4 * self._stretches),
        )

    def box(self, match: Match) -> Box:
        """The events that meet these conditions, whatever their type."""
        return (
            _named(self.persons, None if match.person is None else match.people),
            _named(self.departments, None if match.department is None else match.departments),
            _bits(URGENCIES, [one for one in URGENCIES if one.rank >= match.least_rank]),
            _CALLERS[match.caller],
            _said(POST_CLASSES, match.post_class),
            _said(SENDERS, match.sender_class),
            _containing(match.contains),
            self._season(match),
            self._hours(match.window),
        )

    @property
    def _stretches(self) -> int:
        return len(self.clock) - 1

    def _listed(self) -> int:
        """The kinds of callers that there can be; anybody may be on neither list."""
        vip, blocked = self.callers.vip_numbers, self.callers.blocked_numbers
        kinds = ((VIP, vip - blocked), (BLOCKED, blocked - vip), (BOTH, vip & blocked))
        return NEITHER | sum(kind for kind, numbers in kinds if numbers)

    def _season(self, match: Match) -> int:
        """The stretches between the edges of seasons that lie from `from` to `until`."""
        first, last = 0, len(self.edges)
        if match.from_ is not None:
            first = 1 + self.edges.index(match.from_.timestamp())
        if match.until is not None:
            last = self.edges.index(match.until.timestamp())
        return _stretch(first, last + 1)

    def _hours(self, window: Window | None) -> int:
        """The stretches of a week in which the window is open.

        There are four of each weekday: whether it is a bank holiday, and whether the day before
        was one, which decides about the night that reaches into it.
        """
        if window is None:
            return _whole(len(WEEK) * 4 * self._stretches)
        opens, closes = window.span
        found = 0
        for place in range(len(WEEK) * 4):
            weekday, holiday, after_holiday = place // 4, bool(place & 1), bool(place & 2)
            if _opens_on(window, weekday, holiday=holiday):
                found |= self._clock(place, opens, min(closes, MINUTES_A_DAY))
            if _opens_on(window, (weekday - 1) % len(WEEK), holiday=after_holiday):
                found |= self._clock(place, 0, closes - MINUTES_A_DAY)
        return found

    def _clock(self, place: int, opens: int, closes: int) -> int:
        if closes <= opens:
            return 0
        begin = place * self._stretches
        return _stretch(begin + self.clock.index(opens), begin + self.clock.index(closes))


def space_of(rules: Sequence[Rule], callers: Callers) -> Space:
    """Lay out all that these rules can tell apart."""
    matches = [rule.match for rule in rules]
    moments = {at.timestamp() for m in matches for at in (m.from_, m.until) if at is not None}
    spans = [m.window.span for m in matches if m.window is not None]
    clock = {0, MINUTES_A_DAY}.union(opens for opens, _ in spans)
    clock.update(closes - MINUTES_A_DAY * (closes > MINUTES_A_DAY) for _, closes in spans)
    return Space(
        persons=tuple(sorted({name for m in matches for name in m.people})),
        departments=tuple(sorted({name for m in matches for name in m.departments})),
        callers=callers,
        edges=tuple(sorted(moments)),
        clock=tuple(sorted(clock)),
    )


def shared(one: Box, other: Box) -> Box | None:
    """The events in both boxes; none where there are none."""
    found = tuple(a & b for a, b in zip(one, other, strict=True))
    return found if all(found) else None


_CALLERS: Final = {
    CallerKind.ANY: NEITHER | VIP | BLOCKED | BOTH,
    CallerKind.VIP: VIP | BOTH,
    CallerKind.BLOCKED: BLOCKED | BOTH,
}


def _opens_on(window: Window, weekday: int, *, holiday: bool) -> bool:
    if weekday not in window.weekdays:
        return False
    match window.bank_holidays:
        case BankHolidays.INCLUDE:
            return True
        case BankHolidays.EXCLUDE:
            return not holiday
        case BankHolidays.ONLY:
            return holiday


def _whole(size: int) -> int:
    return (1 << size) - 1


def _stretch(first: int, end: int) -> int:
    return _whole(end) & ~_whole(first) if first < end else 0


def _bits(values: Sequence[str], wanted: Iterable[str]) -> int:
    return sum(1 << values.index(one) for one in set(wanted))


def _said(values: Sequence[str], wanted: Iterable[str] | None) -> int:
    """A set of words that an event may leave unsaid, which the first bit stands for."""
    return _whole(1 + len(values)) if wanted is None else _bits(values, wanted) << 1


def _named(names: Sequence[str], wanted: Iterable[str] | None) -> int:
    """A set of names; the last bit stands for all that no rule knows."""
    return _whole(2 + len(names)) if wanted is None else _bits(names, wanted) << 1


def _containing(wanted: Iterable[str] | None) -> int:
    """The combinations of contents, a bit for each, that hold any of those wanted."""
    every = range(1 << len(CONTENTS))
    if wanted is None:
        return _whole(len(every))
    any_of = _bits(CONTENTS, wanted)
    return sum(1 << combination for combination in every if combination & any_of)
